"""The official clients of the platforms with workspaces (1.4.8, 1.5.4 and 1.6.5), unmodified, against a cloud that they take for a real one.

Reads a JSON object from standard input that says where the cloud is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this. The clients differ in few names; where they do, `newest` decides.
"""

import json
import os
import sys
import tempfile
import warnings
from importlib.metadata import version

import h2o_mlops
from h2o_mlops import options, types

warnings.simplefilter("ignore")
cloud = json.load(sys.stdin)
newest = version("h2o-mlops").startswith("1.6")
results = {}
row = {"fields": cloud["fields"], "rows": cloud["rows"][:1]}


def refused(call):
    try:
        call()
    except Exception as exception:
        response = getattr(exception, "response", None)
        return getattr(exception, "status", getattr(response, "status_code", None)) or type(exception).__name__
    return None


def security(kind, **more):
    return options.SecurityOptions(security_type=kind, **more)


def upload(workspace, name, data=None):
    timing = {"ingestion_poll_interval": 0.05} if newest else {}
    return workspace.experiments.create(data=data or cloud["mojo"], name=name, **timing)


def deploy(workspace, name, composition, security_options, **more):
    deployment = workspace.deployments.create(
        name=name, composition_options=composition, security_options=security_options, **more
    )
    states = [str(deployment.state).rsplit(".", 1)[-1]]
    deployment.wait_for_healthy(timeout=60, interval=0.05)
    return deployment, states + [str(deployment.state).rsplit(".", 1)[-1]]


def kinds(deployment):
    entries = deployment.securities_options if newest else [deployment.security_options]
    return [entry.security_type.name for entry in entries]


client = h2o_mlops.Client(h2o_cloud_url=cloud["cloudUrl"], refresh_token=cloud["refreshToken"])
results["me"] = client.users.get_me().username
results["users"] = [user.username for user in client.users.list()]
results["securityTypes"] = sorted(kind.name for kind in client.configs.allowed_security_types)
results["requests"] = client.configs.default_k8s_requests
results["runtimes"] = [runtime.runtime.uid for runtime in client.runtimes.scoring.list()]

workspace = client.workspaces.create(name="peer", description="made by the official client")
workspace.update(description="changed by it")
results["workspace"] = {
    "description": workspace.description,
    "creator": workspace.creator.username,
    "byUid": client.workspaces.get(uid=workspace.uid).name,
    "count": client.workspaces.count(),
    "listed": [entry.name for entry in client.workspaces.list()],
}

tag = workspace.tags.create(label="blue")
tag.update(label="navy")
results["tags"] = [entry.label for entry in workspace.tags.list()]

# Files of a workspace, and data.
artifact = workspace.artifacts.add(cloud["mojo"])
results["artifact"] = {"state": str(artifact.state), "name": artifact.name, "size": str(artifact.size)}
with open(cloud["mojo"], "rb") as file:
    original = file.read()
with tempfile.TemporaryDirectory() as folder:
    path = artifact.download(directory=folder, file_name="mojo.zip", overwrite=True)
    with open(path or os.path.join(folder, "mojo.zip"), "rb") as file:
        results["artifact"]["downloadedUnchanged"] = file.read() == original
artifact.delete()
dataset = workspace.datasets.create(data=cloud["data"], name="data")
dataset.tags.add("navy")
results["dataset"] = [tag.label for tag in dataset.tags.list()]

# A model file becomes an experiment, which is described, changed, deleted and restored.
experiment = upload(workspace, "credit")
experiment.update(name="credit 1")
experiment.tags.add("candidate")
experiment.comments.add("looks good")
experiment.dataset_metrics.add(dataset, "auc", 0.5)
results["experiment"] = {
    "name": experiment.name,
    "target": experiment.parameters.target_column if newest else experiment.parameters["target_column"],
    "inputs": [entry["name"] for entry in experiment.input_schema],
    "outputs": [entry["name"] for entry in experiment.output_schema],
    "artifacts": [entry.name for entry in experiment.artifacts.list()],
    "runtimes": [runtime.runtime.uid for runtime in experiment.scoring_runtimes],
    "tags": [entry.label for entry in experiment.tags.list()],
    "comments": [entry.message for entry in experiment.comments.list()],
    "metrics": [[metric.key, metric.value] for metric in experiment.dataset_metrics.list()],
    "isRegistered": experiment.is_registered,
}
other = upload(workspace, "other")
counts = [workspace.experiments.count()]
other.delete()
counts.append(workspace.experiments.count())
other.restore()
counts.append(workspace.experiments.count())
results["experimentCounts"] = counts
results["notAModel"] = refused(lambda: upload(workspace, "not a model", data=cloud["notAModel"]))

