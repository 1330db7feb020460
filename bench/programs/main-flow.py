"""
The main flow by the official client h2o-mlops 1.4.8: a workspace, an upload, a model, a deployment that is waited for, a score, and all of it
removed again. Reads JSON from standard input, and prints one line of JSON: the milliseconds of each round, the first one
from `startedAt`.
"""

import json
import sys
import time
import warnings

import h2o_mlops
from h2o_mlops import options, types

warnings.simplefilter("ignore")
given = json.load(sys.stdin)
client = h2o_mlops.Client(h2o_cloud_url=given["cloudUrl"], refresh_token=given["refreshToken"])


def flow():
    workspace = client.workspaces.create(name="bench")
    experiment = workspace.experiments.create(data=given["mojo"], name="credit")
    model = workspace.models.create(name="credit")
    model.register(experiment=experiment)
    runtime = experiment.scoring_runtimes[0]
    deployment = workspace.deployments.create(
        name="credit",
        composition_options=options.CompositionOptions(model=model, scoring_runtime=runtime),
        security_options=options.SecurityOptions(security_type=types.SecurityType.OIDC_AUTH),
    )
    deployment.wait_for_healthy(timeout=60, interval=0.05)
    deployment.scorer.score(deployment.scorer.sample_request())
    deployment.delete()
    workspace.delete()


def timed():
    start = time.perf_counter()
    flow()
    return (time.perf_counter() - start) * 1000


flow()
first = time.time() * 1000 - given["startedAt"]
print(json.dumps([first] + [timed() for _ in range(1, given["rounds"])]))
