"""Bills a log in DuckDB as `benches/replay.rs` does: token sums by model, day and band, in one query on one
thread; exact integers priced afterwards. Prints milliseconds of wall and CPU time, rows, lines and picodollars.

    replay_duckdb.py one_card|eight_models FILE.csv|FILE.parquet CARDS
"""

import sys
import time

import duckdb

def cards(path):
    """The cards as `replay --cards` prints them, so that no price is written down twice: the end of the first
    band, then micro-dollars per million input, cached and output tokens in it and above it."""
    found = {}
    for line in open(path):
        name, end, *rates = line.split()
        rates = list(map(int, rates))
        found[name] = (int(end), tuple(rates[:3]), tuple(rates[3:]))
    return found


def main():
    scenario, path, prices = sys.argv[1:4]
    known = cards(prices)
    connection = duckdb.connect()
    connection.execute("SET threads=1")
    rows = ", ".join(f"('{name}', {end})" for name, (end, _, _) in known.items())
    connection.execute(f"CREATE TABLE cards AS SELECT * FROM (VALUES {rows}) AS t(model, band_end)")
    sums = "count(*), sum(input_tokens), sum(cached_tokens), sum(output_tokens)"
    if scenario == "one_card":
        end = known["gpt-5.4"][0]
        query = f"SELECT 'gpt-5.4', 0, input_tokens > {end} AS long, {sums} FROM '{path}' GROUP BY ALL"
    else:
        query = (
            f"SELECT model, time // 86400 AS day, input_tokens > band_end AS long, {sums} "
            f"FROM '{path}' JOIN cards USING (model) GROUP BY ALL"
        )
    wall, cpu = time.perf_counter(), time.process_time()
    total, requests, lines = 0, 0, set()
    for model, day, long, count, tokens, cached, output in connection.execute(query).fetchall():
        price, cached_price, output_price = known[model][2 if long else 1]
        total += (tokens - cached) * price + cached * cached_price + output * output_price
        requests += count
        lines.add((model, day))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{wall * 1e3:.1f} {cpu * 1e3:.1f} {requests} {len(lines)} {total}")


main()