# Models and their versions.
model = workspace.models.create(name="model", description="")
model.register(experiment=experiment)
model.register(experiment=other)
model.update(description="two versions")
results["model"] = {
    "versions": model.version_count,
    "newest": model.experiment().name,
    "first": model.experiment(1).name,
    "byName": workspace.models.get(name="model").uid == model.uid,
    "description": model.description,
    "isRegistered": experiment.is_registered,
}
workspace.models.register(experiment=experiment, name="by name")
named = workspace.models.get(name="by name")
named.unregister(experiment=experiment)
named.delete()
results["models"] = [entry.name for entry in workspace.models.list()]

# A deployment with every option.
runtime = experiment.scoring_runtimes[0]
composition = options.CompositionOptions(model=model, model_version=1, scoring_runtime=runtime)
deployment, states = deploy(
    workspace,
    "oidc",
    composition,
    security(types.SecurityType.OIDC_AUTH),
    description="the one",
    kubernetes_options=options.KubernetesOptions(
        replicas=1, requests={"cpu": "250m"}, limits={"cpu": "1"}, affinity="gpu-nodes", toleration="spot"
    ),
    vpa_options=[
        options.VPAOptions(
            resource_type=types.KubernetesResourceType.CPU,
            unit=types.KubernetesResourceUnitType.MILLI_CORES,
            min_bound=100,
            max_bound=1000,
        )
    ],
    pdb_options=options.PDBOptions(pods=1, disruption_policy=types.DisruptionPolicyType.MAX_UNAVAILABLE),
    environment_variables={"KEY": "1"},
    cors_origins=["https://app.example.com"],
)
results["states"] = states
results["deployment"] = {
    "mode": deployment.mode.value,
    "creator": deployment.creator.username,
    "security": kinds(deployment),
    "requests": deployment.kubernetes_options.requests,
    "affinity": deployment.kubernetes_options.affinity,
    "variables": deployment.environment_variables,
    "origins": deployment.cors_origins,
    "bounds": [[entry.min_bound, entry.max_bound] for entry in deployment.vpa_options],
    "listed": [entry.name for entry in workspace.deployments.list()],
    "found": [entry.name for entry in workspace.deployments.list(name="oidc")],
    "statuses": len(workspace.deployments.statuses()),
}

# The scorer, by the client's own token, by none, and by a wrong one.
scorer = deployment.scorer
results["sampleRequest"] = scorer.sample_request()
results["capabilities"] = scorer.capabilities()
results["score"] = scorer.score({"fields": cloud["fields"], "rows": cloud["rows"]})
results["experimentUid"] = experiment.uid
results["unauthorised"] = {
    "withoutToken": refused(lambda: scorer.score(row, auth_value="")),
    "withWrongToken": refused(lambda: scorer.score(row, auth_value="not-a-token")),
}

# Changed, and up again.
revision = deployment.revision_uid
deployment.update(name="renamed", environment_variables={"KEY": "2"}, kubernetes_options=options.KubernetesOptions(replicas=2))
deployment.update(description=None)
deployment.update(
    security_options=security(types.SecurityType.PLAIN_PASSPHRASE, passphrase="open sesame"), cors_origins=None
)
deployment.wait_for_healthy(timeout=60, interval=0.05)
results["updated"] = {
    "name": deployment.name,
    "description": deployment.description,
    "variables": deployment.environment_variables,
    "replicas": deployment.kubernetes_options.replicas,
    "origins": deployment.cors_origins or None,
    "hasNewRevision": deployment.revision_uid != revision,
}
results["passphrase"] = {
    "right": len(scorer.score(row, auth_value="open sesame")["score"]),
    "wrong": refused(lambda: scorer.score(row, auth_value="open barley")),
}
deployment.update(security_options=security(types.SecurityType.HASHED_PASSPHRASE, passphrase="open barley"))
deployment.wait_for_healthy(timeout=60, interval=0.05)
results["hashedPassphrase"] = {
    "right": len(scorer.score(row, auth_value="open barley")["score"]),
    "readBack": (deployment.securities_options[0] if newest else deployment.security_options).passphrase,
}

