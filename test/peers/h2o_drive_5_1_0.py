"""The official client of Drive, unmodified, against a cloud that it takes for a real one.

Reads a JSON object from standard input that says where the cloud is, and prints one line of JSON that says what happened.
What should have happened is asserted by the test that runs this.
"""

import asyncio
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import urllib.error
import urllib.request

cloud = json.load(sys.stdin)
os.environ.update(cloud["env"])
# Where it differs from a real cloud, the machine's own settings must not help.
os.environ["AWS_ACCESS_KEY_ID"] = "not-used"

import h2o_drive  # noqa: E402
from botocore import exceptions  # noqa: E402

results = {}
directory = pathlib.Path(tempfile.mkdtemp())


class Token:
    def __init__(self, value):
        self.value = value

    def __call__(self):
        return self.value


def file_of(content):
    path = directory / "source"
    path.write_bytes(content)
    return path


async def read(bucket, key):
    path = directory / "target"
    await bucket.download_file(key, path)
    return path.read_bytes()


async def keys(bucket, prefix=None):
    return [summary.key for summary in await bucket.list_objects(prefix)]


async def refused(work):
    try:
        await work
    except exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def status_of(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, None]


async def cycle(bucket, folder):
    await bucket.upload_file(file_of(b"hello drive\n"), f"{folder}/a.txt")
    await bucket.upload_file(file_of(b""), f"{folder}/dir/empty")
    listed = await keys(bucket, f"{folder}/")
    first = (await read(bucket, f"{folder}/a.txt")).decode()
    empty = len(await read(bucket, f"{folder}/dir/empty"))
    await bucket.upload_file(file_of(b"second"), f"{folder}/a.txt")
    second = (await read(bucket, f"{folder}/a.txt")).decode()
    for key in listed:
        await bucket.delete_object(key)
    await bucket.delete_object("never/there")
    return {"listed": listed, "first": first, "empty": empty, "second": second, "left": await keys(bucket, f"{folder}/")}


async def main():
    drive = h2o_drive.connect()
    user, workspace = drive.user_bucket(), drive.workspace_bucket("default")
    results["user"] = await cycle(user, "u")
    results["workspace"] = await cycle(workspace, "w")

    await user.upload_file(file_of(b"x"), "only-user")
    results["separate"] = await keys(workspace)
    results["fullName"] = await keys(drive.workspace_bucket("workspaces/default"))

    home = user.with_prefix(h2o_drive.Space.HOME.prefix())
    await home.upload_file(file_of(b"1"), "k.bin")
    results["home"] = {"relative": await keys(home), "absolute": await keys(user, "home/")}

    names = ["a b.txt", "ünï/ço+dé.csv", "100%&=?#.txt", "x'(1)*!~.txt", "a//b"]
    for index, name in enumerate(names):
        await user.upload_file(file_of(str(index).encode()), f"odd/{name}")
    results["odd"] = {
        "kept": sorted(await keys(user, "odd/")) == sorted(f"odd/{name}" for name in names),
        "read": [(await read(user, f"odd/{name}")).decode() for name in names],
    }

    large = os.urandom(17 * 1024 * 1024)
    await user.upload_file(file_of(large), "big.bin")
    [summary] = await user.list_objects("big.bin")
    results["large"] = {
        "size": summary.size,
        "unchanged": hashlib.sha256(await read(user, "big.bin")).digest() == hashlib.sha256(large).digest(),
    }

    url = str(await user.generate_presigned_url("odd/a b.txt", duration_seconds=120))
    results["presigned"] = {
        "right": status_of(url),
        "changed": status_of(url.replace("X-Amz-Expires=120", "X-Amz-Expires=121"))[0],
        "delete": status_of(url, "DELETE")[0],
        "unsigned": status_of(url.split("?")[0])[0],
    }

    for index in range(10):
        await user.upload_file(file_of(b"1"), f"many/{index:05}")
    results["pages"] = len(await keys(user, "many/"))

    await user.upload_file(file_of(b"from python"), "shared/from-python.txt")
    results["fromNode"] = (await read(user, "shared/from-node.txt")).decode()

    results["refusals"] = {
        "missing": await refused(read(user, "nothing")),
        "workspace": await refused(keys(drive.workspace_bucket("no-such"))),
        "token": await refused(keys(h2o_drive.connect(token_provider=Token("not-a-token")).user_bucket())),
    }
    bob = h2o_drive.connect(token_provider=Token(cloud["strangersToken"])).user_bucket()
    results["stranger"] = await keys(bob)


asyncio.run(main())
print(json.dumps(results))
