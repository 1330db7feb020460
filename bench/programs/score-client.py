"""
The official Python scoring client with its own settings, over as many rows of ten numbers as are asked for, once or several times.
Prints one line of JSON.

    python score-client.py URL ROWS [CALLS]
"""

import json
import sys
import time

import numpy
import pandas
import h2o_mlops_scoring_client as client

url, total = sys.argv[1], int(sys.argv[2])
calls = int(sys.argv[3]) if len(sys.argv) > 3 else 1
index = numpy.arange(total, dtype=numpy.int64)
frame = pandas.DataFrame({f"x{column}": ((index * 7_919 + column * 104_729) % 1_000_003) / 100 for column in range(10)})
frame.insert(0, "id", index)


def score(some):
    return client.score_data_frame(mlops_endpoint_url=url, id_column="id", data_frame=some)


score(frame.head(5_000))
start = time.perf_counter()
for _ in range(calls):
    scored = score(frame)
seconds = time.perf_counter() - start
print(json.dumps({"rowsPerSecond": total * calls / seconds, "checksum": round(float(scored["y"].astype(float).sum()))}))
