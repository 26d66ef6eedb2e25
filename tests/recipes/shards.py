#!/usr/bin/env python3
"""A forecast on a Ray or Dask cluster whose workers share a folder and have tollcast on their path.

    python3 shards.py ray|dask SCENARIO N OUT

The cluster only starts processes: which shard runs where changes nothing in the result.
"""

import os
import pathlib
import subprocess
import sys

TOLLCAST = os.environ.get("TOLLCAST", "tollcast")


def shard(scenario, i, n, parts):
    out = f"{parts}/{i}.tollcast"
    subprocess.run([TOLLCAST, "simulate", scenario, "--quiet", "--shard", f"{i}/{n}", "--out", out], check=True)
    return out


def on_ray(jobs):
    import ray

    ray.init()
    return ray.get([ray.remote(shard).remote(*job) for job in jobs])


def on_dask(jobs):
    from dask.distributed import Client

    with Client() as client:
        return client.gather([client.submit(shard, *job, pure=False) for job in jobs])


def main():
    engine, scenario, n, out = sys.argv[1:]
    parts = pathlib.Path(f"{out}.parts").absolute()
    parts.mkdir(parents=True, exist_ok=True)
    jobs = [(str(pathlib.Path(scenario).absolute()), i, int(n), str(parts)) for i in range(1, int(n) + 1)]
    files = {"ray": on_ray, "dask": on_dask}[engine](jobs)
    subprocess.run([TOLLCAST, "merge", *files, "--out", out], check=True)


if __name__ == "__main__":
    main()
