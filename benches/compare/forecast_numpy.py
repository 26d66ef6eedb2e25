#!/usr/bin/env python3
"""The headline job in NumPy and SciPy: spend by month and route, plain Monte Carlo over the assumptions.

Single requests are not drawn. In a trial the assumptions are drawn; mean and mean square of one request's
cost then have closed forms (partial moments of a bivariate lognormal), and a month is one normal draw with
them. This is what somebody would write who knows the theory, and it shares no code with tollcast: a yard
stick for its speed and an oracle for its answers. Prints one JSON object; money is in USD.

    python3 forecast_numpy.py [--trials 10_000] [--seed 1]

Above 100,000 trials the work goes in batches of 100,000 (about 150 MB); quantiles are then means over the
batches, and standard errors come from their scatter. `--trials 2_000_000` is the converged reference.
Up to 100,000 trials, only the totals have errors: half the distance of the order statistics one binomial
standard deviation below and above.

Left out on purpose, with its size: the cap of 128,000 output tokens (under 10⁻⁶ of the mean, 10⁻⁴ of the
mean square of the outputs), rounding to whole tokens except at the thresholds (10⁻⁸), and the skewness of
a month's sum (4 · 10⁻⁵ at P99 for a million requests).
"""

import argparse
import calendar
import json
import math
import time

import numpy as np
import scipy
from scipy.special import expit, logit, ndtr, ndtri

MONTHS = [(2027, month) for month in range(1, 13)]
DAYS = np.array([calendar.monthrange(*month)[1] for month in MONTHS])
MEAN_MONTH = 30.4375  # days

# Log or logit or plain means and standard deviations, from P10 and P90.
Z90, Z95 = ndtri(0.90), ndtri(0.95)


def between(p10, p90):
    return (p10 + p90) / 2, (p90 - p10) / (2 * Z90)


LEVEL = between(math.log(545_000), math.log(1_175_000))  # ln requests in a mean month
GROWTH = between(0.0144, 0.0656)  # a month
SCALE = between(math.log(0.825), math.log(1.212))  # ln factor on prompt lengths
HIT = between(logit(0.265), logit(0.542))  # logit of the cached share of served input tokens
DRIFT_SD, PERSISTENCE = 0.05, 0.9  # of the log level, a month

PROMPT_MU, PROMPT_SD = math.log(8_000), math.log(67_900 / 8_000) / Z95
OUTPUT_MU, OUTPUT_SD = math.log(400), math.log(2_072 / 400) / Z95
RHO = 2 * math.sin(math.pi * 0.3 / 6)  # of the normal scores

# Lengths are rounded to whole tokens: cut halfway.
CACHE_FROM, LONG_ABOVE, REFUSED_ABOVE = math.log(1_023.5), math.log(272_000.5), math.log(922_000.5)

# USD per token: input, cached input, output of short requests, then of long ones; factor on the bill.
GPT_5_4 = np.array([[2.50, 0.25, 15.00], [5.00, 0.50, 22.50]]) * 1e-6
ROUTES = {
    "openai/gpt-5.4": (GPT_5_4, 1.0),
    "azure/gpt-5.4": (GPT_5_4, 1.0),
    "openrouter/openai/gpt-5.4": (GPT_5_4, 1.055),
}

QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
BATCH = 100_000  # trials; a quantile of so many has a bias below a tenth of the error of twenty batches


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--trials", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    if arguments.trials < 2 or (arguments.trials > BATCH and arguments.trials % BATCH):
        raise SystemExit(f"--trials: expected 2 to {BATCH:,}, or a multiple of {BATCH:,}")

    wall, cpu = time.perf_counter(), time.process_time()
    rng = np.random.default_rng(arguments.seed)
    batches = max(1, arguments.trials // BATCH)
    size = min(arguments.trials, BATCH)
    columns, errors = zip(*(batch(rng, size) for _ in range(batches)))
    columns = np.array(columns)  # batch, route, month (the total last), statistic
    means = columns.mean(axis=0)
    if batches > 1:
        errors = columns.std(axis=0, ddof=1) / math.sqrt(batches)
        errors[..., 0] = means[..., 1] / math.sqrt(arguments.trials)  # known better than from the batches
    else:
        errors = errors[0]
    result = {
        "trials": arguments.trials,
        "seed": arguments.seed,
        "central_request": central_request(),
        "routes": {name: described(means[at], errors[at]) for at, name in enumerate(ROUTES)},
        "wall_ms": (time.perf_counter() - wall) * 1e3,
        "cpu_ms": (time.process_time() - cpu) * 1e3,
        "cpu_ms_with_imports": time.process_time() * 1e3,
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }
    print(json.dumps(result, indent=1))


def batch(rng, trials):
    """Statistics and errors by route and month, of so many trials: mean, standard deviation, quantiles."""
    requests = expected_requests(rng, trials)
    scale, hit_rate = draw(rng, SCALE, trials), expit(draw(rng, HIT, trials))
    moments = Moments(scale, hit_rate)
    noise = rng.standard_normal(requests.shape)
    roots = np.sqrt(requests)

    columns = np.empty((len(ROUTES), len(MONTHS) + 1, 2 + len(QUANTILES)))
    errors = np.full_like(columns, np.nan)
    spend = np.empty((len(MONTHS) + 1, trials))
    for at, (card, fee) in enumerate(ROUTES.values()):
        mean, mean_square = moments.of_cost(card * fee)
        # A Poisson number of independent costs has this mean, and the mean square times the number as its
        # variance. The routes bill the same requests, hence the same noise.
        np.multiply(requests, mean, out=spend[:-1])
        spend[:-1] += np.sqrt(mean_square) * roots * noise
        np.sum(spend[:-1], axis=0, out=spend[-1])
        columns[at, :, 0] = spend.mean(axis=1)
        columns[at, :, 1] = spend.std(axis=1, ddof=1)
        columns[at, :, 2:] = np.quantile(spend, list(QUANTILES.values()), axis=1).T
        errors[at, -1, 0] = columns[at, -1, 1] / math.sqrt(trials)
        errors[at, -1, 2:] = [order_error(spend[-1], p) for p in QUANTILES.values()]
    return columns, errors


def draw(rng, mean_and_sd, trials):
    mean, sd = mean_and_sd
    return mean + sd * rng.standard_normal(trials)


def expected_requests(rng, trials):
    """Requests expected in each month (rows) of each trial (columns)."""
    per_day = np.exp(draw(rng, LEVEL, trials)) / MEAN_MONTH
    grown = 1 + draw(rng, GROWTH, trials)
    shocks = DRIFT_SD * rng.standard_normal((len(MONTHS) - 1, trials))
    expected = np.empty((len(MONTHS), trials))
    drift, variance = np.zeros(trials), 0.0
    for month, days in enumerate(DAYS):
        if month > 0:
            drift = PERSISTENCE * drift + shocks[month - 1]
            variance = PERSISTENCE**2 * variance + DRIFT_SD**2
            per_day = per_day * grown
        expected[month] = per_day * days * np.exp(drift - variance / 2)
    return expected


class Moments:
    """E[P^i O^j] over the short and the long requests of a trial, of all and of those that can be cached.

    P and O are prompt and output in tokens, with means μ, ν and standard deviations σ, τ of the logarithms,
    and r the correlation of the scores. Then, with M = exp(iμ + jν + (i²σ² + 2ijrστ + j²τ²)/2),

        E[P^i O^j; P < c] = M · Φ((ln c − μ)/σ − iσ − jrτ).
    """

    def __init__(self, scale, hit_rate):
        """From ln of the factor on prompt lengths, and the cached share of served input tokens."""
        mu = PROMPT_MU + scale
        cuts = [(cut - mu) / PROMPT_SD for cut in (CACHE_FROM, LONG_ABOVE, REFUSED_ABOVE)]
        self.short, self.long, self.too_short = {}, {}, {}
        for i, j in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2)):
            log_square = (i * PROMPT_SD) ** 2 + 2 * i * j * RHO * PROMPT_SD * OUTPUT_SD + (j * OUTPUT_SD) ** 2
            whole = np.exp(i * mu + (j * OUTPUT_MU + log_square / 2))
            tilt = i * PROMPT_SD + j * RHO * OUTPUT_SD
            below_long = whole * ndtr(cuts[1] - tilt)
            self.short[i, j] = below_long
            self.long[i, j] = whole * ndtr(cuts[2] - tilt) - below_long
            if i > 0:  # outputs are billed alike, hit or not
                self.too_short[i, j] = whole * ndtr(cuts[0] - tilt)
        served = self.short[1, 0] + self.long[1, 0]
        self.chance = np.minimum(1.0, hit_rate * served / (served - self.too_short[1, 0]))

    def of_cost(self, card):
        """Mean and mean square of one request's cost, in USD; a refused request costs nothing."""
        mean = mean_square = 0.0
        for tokens, too_short, (fresh, cached, output) in (
            (self.short, self.too_short, card[0]),
            (self.long, dict.fromkeys(self.too_short, 0.0), card[1]),
        ):
            hits = {key: self.chance * (tokens[key] - too_short[key]) for key in too_short}
            mean = mean + fresh * tokens[1, 0] + (cached - fresh) * hits[1, 0] + output * tokens[0, 1]
            mean_square = (
                mean_square
                + fresh**2 * tokens[2, 0]
                + (cached**2 - fresh**2) * hits[2, 0]
                + 2 * output * (fresh * tokens[1, 1] + (cached - fresh) * hits[1, 1])
                + output**2 * tokens[0, 2]
            )
        return mean, mean_square


def order_error(values, p):
    """One standard error of a quantile, without assuming a distribution."""
    n = values.size
    reach = math.sqrt(n * p * (1 - p))
    low, high = max(0, round(n * p - reach)), min(n - 1, round(n * p + reach))
    ordered = np.partition(values, (low, high))
    return (ordered[high] - ordered[low]) / 2


def central_request():
    """One request at the medians of the assumptions: mean tokens, mean cost."""
    moments = Moments(np.array(SCALE[0]), expit(HIT[0]))
    return {
        "input_tokens_short": float(moments.short[1, 0]),
        "input_tokens_long": float(moments.long[1, 0]),
        "output_tokens_short": float(moments.short[0, 1]),
        "output_tokens_long": float(moments.long[0, 1]),
        "hit_rate": float(expit(HIT[0])),
        "mean_usd": {name: float(moments.of_cost(card * fee)[0]) for name, (card, fee) in ROUTES.items()},
    }


def described(values, errors):
    """A route's rows: every month by its name, then the total."""
    names = [f"{year}-{month:02}" for year, month in MONTHS]
    rows = [statistics(*row) for row in zip(values, errors)]
    return {"months": [{"month": name, **row} for name, row in zip(names, rows)], "total": rows[-1]}


def statistics(values, errors):
    row = dict(zip(("mean_usd", "sd_usd", *QUANTILES), values.tolist()))
    known = {key: error for key, error in zip(row, errors.tolist()) if not math.isnan(error)}
    return {**row, "standard_error_usd": known} if known else row


if __name__ == "__main__":
    main()
