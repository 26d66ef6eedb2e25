#!/usr/bin/env bash
# How long does the headline job take in tollcast, and how long in what else one could use?
#
#   benches/compare/run.sh [rounds]
#
# From the root of the project. Makes a virtual environment with pinned versions in target/compare-venv and
# installs nothing elsewhere. Runs all programs in turn, round by round (default 5), so that a busy moment of
# the machine meets all of them, and prints medians of whole processes as Markdown. CPU time is user and
# system time over all threads. TOLLCAST, SCENARIO and VENV name another program, scenario and environment.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-5}
tollcast=${TOLLCAST:-target/release/tollcast}
scenario=${SCENARIO:-scenarios/benchmark-headline.yaml}
environment=${VENV:-target/compare-venv}
requests=20000000
# Nothing here does linear algebra; without this, importing NumPy starts threads that only burn CPU time.
export OPENBLAS_NUM_THREADS=1

fail() { echo "run.sh: $*" >&2; exit 1; }

[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "rounds: expected a whole number above 0, found '$rounds'"
command -v python3 >/dev/null || fail "python3 is missing; 3.11 to 3.14 is needed for NumPy and squigglepy"
python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
    || fail "python3 is $(python3 -V | cut -d' ' -f2); 3.11 to 3.14 is needed"
[[ -x $tollcast ]] || fail "no program at '$tollcast'; build with 'cargo build --release', or set TOLLCAST"
[[ -r $scenario ]] || fail "no scenario at '$scenario'; start from the root of the project, or set SCENARIO"

pins=(numpy==2.4.6 scipy==1.17.1 squigglepy==0.30)
python=$environment/bin/python
if ! [[ -x $python ]]; then
    python3 -m venv "$environment" \
    || fail "python3 cannot make virtual environments; Debian: apt install python3-venv"
fi
if [[ $(cat "$environment/pins" 2>/dev/null) != "${pins[*]}" ]]; then
    "$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "${pins[@]}" >&2 \
        || fail "could not install ${pins[*]}: is there a network, and does it reach PyPI?"
    echo "${pins[*]}" >"$environment/pins"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs one program; appends "wall user system", in seconds, to its .times and keeps its last answer.
measure() {
    local name=$1
    shift
    local TIMEFORMAT='%R %U %S'
    { time "$@" >"$work/$name.json" 2>"$work/$name.err"; } 2>>"$work/$name.times" \
        || { cat "$work/$name.err" >&2; fail "$name failed"; }
    cat "$work/$name.json" >>"$work/$name.all"
}

for ((round = 0; round <= rounds; round++)); do
    # The first round fills the caches and is not counted.
    ((round == 1)) && rm -f "$work"/*.times "$work"/*.all
    measure tollcast "$tollcast" simulate "$scenario" --format json --quiet
    measure forecast "$python" "$here/forecast_numpy.py"
    measure squigglepy "$python" "$here/peer_squigglepy.py"
    measure box-muller "$python" "$here/brute_force_numpy.py" --requests "$requests"
    measure ziggurat "$python" "$here/brute_force_numpy.py" --requests "$requests" --normals ziggurat
    echo "round $round of $rounds" >&2
done

"$python" - "$work" "$rounds" <<'PYTHON'
import json, pathlib, statistics, sys

work, rounds = pathlib.Path(sys.argv[1]), sys.argv[2]
names = ["tollcast", "forecast", "squigglepy", "box-muller", "ziggurat"]


def answers(name):
    text, decode, at, found = (work / f"{name}.all").read_text(), json.JSONDecoder(), 0, []
    while at < len(text):
        answer, at = decode.raw_decode(text, at)
        found.append(answer)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def times(name):
    rows = [list(map(float, line.split())) for line in (work / f"{name}.times").read_text().splitlines()]
    return statistics.median(r[0] for r in rows), statistics.median(r[1] + r[2] for r in rows)


def seconds(value):
    for limit, unit, size in ((1, "ms", 1e-3), (120, "s", 1), (7200, "min", 60)):
        if value < limit:
            return f"{value / size:.3g} {unit}"
    return f"{value / 3600:.3g} h"


def error(total):
    """Standard error of the total's P90, in percent."""
    spend = total.get("spend_usd", total)
    known = spend.get("standard_error") or spend.get("standard_error_usd")
    return f"{100 * known['p90'] / spend['p90']:.2f} %" if known else ""


ours = answers("tollcast")[-1]
route, trials = ours["routes"][0], ours["manifest"]["trials"]
requests = sum(month["requests_mean"] for month in route["months"]) * trials
wall, cpu = times("tollcast")
peers = {name: answers(name) for name in names[1:]}
forecast, squiggle = (peers[name][-1]["routes"][route["id"]]["total"] for name in ("forecast", "squigglepy"))
rows = [(f"tollcast, {trials:,} trials", wall, cpu, route["total"]["spend_usd"]["p90"], error(route["total"]))]
for name, what, answer in (
    ("forecast", "NumPy and SciPy, closed form, 10,000 trials", forecast),
    ("squigglepy", "squigglepy, no requests, 10,000 samples", squiggle),
):
    rows.append((what, *times(name), answer["p90"], error(answer)))
    inside = [statistics.median(run[key] for run in peers[name]) / 1e3 for key in ("wall_ms", "cpu_ms")]
    rows.append(("the same without start and imports", *inside, answer["p90"], error(answer)))
for name, what in (("box-muller", "NumPy, every request, tuned"), ("ziggurat", "NumPy, every request")):
    each = statistics.median(run["ns_per_request"] for run in peers[name])
    whole = each * requests / 1e9  # one core: wall and CPU are the same
    rows.append((f"{what}: {each:.1f} ns x {requests:.3g} (extrapolated)", whole, whole, None, ""))

versions = peers["forecast"][-1]["versions"]
print(f"Medians of {rounds} interleaved rounds; NumPy {versions['numpy']}, SciPy {versions['scipy']}, "
      f"squigglepy {peers['squigglepy'][-1]['squigglepy']}. P90 of the year on {route['id']}.\n")
print("| | wall | CPU | wall, tollcast = 1 | CPU, tollcast = 1 | P90 | its standard error |")
print("|---|---:|---:|---:|---:|---:|---:|")
for what, w, c, p90, se in rows:
    money = f"${p90 / 1e3:.0f}k" if p90 else ""
    print(f"| {what} | {seconds(w)} | {seconds(c)} | {w / wall:.3g} | {c / cpu:.3g} | {money} | {se} |")
PYTHON
