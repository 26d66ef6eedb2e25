#!/usr/bin/env python3
"""The question of the headline job asked in squigglepy, a library for forecasts from ranges.

Twelve months, three routes, 10,000 samples, at the level where such a tool works: volume, growth, drift,
length scale and hit rate are ranges, and a request costs its mean tokens at an effective price. There are
no requests: the share of tokens above 272,000 is a constant taken from elsewhere, so that neither the way
it grows with the prompts nor the request noise is in the answer. Prints one JSON object: P50, P90 and P99
of the total of each route in USD, and the time in the process after imports.

    python3 peer_squigglepy.py [--samples 10_000] [--seed 1]

Arrays are sampled whole (`dist @ n`), the fastest of squigglepy's ways: a model function under
`sq.sample(model, n)` is called once a sample and takes some 250 times as long.
"""

import argparse
import calendar
import json
import math
import time

import numpy as np
import squigglepy as sq

# Mean tokens of one request at the median scale, by band; `central_request` of forecast_numpy.py.
SHORT_INPUT, LONG_INPUT = 17_156.3, 1_296.4
SHORT_OUTPUT, LONG_OUTPUT = 654.05, 5.14

# USD per million tokens: input, cached input, output of short requests, then of long ones; factor on the bill.
GPT_5_4 = ((2.50, 0.25, 15.00), (5.00, 0.50, 22.50))
ROUTES = {
    "openai/gpt-5.4": (GPT_5_4, 1.0),
    "azure/gpt-5.4": (GPT_5_4, 1.0),
    "openrouter/openai/gpt-5.4": (GPT_5_4, 1.055),
}
DAYS = [calendar.monthrange(2027, month)[1] for month in range(1, 13)]
DRIFT_SD, PERSISTENCE = 0.05, 0.9  # of the log level, a month


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--samples", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()

    wall, cpu = time.perf_counter(), time.process_time()
    sq.set_seed(arguments.seed)
    requests = requests_by_month(arguments.samples)
    scale = sq.lognorm(0.825, 1.212, credibility=80) @ arguments.samples
    logit = sq.norm(math.log(0.265 / 0.735), math.log(0.542 / 0.458), credibility=80) @ arguments.samples
    hit_rate = 1 / (1 + np.exp(-logit))
    routes = {}
    for name, (card, fee) in ROUTES.items():
        usd_per_request = fee * effective(card, scale, hit_rate)
        months = [sq.get_percentiles(usd_per_request * n, percentiles=[50, 90, 99]) for n in requests]
        total = sq.get_percentiles(usd_per_request * sum(requests), percentiles=[50, 90, 99])
        routes[name] = {"months": [usd(month) for month in months], "total": usd(total)}
    result = {
        "samples": arguments.samples,
        "routes": routes,
        "wall_ms": (time.perf_counter() - wall) * 1e3,
        "cpu_ms": (time.process_time() - cpu) * 1e3,
        "squigglepy": sq.__version__,
    }
    print(json.dumps(result, indent=1))


def requests_by_month(samples):
    """Requests of each month, an array of samples each."""
    per_day = (sq.lognorm(545_000, 1_175_000, credibility=80) @ samples) / 30.4375
    growth = sq.norm(0.0144, 0.0656, credibility=80) @ samples
    drift, variance, months = 0.0, 0.0, []
    for month, days in enumerate(DAYS):
        if month > 0:
            drift = PERSISTENCE * drift + (sq.norm(mean=0, sd=DRIFT_SD) @ samples)
            variance = PERSISTENCE**2 * variance + DRIFT_SD**2
        months.append(per_day * days * (1 + growth) ** month * np.exp(drift - variance / 2))
    return months


def effective(card, scale, hit_rate):
    """USD of a mean request: tokens by band, at prices blended by the hit rate."""
    (fresh, cached, output), (long_fresh, long_cached, long_output) = card
    short = SHORT_INPUT * scale * (fresh + (cached - fresh) * hit_rate) + SHORT_OUTPUT * output
    long = LONG_INPUT * scale * (long_fresh + (long_cached - long_fresh) * hit_rate) + LONG_OUTPUT * long_output
    return (short + long) * 1e-6


def usd(percentiles):
    return {f"p{percent}": float(value) for percent, value in percentiles.items()}


if __name__ == "__main__":
    main()
