#!/usr/bin/env python3
"""Draw every request of the headline job in NumPy: how many nanoseconds does one cost?

The assumptions are fixed at their central values, so that only the drawing and the pricing are timed. All
routes are priced from the same requests. Prints one line of JSON: CPU nanoseconds a request, and the mean
cost of a request in USD by route with its standard error.

    python3 brute_force_numpy.py [--requests 20_000_000] [--normals box-muller|ziggurat] [--seed 1]

Measured before this was written (NumPy 2.4, PCG64, AMD EPYC Zen 5 with AVX-512, CPU ns a request):

    63  float64, chunks of a million, a cost array for each route
    43  the same in chunks of 20,000, which fit the cache
    35  the same in float32
    29  float64, token sums priced at the end instead of cost arrays
    23  the same in float32, chunks of 32,768: what is left is `standard_normal`   (--normals ziggurat)
    11  the same, normals by Box-Muller from raw 64-bit words, where log, sqrt, sin, cos are vector code

SFC64 in place of PCG64 saves 2 ns more of the fifth. Chunks of 8,192 to 65,536 differ by less than a tenth,
save that the calls of Box-Muller want 16,384 or more. `--normals ziggurat` is what most people would write.
"""

import argparse
import json
import math
import time

import numpy as np

# Central assumptions: the medians of the scenario's ranges.
PROMPT_MEDIAN = 8_000 * math.sqrt(0.825 * 1.212)  # tokens
PROMPT_SIGMA = math.log(67_900 / 8_000) / 1.6448536269514722  # P95 is 1.645 standard deviations up
OUTPUT_MEDIAN = 400  # tokens
OUTPUT_SIGMA = math.log(2_072 / 400) / 1.6448536269514722
SCORE_CORRELATION = 2 * math.sin(math.pi * 0.3 / 6)  # of the normal scores, for a rank correlation of 0.3
HIT_ODDS = math.sqrt(0.265 / 0.735 * 0.542 / 0.458)
HIT_RATE = HIT_ODDS / (1 + HIT_ODDS)  # share of the served input tokens that are read from the cache

CACHE_MINIMUM = 1_024  # tokens; shorter prompts are never cached
LONG = 272_000  # above this many input tokens the whole request is billed at the long prices
LONGEST = 922_000  # longer prompts are refused and cost nothing
MOST_OUTPUT = 128_000

# USD per million tokens: input, cached input, output; the same three above 272,000; factor on the bill.
GPT_5_4 = (2.50, 0.25, 15.00, 5.00, 0.50, 22.50)
ROUTES = {
    "openai/gpt-5.4": (GPT_5_4, 1.0),
    "azure/gpt-5.4": (GPT_5_4, 1.0),
    "openrouter/openai/gpt-5.4": (GPT_5_4, 1.055),
}

CHUNK = 32_768  # requests; four float32 arrays of it are 512 KiB
f32 = np.float32


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--requests", type=int, default=20_000_000)
    arguments.add_argument("--normals", choices=DRAWS, default="box-muller")
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    if arguments.requests < 1:
        raise SystemExit("--requests: expected at least 1")

    rng = np.random.default_rng(arguments.seed)
    start = time.process_time()
    sums = token_sums(rng, arguments.requests, DRAWS[arguments.normals])
    bills = {name: fee * (sums @ np.array(card) * 1e-6) for name, (card, fee) in ROUTES.items()}
    cpu = time.process_time() - start

    result = {
        "requests": arguments.requests,
        "normals": arguments.normals,
        "ns_per_request": round(cpu / arguments.requests * 1e9, 2),
        "mean_usd_per_request": {name: bill.sum() / arguments.requests for name, bill in bills.items()},
        "standard_error_usd": {name: standard_error(bill, arguments.requests) for name, bill in bills.items()},
        "numpy": np.__version__,
    }
    print(json.dumps(result))


