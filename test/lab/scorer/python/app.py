"""The contract of MLOps' Python runtimes, in front of Java scorers that do the scoring.

What is real here is FastAPI with pydantic, of either generation: routes, reading and refusing of requests, the bodies of 422. The variable SCORERS
lists the scorers as JSON: [{"port": 1, "backend": "http://127.0.0.1:2", "passphrase": "..." or absent}]. They end when the standard input does.
"""

import asyncio
import json
import os
import sys
from enum import Enum
from typing import List, Optional

import httpx
import uvicorn
from fastapi import Depends, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel


class ShapleyType(str, Enum):
    ORIGINAL = "ORIGINAL"
    TRANSFORMED = "TRANSFORMED"
    NONE = "NONE"


class ScoreRequest(BaseModel):
    fields: List[str]
    rows: List[List[str]]
    noFieldNamesInOutput: Optional[bool] = False
    requestPredictionIntervals: Optional[bool] = False
    includeFieldsInOutput: Optional[List[str]] = []
    idField: Optional[str] = None
    requestShapleyValueType: Optional[ShapleyType] = None


class ContributionsRequest(BaseModel):
    requestShapleyValueType: ShapleyType
    fields: List[str]
    rows: List[List[str]]


class Refused(Exception):
    def __init__(self, as_json: bool):
        self.as_json = as_json


def as_dict(message: BaseModel):
    return json.loads(message.model_dump_json() if hasattr(message, "model_dump_json") else message.json())


def respelt(contributions):
    """Where the Java contract says outputGroup, this one says output_group."""
    for group in contributions["contributionGroups"]:
        if "outputGroup" in group:
            group["output_group"] = group.pop("outputGroup")
    return contributions


def check_lengths(message):
    for number, row in enumerate(message.rows):
        if len(row) != len(message.fields):
            raise HTTPException(400, f"row {number} has {len(row)} values for {len(message.fields)} fields")


def scorer(backend: str, passphrase: Optional[str] = None) -> FastAPI:
    java = httpx.AsyncClient(base_url=backend, timeout=300)
    app = FastAPI(title="scorer", docs_url=None, redoc_url=None)

    def guarded(as_json: bool):
        def check(request: Request):
            if passphrase and request.headers.get("authorization") != f"Bearer {passphrase}":
                raise Refused(as_json)

        return Depends(check)

    async def ask(method: str, path: str, body=None):
        answer = await java.request(method, path, json=body)
        if answer.status_code >= 400:
            is_json = "json" in answer.headers.get("content-type", "")
            raise HTTPException(answer.status_code, answer.json().get("detail") if is_json else answer.text)
        return answer

    @app.exception_handler(Refused)
    async def refused(_: Request, failure: Refused):
        if not failure.as_json:
            return PlainTextResponse("Unauthorized", 401)
        detail = [{"loc": ["header", "authorization"], "msg": "Unauthorized", "type": "unauthorized"}]
        return JSONResponse({"detail": detail}, 401)

    @app.get("/model/id", response_class=PlainTextResponse, dependencies=[guarded(False)])
    async def model_id():
        return (await ask("GET", "/model/id")).text

    @app.get("/model/schema", dependencies=[guarded(False)])
    async def schema():
        return (await ask("GET", "/model/schema")).json()

    @app.get("/model/sample_request", dependencies=[guarded(False)])
    async def sample_request():
        sample = (await ask("GET", "/model/sample_request")).json()
        return {**sample, "noFieldNamesInOutput": False, "requestPredictionIntervals": False, "includeFieldsInOutput": []}

    # The published file says text; the body is a list of JSON all the same.
    @app.get("/model/capabilities", response_class=PlainTextResponse, dependencies=[guarded(False)])
    async def capabilities():
        return json.dumps([*(await ask("GET", "/model/capabilities")).json(), "MEDIA"])

    @app.get("/readyz", response_class=PlainTextResponse)
    async def readyz():
        return (await ask("GET", "/readyz")).text

    @app.post("/model/score", dependencies=[guarded(False)])
    async def score(message: ScoreRequest):
        check_lengths(message)
        answer = (await ask("POST", "/model/score", as_dict(message))).json()
        if "featureShapleyContributions" in answer:
            respelt(answer["featureShapleyContributions"])
        return answer

    @app.post("/model/contribution", dependencies=[guarded(True)])
    async def contribution(message: ContributionsRequest):
        check_lengths(message)
        return respelt((await ask("POST", "/model/contribution", as_dict(message))).json())

    @app.post("/model/media-score", dependencies=[guarded(True)])
    async def media_score(scoreMediaRequest: str = Form(...), files: List[UploadFile] = File(...)):
        """No model here takes media: the answer says what has arrived, for each file that a row names its size."""
        try:
            message = json.loads(scoreMediaRequest)
        except ValueError as failure:
            raise HTTPException(400, f"scoreMediaRequest is not JSON: {failure}")
        sizes = {file.filename: len(await file.read()) for file in files}
        named = [row[message["fields"].index(field)] for row in message["rows"] for field in message.get("mediaFields", [])]
        missing = [name for name in named if name not in sizes]
        if missing:
            raise HTTPException(400, f"no file was uploaded for {missing}")
        return {"fields": ["bytes"], "score": [[str(sizes[name])] for name in named]}

    return app


async def main():
    servers = []
    for settings in json.loads(os.environ["SCORERS"]):
        app = scorer(settings["backend"], settings.get("passphrase"))
        servers.append(uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=settings["port"], log_level="warning")))
    running = [asyncio.create_task(server.serve()) for server in servers]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.02)
    print("READY", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


asyncio.run(main())
