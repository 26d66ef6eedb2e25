#!/usr/bin/env bash
# One machine, or several that share a folder: N shards, as many at a time as there are cores, then one report.
#   tests/recipes/xargs.sh SCENARIO N OUT
# Run it again after a failure: parts that are there and whole are not run again.
set -euo pipefail
scenario=$1 n=$2 out=$3
mkdir -p "$out.parts"
seq "$n" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} \
    "${TOLLCAST:-tollcast}" simulate "$scenario" --threads 1 --quiet --shard "{}/$n" --out "$out.parts/{}.tollcast"
"${TOLLCAST:-tollcast}" merge "$out.parts"/*.tollcast --out "$out"
