"""The official client of the secure store, unmodified, against a cloud that it takes for a real one.

Reads a JSON object from standard input that says where the cloud is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this.
"""

import json
import sys

import h2o_secure_store
from h2o_secure_store.clients.secret_version.secret_version import SecretVersion
from h2o_secure_store.exception import CustomApiException

cloud = json.load(sys.stdin)
workspace = "workspaces/default"


def clients(token):
    return h2o_secure_store.login_custom_with_token_provider(endpoint=cloud["url"], token_provider=lambda: token)


def refused(work):
    try:
        work()
    except CustomApiException as error:
        return error.status
    return None


alice, bob = clients(cloud["alice"]), clients(cloud["bob"])
secrets, versions = alice.secret_client, alice.secret_version_client
results = {}

secret = secrets.create_secret(parent=workspace, secret_id="db", display_name="Database", annotations={"a": "b"})
results["created"] = {"name": secret.name, "display_name": secret.display_name, "annotations": secret.annotations, "state": secret.state.value}
results["again"] = refused(lambda: secrets.create_secret(parent=workspace, secret_id="db"))
generated = secrets.create_secret(parent=workspace)
results["generated"] = secrets.get_secret(generated.name).name == generated.name

first, second = (versions.create_secret_version(secret.name, SecretVersion(value=value)) for value in (b"one", b"two"))
results["listed"] = [version.name == expected.name for version, expected in zip(versions.list_all_secret_versions(secret.name), (second, first))]
results["hidden"] = versions.get_secret_version(first.name).value.decode()
results["revealed"] = [
    versions.reveal_secret_version_value(name).decode() for name in (first.name, second.name, f"{secret.name}/versions/latest")
]
results["stranger"] = {
    "list": len(bob.secret_client.list_all_secrets(workspace)),
    "get": refused(lambda: bob.secret_client.get_secret(secret.name)),
    "reveal": refused(lambda: bob.secret_version_client.reveal_secret_version_value(first.name)),
}

for index in range(50):
    secrets.create_secret(parent=workspace, secret_id=f"many-{index}")
results["pages"] = [len(secrets.list_secrets(workspace).secrets), len(secrets.list_all_secrets(workspace))]

results["deleted"] = {
    "state": secrets.delete_secret(secret.name).state.value,
    "reveal": refused(lambda: versions.reveal_secret_version_value(first.name)),
    "restored": secrets.undelete_secret(secret.name).state.value,
    "revealed": versions.reveal_secret_version_value(first.name).decode(),
}
secrets.delete_all_secrets(workspace)
results["left"] = [len(secrets.list_all_secrets(workspace)), len(secrets.list_all_secrets(workspace, show_deleted=True))]

print(json.dumps(results))
