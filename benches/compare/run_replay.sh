#!/usr/bin/env bash
# How fast are logged requests billed in tollcast, and how fast in DuckDB on the same files?
#
#   benches/compare/run_replay.sh [rounds]
#
# From the root of the project. Makes a virtual environment with a pinned DuckDB in target/compare-venv. Runs
# both in turn, round by round (default 7), on one thread, checks that the bills are equal to the picodollar
# and prints medians as Markdown. REPLAY and VENV name another bench binary and environment, REPLAY_ROWS
# another number of rows.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-7}
environment=${VENV:-target/compare-venv}
target=${CARGO_TARGET_DIR:-target}
export REPLAY_ROWS=${REPLAY_ROWS:-5000000}

fail() { echo "run_replay.sh: $*" >&2; exit 1; }

[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "rounds: expected a whole number above 0, found '$rounds'"
command -v python3 >/dev/null || fail "python3 is missing; it is needed for DuckDB"
python=$environment/bin/python
[[ -x $python ]] || python3 -m venv "$environment" || fail "python3 cannot make virtual environments"
"$python" -c 'import duckdb' 2>/dev/null \
    || "$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1 >&2 \
    || fail "could not install duckdb: is there a network, and does it reach PyPI?"
if [[ -z ${REPLAY:-} ]]; then
    cargo bench --quiet --no-run --features parquet --bench replay
    REPLAY=$(find "$target"/release/deps -name 'replay-*' -type f -executable -printf '%T@ %p\n' \
        | sort -n | tail -1 | cut -d' ' -f2)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$REPLAY" --cards >"$work/cards"
files=$target/tmp/replay-$REPLAY_ROWS

for ((round = 0; round <= rounds; round++)); do
    # The first round fills the caches and is not counted.
    ((round == 1)) && rm -f "$work"/*.times
    for kind in csv parquet; do
        for scenario in one_card eight_models; do
            file=$files/requests.$kind
            "$REPLAY" --once "$scenario" "$file" >>"$work/$kind-$scenario-tollcast.times"
            "$python" "$here/replay_duckdb.py" "$scenario" "$file" "$work/cards" \
                >>"$work/$kind-$scenario-duckdb.times"
        done
    done
    echo "round $round of $rounds" >&2
done

"$python" - "$work" "$rounds" <<'PYTHON'
import pathlib, statistics, sys

work, rounds = pathlib.Path(sys.argv[1]), sys.argv[2]


def read(name):
    rows = [line.split() for line in (work / f"{name}.times").read_text().splitlines()]
    bills = {tuple(row[-3:]) for row in rows}
    assert len(bills) == 1, f"{name}: bills differ from round to round: {bills}"
    times = [float(row[0]) for row in rows]
    return statistics.median(times), min(times), bills.pop()


print(f"Medians of {rounds} interleaved rounds, one thread, without starts. The bills are equal.\n")
print("| | tollcast | rows/s | DuckDB | rows/s | DuckDB / tollcast | of the fastest rounds |")
print("|---|---:|---:|---:|---:|---:|---:|")
for kind in ("csv", "parquet"):
    for scenario in ("one_card", "eight_models"):
        ours, our_best, bill = read(f"{kind}-{scenario}-tollcast")
        theirs, their_best, other = read(f"{kind}-{scenario}-duckdb")
        assert bill == other, f"{kind} {scenario}: {bill} is not {other}"
        speed = lambda ms: f"{int(bill[0]) / ms / 1e3:.1f} M"
        print(f"| {kind}, {scenario.replace('_', ' ')} | {ours:.0f} ms | {speed(ours)} "
              f"| {theirs:.0f} ms | {speed(theirs)} | {theirs / ours:.1f} "
              f"| {their_best / our_best:.1f} |")
PYTHON