# Two models at once.
primary = options.CompositionOptions(model=model, model_version=1, scoring_runtime=runtime, primary=True)
secondary = options.CompositionOptions(model=model, scoring_runtime=runtime, primary=False)
light = options.CompositionOptions(model=model, model_version=1, scoring_runtime=runtime, traffic_weight=30)
heavy = options.CompositionOptions(model=model, scoring_runtime=runtime, traffic_weight=70)
modes = types.DeploymentModeType
open_to_all = security(types.SecurityType.DISABLED)
split, _ = deploy(workspace, "split", [light, heavy], open_to_all, mode=modes.AB_TEST)
shadow, _ = deploy(workspace, "shadow", [primary, secondary], open_to_all, mode=modes.CHAMPION_CHALLENGER)
results["split"] = [entry.traffic_weight for entry in split.composition_options]
results["splitScores"] = len(split.scorer.score(row)["score"])
results["shadow"] = [entry.primary for entry in shadow.composition_options]
split.delete()
shadow.delete()

# A path of its own.
deployment.configure_endpoint(path="front-door")
endpoint = workspace.endpoints.get(path="front-door")
endpoint.update(name="renamed")
results["endpoint"] = [endpoint.name, endpoint.path, endpoint.target_deployment.uid == deployment.uid]
endpoint.update(target_deployment=None)
results["detached"] = endpoint.target_deployment is None
endpoint.delete()
results["logs"] = [len(lines) > 0 for lines in deployment.logs().values()]
results["redeployed"] = deployment.redeploy_if_failed()

if newest:
    several, _ = deploy(
        workspace,
        "several",
        composition,
        [
            security(types.SecurityType.API_KEY, name="for the app"),
            security(types.SecurityType.OIDC_AUTH),
            security(types.SecurityType.HASHED_PASSPHRASE, passphrase="first"),
        ],
    )
    key = next(entry.api_key for entry in several.securities_options if entry.api_key)
    again = workspace.deployments.get(uid=several.uid)
    hashed = next(entry for entry in again.securities_options if entry.security_type.name == "HASHED_PASSPHRASE")
    results["several"] = {
        "kinds": kinds(again),
        "shownAgain": [entry.api_key for entry in again.securities_options],
        "byKey": len(several.scorer.score(row, auth_value=key)["score"]),
        "byPassphrase": len(several.scorer.score(row, auth_value="first")["score"]),
        "byWrongKey": refused(lambda: several.scorer.score(row, auth_value=key[:-1])),
    }
    again.update(
        security_options=[
            security(types.SecurityType.HASHED_PASSPHRASE, passphrase="second", uid=hashed.uid, action=types.SecurityAction.EDIT)
        ]
    )
    again.wait_for_healthy(timeout=60, interval=0.05)
    results["several"]["byChangedPassphrase"] = len(again.scorer.score(row, auth_value="second")["score"])
    results["several"]["byOldPassphrase"] = refused(lambda: again.scorer.score(row, auth_value="first"))
    again.pause()
    results["paused"] = [again.is_paused, again.can_resume, str(again.state).rsplit(".", 1)[-1]]
    again.resume()
    again.wait_for_healthy(timeout=60, interval=0.05)
    results["resumed"] = [again.is_paused, again.kubernetes_options.replicas]
    results["everywhere"] = sorted(entry.name for entry in client.deployments.list())
    results["healthy"] = len(workspace.deployments.list(state="HEALTHY"))
    again.delete()
else:
    results["events"] = sorted({event.operation for event in workspace.events.list()})

# More than a page of them, and nobody else's.
for number in range(cloud["pageSize"] + 2):
    client.workspaces.create(name=f"page {number}")
stranger = h2o_mlops.Client(h2o_cloud_url=cloud["cloudUrl"], refresh_token=cloud["strangersRefreshToken"])
results["workspaceCount"] = len([entry for entry in client.workspaces.list()])
results["refusals"] = {
    "strangersWorkspace": refused(lambda: stranger.workspaces.get(uid=workspace.uid)),
    "strangersWorkspaces": stranger.workspaces.count(),
    "noWorkspace": refused(lambda: client.workspaces.get(uid="00000000-0000-0000-0000-000000000000")),
    "noDeployment": refused(lambda: workspace.deployments.get(uid="00000000-0000-0000-0000-000000000000")),
}

# Taken apart again.
deployment.delete()
results["afterDelete"] = [entry.name for entry in workspace.deployments.list()]
workspace.models.delete(uids=[entry.uid for entry in workspace.models.list()])
workspace.experiments.delete(uids=[entry.uid for entry in workspace.experiments.list()])
results["emptied"] = [workspace.models.count(), workspace.experiments.count()]
workspace.delete()
results["goneWorkspace"] = refused(lambda: client.workspaces.get(uid=workspace.uid))

print(json.dumps(results, default=str))