def token_sums(rng, requests, draw):
    """Tokens of each chunk, a row each: fresh, cached and output of short requests, then of long ones."""
    chance = gate()
    z, e, other = np.empty(CHUNK, f32), np.empty(CHUNK, f32), np.empty(CHUNK, f32)
    rows = []
    for start in range(0, requests, CHUNK):
        size = min(CHUNK, requests - start)
        prompt, output, cached = z[:size], e[:size], other[:size]
        hit = draw(rng, prompt, output, cached, chance)

        # Normal scores become lengths in place: 400 · exp(σ(ρz + √(1 − ρ²)e)), and 8,000 · exp(σz).
        rest = math.sqrt(1 - SCORE_CORRELATION**2)
        np.multiply(prompt, f32(SCORE_CORRELATION / rest), out=cached)
        output += cached
        output *= f32(OUTPUT_SIGMA * rest)
        np.exp(output, out=output)
        output *= f32(OUTPUT_MEDIAN)
        np.rint(output, out=output)
        np.minimum(output, f32(MOST_OUTPUT), out=output)
        prompt *= f32(PROMPT_SIGMA)
        np.exp(prompt, out=prompt)
        prompt *= f32(PROMPT_MEDIAN)
        np.rint(prompt, out=prompt)
        hit &= prompt >= CACHE_MINIMUM
        np.multiply(prompt, hit, out=cached)

        # Long requests are one in 300: cheaper to take them out by their places than to mask everything.
        long = np.flatnonzero(prompt > LONG)
        long_prompt, long_cached, long_output = prompt[long], cached[long], output[long]
        served = long_prompt <= LONGEST
        all_long = [float(part.sum()) for part in (long_prompt, long_cached, long_output)]
        bought = [float(part[served].sum()) for part in (long_prompt, long_cached, long_output)]
        short = [float(part.sum()) - gone for part, gone in zip((prompt, cached, output), all_long)]
        rows.append((short[0] - short[1], *short[1:], bought[0] - bought[1], *bought[1:]))
    return np.array(rows)


def ziggurat(rng, z, e, spare, chance):
    """Fills `z` and `e` with standard normals; returns which requests are hits, as booleans."""
    rng.standard_normal(out=z, dtype=f32)
    rng.standard_normal(out=e, dtype=f32)
    rng.random(out=spare, dtype=f32)
    return spare < f32(chance)


def box_muller(rng, z, e, spare, chance):
    """The same from 32 raw bits a number: the radius from one, the angle from one, the hit from one."""
    words = rng.bit_generator.random_raw((3 * z.size + 1) // 2).view(np.uint32)
    radius, angle, gate = words[: 3 * z.size].reshape(3, z.size)
    np.add(radius, f32(0.5), out=spare, dtype=f32, casting="same_kind")  # never log 0
    spare *= f32(2**-32)
    np.log(spare, out=spare)
    spare *= f32(-2)
    np.sqrt(spare, out=spare)
    np.multiply(angle, f32(2 * math.pi * 2**-32), out=e, dtype=f32, casting="same_kind")
    np.cos(e, out=z)
    np.sin(e, out=e)
    z *= spare
    e *= spare
    return gate < np.uint32(chance * 2**32)


DRAWS = {"box-muller": box_muller, "ziggurat": ziggurat}


def gate():
    """Chance that a prompt long enough for the cache is a hit, so that HIT_RATE of the served tokens are."""
    tokens_below = lambda cut: phi((math.log((cut + 0.5) / PROMPT_MEDIAN)) / PROMPT_SIGMA - PROMPT_SIGMA)
    served = tokens_below(LONGEST)
    return HIT_RATE * served / (served - tokens_below(CACHE_MINIMUM - 1))


def phi(x):
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def standard_error(bill, requests):
    """Of the mean per request, in USD, from the scatter of the chunks; None below two chunks."""
    whole = bill[: requests // CHUNK]
    return float(whole.std(ddof=1) / math.sqrt(whole.size) / CHUNK) if whole.size > 1 else None


if __name__ == "__main__":
    main()
