"""The official client of Steam, unmodified, against a local Steam that it takes for a real one.

Reads a JSON object from standard input that says where Steam is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this.
"""

import io
import json
import os
import sys
import tempfile
import zipfile

import h2osteam
import requests
from h2osteam.clients import DriverlessClient, H2oKubernetesClient

cloud = json.load(sys.stdin)
output = sys.stdout
# The client talks to people on standard output.
sys.stdout = sys.stderr
results = {}


def login(**more):
    return h2osteam.login(url=cloud["steamUrl"], verify_ssl=False, **more)


def refused(call):
    try:
        call()
    except Exception as exception:
        return str(exception)
    return None


def names_in(path):
    with open(path, "rb") as file:
        return sorted(zipfile.ZipFile(io.BytesIO(file.read())).namelist())


# All ways to sign in.
results["refusedLogins"] = {
    "token": refused(lambda: login(access_token="not-a-token")) is not None,
    "password": refused(lambda: login(username="alice", password="wrong")) is not None,
}
login(refresh_token=cloud["refreshToken"])
login(username="alice", password="alice")
login(access_token=cloud["accessToken"])
api = h2osteam.api()

results["ping"] = api.ping_server("flow")
results["meta"] = {key: api.get_config_meta()[key] for key in ("version", "is_kubernetes_enabled")}
results["profiles"] = [
    [profile["name"], profile["profile_type"]] for profile in api.get_profiles()
]
profile = api.get_profile_by_name("default-h2o-kubernetes")
results["limits"] = {key: profile["h2o_kubernetes"]["node_count"][key] for key in ("min", "max", "initial")}
results["sameProfile"] = api.get_profile(profile["id"])["name"]
results["versions"] = {
    "driverless": [engine["version"] for engine in api.get_driverless_engines()],
    "h2o": [engine["version"] for engine in api.get_h2o_kubernetes_engines()],
}
results["notFound"] = {
    "instance": refused(lambda: api.get_driverless_instance_by_id(999)),
    "cluster": refused(lambda: api.get_h2o_kubernetes_cluster_by_name("nope")),
    "profile": refused(lambda: api.get_profile_by_name("nope")),
}

# A Driverless AI instance, from launch to the end.
driverless = DriverlessClient()
results["before"] = len(driverless.get_instances())
instance = driverless.launch_instance(name="peer", version="1.11.0", profile_name="default-driverless-kubernetes")
launched = api.get_driverless_instance_by_id(instance.id)
results["launched"] = {key: launched[key] for key in ("status", "target_status", "cpu_count", "max_idle_seconds", "created_by")}
results["sameName"] = refused(
    lambda: api.launch_driverless_instance(parameters={**cloud["parameters"], "name": "peer"})
)
results["overLimit"] = refused(
    lambda: api.launch_driverless_instance(parameters={**cloud["parameters"], "name": "big", "cpu_count": 17})
)
instance.wait()
results["running"] = instance.status()
results["found"] = {
    "all": [entry.id == instance.id for entry in driverless.get_instances()],
    "byName": driverless.get_instance(name="peer").id == instance.id,
    "byCreator": driverless.get_instance(name="peer", created_by="alice").id == instance.id,
}
provider = api.get_oidc_token_provider()
results["provider"] = {"enabled": provider["enabled"], "sameToken": provider["access_token"] == cloud["accessToken"]}
address = "%s/proxy/driverless/%d" % (cloud["steamUrl"], instance.id)
call = {"id": 1, "method": "api_get_app_version", "params": {}}
bearer = {"Authorization": "Bearer " + provider["access_token"]}
results["engine"] = {
    "page": requests.get(address).status_code,
    "version": requests.get(address + "/serverversion").json()["serverVersion"],
    "call": requests.post(address + "/rpc", json=call, headers=bearer).json()["result"]["version"],
    "withoutToken": requests.post(address + "/rpc", json=call).status_code,
}
results["terminateRunning"] = refused(lambda: api.terminate_driverless_instance(instance.id))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "logs.zip")
    instance.download_logs(path)
    results["driverlessLogs"] = names_in(path)
instance.stop(sync=True)
results["stopped"] = instance.status()
instance.start(max_idle_h=1)
instance.wait()
results["restarted"] = {
    "status": instance.status(),
    "idle": api.get_driverless_instance_by_id(instance.id)["max_idle_seconds"],
}
instance.stop(sync=True)
instance.terminate(sync=True)
results["terminated"] = instance.status()

# An H2O-3 cluster, from the estimate to the end.
results["estimate"] = api.get_estimated_cluster_memory(
    {"dataset_size_gb": 2, "rows": None, "cols": None, "using_x_g_boost": False}
)["total_memory_gb"]
clusters = H2oKubernetesClient()
cluster = clusters.launch_cluster(name="peer", version="3.46.0.2", dataset_size_gb=9)
cluster.wait()
results["cluster"] = {"status": cluster.status, "nodes": cluster.node_count, "memory": cluster.memory_gb}
results["clustersFound"] = [clusters.get_cluster("peer").id == cluster.id, clusters.get_cluster("peer", "alice").id == cluster.id]
results["listed"] = [entry.name for entry in clusters.get_clusters()]
config = cluster.get_connection_config()["connect_params"]
address = "http://%s:%s/%s/3/Cloud" % (config["ip"], config["port"], config["context_path"])
results["h2o"] = {
    "withSession": requests.get(address, headers={"Cookie": config["cookies"][0]}).json()["cloud_size"],
    "without": requests.get(address).status_code,
}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "logs.zip")
    cluster.download_logs(path)
    results["clusterLogs"] = names_in(path)
cluster.stop()
cluster.refresh()
results["stoppedCluster"] = [cluster.status, cluster.target_status]
api.delete_h2o_kubernetes_cluster_by_id(cluster.id)
results["deleted"] = refused(lambda: api.get_h2o_kubernetes_cluster_by_id(cluster.id))
results["after"] = len(clusters.get_clusters())

# Nobody sees what is not theirs.
login(access_token=cloud["strangersAccessToken"])
results["stranger"] = {
    "instances": len(h2osteam.api().get_driverless_instances()),
    "instance": refused(lambda: h2osteam.api().get_driverless_instance_by_id(instance.id)),
}

print(json.dumps(results), file=output)
