"""The official client, unmodified, against a cloud that it takes for a real one.

Reads a JSON object from standard input that says where the cloud is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this.
"""

import json
import sys
import tempfile
import time

import h2o_authn
import h2o_mlops
import httpx
from h2o_mlops import options

cloud = json.load(sys.stdin)
results = {}


def wait_until_healthy(deployment):
    states = []
    deadline = time.monotonic() + 60
    while not deployment.is_healthy():
        states.append(deployment.status())
        deployment.raise_for_failure()
        if time.monotonic() > deadline:
            raise TimeoutError(states)
        time.sleep(0.05)
    states.append(deployment.status())
    return list(dict.fromkeys(states))


def deploy(environment, experiment, name, security, **more):
    model = environment._project.models.create(name)
    model.register(experiment)
    runtime = environment._client.runtimes.scoring.list(
        artifact_type=experiment.scoring_artifact_types[0], uid="h2o3_mojo_runtime"
    )[0]
    return environment.deployments.create_single(
        name=name, model=model, scoring_runtime=runtime, security_options=security, **more
    )


def score(deployment, authorization=None, rows=None):
    headers = {"Authorization": authorization} if authorization else {}
    body = {"fields": cloud["fields"], "rows": rows or cloud["rows"][:1]}
    return httpx.post(deployment.url_for_scoring, json=body, headers=headers)


def refused(call):
    try:
        call()
    except Exception as exception:
        return getattr(exception, "status", repr(exception))
    return None


# Connected by discovery: the flow of the documentation.
client = h2o_mlops.Client(h2o_cloud_url=cloud["cloudUrl"], refresh_token=cloud["refreshToken"])
provider = client._token_provider

project = client.projects.create("peer", description="made by the official client")
results["project"] = {"name": project.name, "description": project.description, "owner": project.owner}
results["listed"] = [entry.name for entry in client.projects.list(name="peer")]

experiment = project.experiments.create(data=cloud["mojo"], name="credit")
results["experiment"] = {
    "name": experiment.name,
    "types": experiment.scoring_artifact_types,
    "artifacts": [[artifact.name, artifact.mime_type] for artifact in experiment.artifacts.list()],
}
project.tags.get_or_create("candidate")
experiment.tags.add("candidate")
experiment.comments.add("looks good")
results["experiment"]["tags"] = [entry.label for entry in experiment.tags.list()]
results["experiment"]["comments"] = [entry["message"] for entry in experiment.comments.list()]

with open(cloud["mojo"], "rb") as file:
    original = file.read()
with tempfile.TemporaryDirectory() as folder:
    path = experiment.artifacts.list()[0].download(directory=folder, file_name="mojo.zip", overwrite=True)
    with open(path, "rb") as file:
        results["experiment"]["downloadedUnchanged"] = file.read() == original

environments = project.environments.list(name="DEV")
environment = environments[0]
results["environment"] = environment.name
results["runtimes"] = [runtime.uid for runtime in client.runtimes.scoring.list(artifact_type="h2o3_mojo")]
results["affinities"] = environment.allowed_affinities

deployment = deploy(environment, experiment, "oidc", options.SecurityOptions(oidc_token_auth=True))
results["states"] = wait_until_healthy(deployment)
results["security"] = vars(deployment.security_options)
results["mode"] = deployment.mode
results["owner"] = deployment.owner
results["sampleRequest"] = deployment.get_sample_request(auth_value=provider())
results["capabilities"] = deployment.get_capabilities(auth_value=provider())
results["schema"] = deployment.get_schema(auth_value=provider())

scored = score(deployment, f"Bearer {provider()}", cloud["rows"])
results["score"] = {"status": scored.status_code, **scored.json()}
results["experimentUid"] = experiment.uid
results["unauthorised"] = {
    "withoutToken": score(deployment).status_code,
    "withWrongToken": score(deployment, "Bearer not-a-token").status_code,
    "withTokenAsBasic": score(deployment, f"Basic {provider()}").status_code,
}

# Changed, and up again.
deployment.set_environment_variables({"KEY": "value"})
deployment.update_kubernetes_options(replicas=2, requests={"cpu": "50m"})
results["updated"] = {
    "states": wait_until_healthy(deployment),
    "variables": deployment.environment_variables,
    "replicas": deployment.kubernetes_options.replicas,
    "requests": deployment.kubernetes_options.requests,
}

# A passphrase, plain at first, then hashed.
protected = deploy(environment, experiment, "passphrase", options.SecurityOptions(passphrase="open sesame"))
wait_until_healthy(protected)
results["passphrase"] = {
    "right": score(protected, "Bearer open sesame").status_code,
    "wrong": score(protected, "Bearer open barley").status_code,
    "readBack": protected.security_options.passphrase,
}
protected.update_security_options(passphrase=cloud["hashedPassphrase"], hashed_passphrase=True)
wait_until_healthy(protected)
results["hashedPassphrase"] = {
    "right": score(protected, "Bearer open sesame").status_code,
    "theHashItself": score(protected, f"Bearer {cloud['hashedPassphrase']}").status_code,
}

endpoint = environment.endpoints.create(name="front door", path="credit/live", target_deployment=deployment)
results["endpoints"] = [[entry.name, entry.path] for entry in environment.endpoints.list()]
endpoint.delete()

# Connected by the gateway's address and a token provider: the same work is there.
token_provider = h2o_authn.TokenProvider(
    refresh_token=cloud["refreshToken"], client_id="hac-platform-public", issuer_url=cloud["issuer"]
)
other = h2o_mlops.Client(gateway_url=cloud["gatewayUrl"], token_provider=token_provider)
same = other.projects.list(name="peer")[0]
results["byGateway"] = {
    "sameProject": same.uid == project.uid,
    "deployments": sorted(entry.name for entry in same.environments.list(name="DEV")[0].deployments.list()),
    "oneByName": [entry.uid == deployment.uid for entry in environment.deployments.list(name="oidc")],
}

# More than a page of them, and nobody else's.
for number in range(cloud["pageSize"] + 2):
    client.projects.create(f"page {number}")
stranger = h2o_mlops.Client(h2o_cloud_url=cloud["cloudUrl"], refresh_token=cloud["strangersRefreshToken"])
results["projectCount"] = len(client.projects.list())
results["strangersProjects"] = len(stranger.projects.list())
results["refusals"] = {
    "strangersProject": refused(lambda: stranger.projects.get(project.uid)),
    "noProject": refused(lambda: client.projects.get("00000000-0000-0000-0000-000000000000")),
    "badToken": refused(lambda: h2o_mlops.Client(cloud["gatewayUrl"], lambda: "not-a-token").projects.list()),
    "notAModel": refused(lambda: project.experiments.create(data=cloud["notAModel"], name="not a model")),
}

# Taken apart again.
protected.delete()
results["afterDelete"] = [entry.name for entry in environment.deployments.list()]
project.delete()
results["projectsAfterDelete"] = len(client.projects.list(name="peer"))

print(json.dumps(results))
