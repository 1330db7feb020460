"""The official client of AI Engine Manager, unmodified, against a local one that it takes for real.

Reads a JSON object from standard input that says where the cloud is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this.
"""

import json
import sys

import h2o_engine_manager
import requests
from h2o_engine_manager.clients.h2o_engine.size import H2OEngineSizeLimits

cloud = json.load(sys.stdin)
output = sys.stdout
sys.stdout = sys.stderr
results = {}


def refused(call):
    try:
        call()
    except Exception as exception:
        return getattr(exception, "status", repr(exception))
    return None


def login(token):
    return h2o_engine_manager.login(environment=cloud["cloudUrl"], platform_token=token)


clients = login(cloud["refreshToken"])
dai = clients.dai_engine_client
h2o = clients.h2o_engine_client

results["profiles"] = {
    "assigned": [profile.name for profile in clients.dai_engine_profile_client.list_all_assigned_dai_engine_profiles(parent="workspaces/global")],
    "one": clients.dai_engine_profile_client.get_dai_engine_profile(name="workspaces/global/daiEngineProfiles/small").display_name,
}
results["versions"] = {
    "dai": [version.name for version in clients.dai_engine_version_client.list_all_dai_engine_versions(parent="workspaces/global")],
    "h2o": [version.name for version in clients.h2o_engine_version_client.list_all_h2o_engine_versions(parent="workspaces/global")],
}
results["refusals"] = {
    "notFound": refused(lambda: dai.get_engine("nope")),
    "badId": refused(lambda: dai.create_engine(engine_id="Not_An_Id")),
}
dai.create_engine(engine_id="dry", display_name="Dry run", validate_only=True)
results["dryRun"] = refused(lambda: dai.get_engine("dry"))

# A Driverless AI engine, from its creation to its end.
engine = dai.create_engine(
    engine_id="peer",
    display_name="Peer",
    max_idle_duration="15m",
    max_running_duration="2h",
    annotations={"made-by": "peer"},
)
results["created"] = {
    "name": engine.name,
    "state": engine.state.name,
    "memory": engine.memory_bytes,
    "idle": engine.max_idle_duration,
    "annotations": engine.annotations,
}
results["twice"] = refused(lambda: dai.create_engine(engine_id="peer"))
engine.wait()
results["running"] = engine.state.name
results["lists"] = {
    "all": [entry.name for entry in dai.list_all_engines()],
    "page": len(dai.list_engines(page_size=1).engines),
    "filtered": len(dai.list_engines(filter='dai_engine_id = "peer"').engines),
    "filteredOut": len(dai.list_engines(filter='dai_engine_id = "nope"').engines),
    "ordered": len(dai.list_engines(order_by="create_time desc").engines),
}
results["logs"] = engine.download_logs()
results["address"] = engine.api_url
results["endpoint"] = requests.get(
    engine.api_url + "/serverversion", headers={"Authorization": "Bearer " + cloud["accessToken"]}
).json()
call = {"id": 1, "method": "api_get_app_version", "params": {}}
results["call"] = requests.post(
    engine.api_url + "/rpc", json=call, headers={"Authorization": "Bearer " + cloud["accessToken"]}
).json()["result"]["version"]
engine.pause()
results["pausing"] = engine.state.name
engine.wait()
results["paused"] = engine.state.name
engine.display_name = "Renamed"
engine.update(update_mask="display_name")
engine.max_idle_duration = "30m"
engine.update()
again = dai.get_engine("peer")
results["updated"] = {"name": again.display_name, "idle": again.max_idle_duration, "annotations": again.annotations}
engine.resume()
engine.wait()
results["resumed"] = engine.state.name
engine.delete()
results["deleting"] = engine.state.name
engine.wait()
results["deleted"] = refused(lambda: dai.get_engine("peer"))
results["deleteMissing"] = refused(lambda: engine.delete(allow_missing=True))
results["deleteAgain"] = refused(lambda: engine.delete())

# An H2O-3 engine, with an id made from its name.
limits = H2OEngineSizeLimits(memory_bytes_per_node_min="2Gi", node_count_min=1, memory_bytes_per_node_max="64Gi", node_count_max=8)
size = h2o.calculate_h2o_engine_size_raw_dataset(dataset_size_bytes="1Gi", limits=limits)
results["size"] = {"nodes": size.node_count, "memory": size.memory_bytes}
cluster = h2o.create_engine(display_name="Peer cluster", max_idle_duration="1h")
results["cluster"] = {"name": cluster.name, "state": cluster.state.name, "nodes": cluster.node_count}
cluster.wait()
results["clusterRunning"] = cluster.state.name
results["clusters"] = [entry.name for entry in h2o.list_all_engines()]
results["clusterLogs"] = cluster.download_logs()
results["cloudSize"] = requests.get(
    cluster.api_url + "/3/Cloud", headers={"Authorization": "Bearer " + cloud["accessToken"]}
).json()["cloud_size"]
cluster.terminate()
cluster.wait()
results["terminated"] = cluster.state.name
cluster.delete()

# Nobody sees what is not theirs.
stranger = login(cloud["strangersRefreshToken"])
results["stranger"] = len(stranger.h2o_engine_client.list_all_engines())

print(json.dumps(results), file=output)
