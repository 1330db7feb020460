"""The jobs of drive.mjs by the official client, whose uploads and downloads are files only.

Arguments: the server's origin, the job, how much, the file.
"""

import asyncio
import json
import pathlib
import sys
import time

import h2o_drive

url, job, amount, file = sys.argv[1:]


async def main():
    # Discovery is looked at for what is not given, and all of it is given.
    drive = h2o_drive.connect(
        discovery=object(),
        userdrive_url=f"{url}/drive",
        workspacedrive_url=f"{url}/drive",
        sts_url=f"{url}/drive/sts/",
        token_provider=h2o_drive.StaticTokenProvider("token"),
    )
    bucket = drive.user_bucket()

    async def presign():
        for index in range(int(amount)):
            await bucket.generate_presigned_url(f"bench-{index}", duration_seconds=3600)

    jobs = {
        "upload": lambda: bucket.upload_file(file, "bench"),
        "download": lambda: bucket.download_file("bench", f"{file}.down"),
        "presign": presign,
    }
    taken = []
    # The first one warms; URLs take so long that it need not.
    for _ in range(1 if job == "presign" else 4):
        # To replace a file has a price of the file system's own.
        pathlib.Path(f"{file}.down").unlink(missing_ok=True)
        start = time.perf_counter()
        await jobs[job]()
        taken.append(time.perf_counter() - start)
    pathlib.Path(f"{file}.down").unlink(missing_ok=True)
    warm = sorted(taken[-3:])
    seconds = warm[len(warm) // 2]
    print(json.dumps({"seconds": seconds, "megabytesPerSecond": int(amount) * 1.048576 / seconds}))


asyncio.run(main())
