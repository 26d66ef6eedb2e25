#!/usr/bin/env python3
"""Price a grid of requests with the own code of two peer price databases, litellm and genai-prices.

The figures are what an importer of their files has to reproduce. Run it in an environment that has both
packages, with the folder that holds their price files:

    python3 tests/parity/peers.py --peers DIR --out DIR [--sample DIR]

--out receives litellm.csv and genai-prices.csv, one row per model, tier and usage. --sample also receives
litellm-sample.csv and genai-prices-sample.csv, the small frozen part that the tests read. No network is used.

Columns: `input` holds ALL input tokens; `cached`, `cache_write` (default lifetime) and `cache_write_1h` are
disjoint parts of it. `output` holds all output tokens, `reasoning` a part of it. `usd` is the peer's figure,
unrounded. Two of litellm's calculators ignore prices that its data lists (service tiers at Fireworks; cached
tokens, cache writes and thresholds at Perplexity); for their rows `generic_usd` is what litellm's generic
calculator, which reads them, makes of the same entry. `at` is the UTC instant that the request was priced at. `note` says why `usd` is empty, or what is
peculiar about it.
"""

import argparse
import csv
import datetime as dt
import json
import os
import re
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple

COLUMNS = (
    "model", "tier", "at", "input", "cached", "cache_write", "cache_write_1h", "output", "reasoning",
    "usd", "generic_usd", "note",
)  # fmt: skip
NOON = dt.datetime(2026, 8, 21, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
OUTPUT, REASONING = 1_234, 1_000


# --- the grid -------------------------------------------------------------------------------------------------


class Request(NamedTuple):
    """Token counts of one request."""

    input: int
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = OUTPUT
    reasoning: int = 0


def grid(
    thresholds: Iterable[int], *, writes: bool, hour_writes: bool, output: bool, reasoning: bool
) -> Iterator[Request]:
    """Requests below, at and above each threshold, with every use of the cache that has a price."""
    inputs = {1_000} | {n for t in thresholds for n in (t - 1, t, t + 1, 2 * t)}
    out = OUTPUT if output else 0
    for n in sorted(inputs):
        yield Request(n, output=out)
        yield Request(n, cached=n * 4 // 10, output=out)
        yield Request(n, cached=n, output=out)
        if writes:
            yield Request(n, cache_write=n // 2, output=out)
            yield Request(n, cached=n * 3 // 10, cache_write=n * 3 // 10, output=out)
        if hour_writes:
            yield Request(n, cache_write_1h=n // 2, output=out)
        if reasoning and output:
            yield Request(n, output=out, reasoning=REASONING)


class Row(NamedTuple):
    """One priced request; `features` name the rules that the model exercises, for the choice of the sample."""

    model: str
    tier: str
    at: dt.datetime
    request: Request
    usd: str
    note: str
    features: frozenset[str]
    generic_usd: str = ""

    def cells(self) -> tuple[object, ...]:
        at = f"{self.at:%Y-%m-%dT%H:%M:%SZ}"
        return (self.model, self.tier, at, *self.request, self.usd, self.generic_usd, self.note)


def reason(error: Exception) -> str:
    """First line of an error, without what differs from run to run."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


# --- litellm --------------------------------------------------------------------------------------------------

TEXT_MODES = (None, "chat", "responses", "completion", "embedding")
TOKEN_PRICES = (
    "input_cost_per_token", "output_cost_per_token", "output_cost_per_reasoning_token",
    "cache_read_input_token_cost", "cache_creation_input_token_cost",
)  # fmt: skip
SERVICE_TIERS = ("flex", "balanced", "priority", "ultrafast")
# Providers with a cost function of their own; litellm prices all others by one generic function.
OWN_CALCULATORS = (
    "anthropic", "azure", "azure_ai", "bedrock", "dashscope", "databricks", "deepseek", "fireworks_ai",
    "gemini", "lemonade", "openai", "perplexity", "qwen_ai_platform", "qwencloud", "tencent", "vertex_ai", "xai",
)  # fmt: skip
THRESHOLD = re.compile(r"_above_(\d+)(k?)_tokens")


class Variant(NamedTuple):
    """A tier, and how litellm is told about it: arguments of the cost function, fields of the usage."""

    tier: str
    call: dict[str, str]
    usage: dict[str, str]


class LitellmEntry:
    """One entry of litellm's price file, and the questions that the grid asks of it."""

    def __init__(self, key: str, entry: dict[str, Any]) -> None:
        self.key = key
        self.entry = entry
        self.bands = entry.get("tiered_pricing") or []
        self.prices = [k for k, v in entry.items() if k.startswith(TOKEN_PRICES) and v is not None]

    def is_text(self) -> bool:
        priced = "input_cost_per_token" in self.entry or bool(self.bands)
        return priced and self.entry.get("mode") in TEXT_MODES

    def thresholds(self) -> set[int]:
        found = (THRESHOLD.search(k) for k in self.prices)
        named = {int(m[1]) * (1_000 if m[2] else 1) for m in found if m}
        return named | {int(bound) for band in self.bands for bound in band["range"] if bound > 0}

    def has(self, prefix: str) -> bool:
        return any(k.startswith(prefix) for k in (*self.prices, *(k for band in self.bands for k in band)))

    def tier_has_own_price(self, suffix: str) -> bool:
        tiered = (k for k in self.prices if k.endswith(suffix))
        return any(self.entry[k] != self.entry.get(k.removesuffix(suffix)) for k in tiered)

    def family(self) -> str:
        """The provider that a caller names, from the finer label in the file."""
        provider = self.entry["litellm_provider"]
        for family in ("vertex_ai", "fireworks_ai"):
            if provider.startswith(family):
                return family
        return "bedrock" if provider == "bedrock_converse" else provider

    def variants(self) -> list[Variant]:
        found = [Variant("standard", {}, {})]
        if any(k.endswith("_batches") for k in self.prices):
            found.append(Variant("batch", {}, {}))
        for tier in SERVICE_TIERS:
            if any(k.endswith(f"_{tier}") for k in self.prices):
                found.append(Variant(tier, {"service_tier": tier}, {}))
        multipliers = self.entry.get("provider_specific_entry") or {}
        if "fast" in multipliers:
            found.append(Variant("fast", {}, {"speed": "fast"}))
        if "us" in multipliers:
            found.append(Variant("standard@geo-us", {}, {"inference_geo": "us"}))
        for region in ("eu", "us"):
            if f"regional_processing_uplift_multiplier_{region}" in self.entry:
                found.append(Variant(f"standard@residency-{region}", {"data_residency": region}, {}))
        if "regional_endpoint_uplift_multiplier" in self.entry:
            found.append(Variant("standard@vertex-regional", {"vertex_location": "us-east5"}, {}))
        return found

    def instants(self) -> list[dt.datetime]:
        """Noon, or the start, the last second and the end of every off-peak window, on its first weekday."""
        monday = NOON.replace(hour=0) - dt.timedelta(days=NOON.weekday())
        found = set()
        for rule in (self.entry.get("off_peak_pricing") or {}).get("windows", ()):
            day = monday + dt.timedelta(days=rule["weekdays"][0] - 1)
            hours = rule["hours_utc"]
            for window in [hours] if isinstance(hours, str) else hours:
                start, end = (day + dt.timedelta(hours=int(h), minutes=int(m)) for h, m in
                              (clock.split(":") for clock in window.split("-")))  # fmt: skip
                end += dt.timedelta(days=end <= start)
                found |= {start, end - SECOND, end}
        return sorted(found) or [NOON]

    def features(self) -> frozenset[str]:
        family = self.family()
        found = {f"provider {family if family in OWN_CALCULATORS else 'other'}"}
        found |= {f"tier {variant.tier}" for variant in self.variants()}
        found |= {f"threshold {t}" for t in self.thresholds() if not self.bands}
        for name, present in {
            "tiered_pricing": self.bands,
            "off_peak": self.entry.get("off_peak_pricing"),
            "cache read": self.has("cache_read"),
            "cache write": self.has("cache_creation"),
            "free write": self.entry.get("cache_creation_input_token_cost") == 0,
            "1 h write": self.has("cache_creation_input_token_cost_above_1hr"),
            "12 h write": self.has("cache_creation_input_token_cost_above_12hr"),
            "reasoning": self.has("output_cost_per_reasoning_token"),
            "embedding": self.entry.get("mode") == "embedding",
        }.items():
            if present:
                found.add(name)
        for suffix in ("_batches", *(f"_{tier}" for tier in SERVICE_TIERS)):
            if any(k.endswith(suffix) for k in self.prices):
                standard = (k for k in self.prices if not k.endswith((*SERVICE_TIERS, "batches")))
                found |= {f"no {k}{suffix}" for k in standard if f"{k}{suffix}" not in self.prices}
        return frozenset(found)


def load_litellm(path: Path) -> Any:
    """Import litellm and replace its map of prices wholly with the file, as its own reload does."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm
    from litellm.litellm_core_utils import get_model_cost_map as maps

    litellm.suppress_debug_info = True
    maps.adopt_model_cost_map(maps._finalize_model_cost_map(json.loads(path.read_text())))
    return litellm


def litellm_refusal(item: LitellmEntry) -> str:
    """Why litellm never reads this very entry, or nothing.

    It looks for provider/model before the bare key, and drops a provider that is named twice.
    """
    from litellm.utils import get_model_info_helper

    name, family = item.key, item.family()
    while name.startswith(f"{family}/{family}/"):
        name = name.removeprefix(f"{family}/")
    taken = get_model_info_helper(name, family, catalog_only=True)["key"]
    return "" if taken == item.key else f"unreachable: litellm prices this key as {taken}"


def litellm_usage(variant: Variant, request: Request) -> Any:
    """The request as litellm's own record of usage."""
    from litellm.types import utils as types

    written = request.cache_write + request.cache_write_1h
    return types.Usage(
        prompt_tokens=request.input,
        completion_tokens=request.output,
        total_tokens=request.input + request.output,
        prompt_tokens_details=types.PromptTokensDetailsWrapper(
            cached_tokens=request.cached,
            cache_write_tokens=written,
            cache_creation_token_details=types.CacheCreationTokenDetails(
                ephemeral_5m_input_tokens=request.cache_write,
                ephemeral_1h_input_tokens=request.cache_write_1h,
            )
            if written
            else None,
        ),
        completion_tokens_details=types.CompletionTokensDetailsWrapper(reasoning_tokens=request.reasoning)
        if request.reasoning
        else None,
        **variant.usage,
    )


def litellm_generic_usd(item: LitellmEntry, variant: Variant, request: Request) -> str:
    """Cost by litellm's generic calculator, where the provider's own one ignores prices that are listed."""
    from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token

    tier = variant.call.get("service_tier")
    ignored = item.family() == "perplexity" or (item.family() == "fireworks_ai" and tier)
    if not ignored or variant.tier == "batch":
        return ""
    name = {"model": item.key, "custom_llm_provider": item.family()}
    return repr(sum(generic_cost_per_token(usage=litellm_usage(variant, request), service_tier=tier, **name)))


def litellm_usd(
    litellm: Any, item: LitellmEntry, variant: Variant, request: Request, at: dt.datetime
) -> float:
    """Cost by litellm's `cost_per_token`, or by its `batch_cost_calculator` for the batch tier."""
    from litellm._internal_context import pinned_billing_time
    from litellm.cost_calculator import batch_cost_calculator

    usage = litellm_usage(variant, request)
    name = {"model": item.key, "custom_llm_provider": item.family()}
    with pinned_billing_time(at):
        if variant.tier == "batch":
            return sum(batch_cost_calculator(usage=usage, **name))
        return sum(
            litellm.cost_per_token(
                **name,
                prompt_tokens=request.input,
                completion_tokens=request.output,
                usage_object=usage,
                call_type="embedding" if item.entry.get("mode") == "embedding" else "completion",
                **variant.call,
            )
        )


def litellm_rows(path: Path) -> Iterator[Row]:
    """Every text model of litellm's file, in its order."""
    litellm = load_litellm(path)
    for key, entry in json.loads(path.read_text()).items():
        item = LitellmEntry(key, entry)
        if key == "sample_spec" or not item.is_text():
            continue
        refusal = litellm_refusal(item)
        features = item.features() | ({"unreachable"} if refusal else set())
        requests = list(
            grid(
                item.thresholds(),
                writes=item.has("cache_creation"),
                hour_writes=item.has("cache_creation_input_token_cost_above_1hr"),
                output=entry.get("mode") != "embedding",
                reasoning=item.has("output_cost_per_reasoning_token"),
            )
        )
        for at in item.instants():
            standard: list[float] = []
            for variant in item.variants():
                usd, note = [""] * len(requests), refusal
                if not refusal:
                    try:
                        figures = [litellm_usd(litellm, item, variant, request, at) for request in requests]
                    except Exception as error:  # noqa: BLE001  litellm raises bare ones
                        note = reason(error)
                    else:
                        usd = [repr(figure) for figure in figures]
                        standard = standard or figures
                        tiered = "service_tier" in variant.call and item.tier_has_own_price(f"_{variant.tier}")
                        if tiered and figures == standard:
                            note = "litellm bills this tier at standard prices"
                for request, figure in zip(requests, usd):
                    generic = litellm_generic_usd(item, variant, request) if figure else ""
                    yield Row(key, variant.tier, at, request, figure, note, features, generic)


# --- genai-prices ---------------------------------------------------------------------------------------------


def genai_instants(constraints: list[Any]) -> list[dt.datetime]:
    """Both sides of every edge of the constraints: the last second before it, and the edge itself."""
    found = set()
    for constraint in constraints:
        if hasattr(constraint, "start_date"):
            edges = [dt.datetime.combine(constraint.start_date, dt.time(), dt.UTC)]
        else:
            edges = [dt.datetime.combine(NOON, edge) for edge in (constraint.start_time, constraint.end_time)]
        found |= {instant for edge in edges for instant in (edge - SECOND, edge)}
    return sorted(found) or [NOON]


def genai_rows(path: Path) -> Iterator[Row]:
    """Every model of genai-prices with a price for input or output tokens, in the order of the file."""
    from genai_prices import Usage, data_snapshot, types

    # What its own updater does with the same file after fetching it.
    providers = types._providers_from_raw(json.loads(path.read_text()))
    snapshot = data_snapshot.DataSnapshot(providers, from_auto_update=False)

    for provider in providers:
        for model in provider.models:
            listed = isinstance(model.prices, list)
            conditional = model.prices if listed else [types.ConditionalPrice(prices=model.prices)]
            prices = {k: v for c in conditional for k, v in vars(c.prices).items() if v is not None}
            if not prices.keys() & {"input_mtok", "output_mtok"}:
                continue
            constraints = [c.constraint for c in conditional if c.constraint is not None]
            tiers = {
                tier.start
                for c in conditional
                for price in vars(c.prices).values()
                if isinstance(price, types.TieredPrices)
                for tier in price.tiers
            }
            text = ("cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "output_reasoning_mtok")
            features = frozenset(
                {f"provider {provider.id}"}
                | {f"threshold {tier}" for tier in tiers}
                | (set(text) & prices.keys())
                | {type(c).__name__ for c in constraints}
                | ({"requests_kcount"} & prices.keys())
                | ({"no output"} - ({"no output"} if prices.get("output_mtok") else set()))
            )
            note = "includes the fee per request" if "requests_kcount" in prices else ""
            try:
                found = snapshot.find_provider_model(model.id, None, provider.id, None)[1]
                if found is not model:
                    note = f"asked for by its id, the peer takes {found.id}"
            except LookupError:
                note = "the peer does not find this id"
            for at in genai_instants(constraints):
                for request in grid(
                    tiers,
                    writes="cache_write_mtok" in prices,
                    hour_writes="cache_write_1h_mtok" in prices,
                    output=bool(prices.get("output_mtok")),
                    reasoning="output_reasoning_mtok" in prices,
                ):
                    usage = Usage(
                        input_tokens=request.input,
                        cache_read_tokens=request.cached,
                        cache_write_tokens=request.cache_write + request.cache_write_1h,
                        cache_write_1h_tokens=request.cache_write_1h,
                        output_tokens=request.output,
                        output_reasoning_tokens=request.reasoning,
                    )
                    try:
                        price = model.calc_price(usage, provider, genai_request_timestamp=at).total_price
                        usd, said = f"{price:f}", note
                    except ValueError as error:
                        usd, said = "", reason(error)
                    yield Row(f"{provider.id}/{model.id}", "standard", at, request, usd, said, features)


# --- the sample -----------------------------------------------------------------------------------------------


def cover(candidates: dict[Any, set[Any]], limit: int) -> list[Any]:
    """Greedily chosen candidates that together hold every fact, the most new facts first; at most `limit`."""
    chosen, covered = [], set()
    left = dict(candidates)
    while left and len(chosen) < limit:
        best = max(left, key=lambda c: len(left[c] - covered))
        if left[best] <= covered:
            break
        covered |= left.pop(best)
        chosen.append(best)
    return chosen


def pairs(facts: Iterable[Any]) -> set[Any]:
    """Every fact, and every two of them together."""
    facts = sorted(facts, key=repr)
    return {(a, b) for i, a in enumerate(facts) for b in facts[i:]}


def sample(rows: list[Row], models: int) -> list[Row]:
    """Models that show every two features together, and of each the requests that show every two aspects."""
    by_model: dict[str, list[Row]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    chosen = cover({model: pairs(of[0].features) for model, of in by_model.items()}, models)
    # Then one model for every set of features that is still missing, and others from all parts of the file.
    seen = {by_model[model][0].features for model in chosen}
    for model, of in by_model.items():
        if len(chosen) < models and of[0].features not in seen:
            seen.add(of[0].features)
            chosen.append(model)
    rest = [model for model in by_model if model not in chosen]
    missing = min(models - len(chosen), len(rest))
    chosen += [rest[i * len(rest) // missing] for i in range(missing)]
    kept = []
    for model in sorted(chosen):
        aspects = {}
        for index, row in enumerate(by_model[model]):
            r = row.request
            shape = (r.cached > 0, r.cached == r.input, r.cache_write > 0, r.cache_write_1h > 0, r.reasoning)
            aspects[index] = pairs([("tier", row.tier), ("at", row.at), ("input", r.input), ("shape", shape)])
        kept += [by_model[model][index] for index in sorted(cover(aspects, len(aspects)))]
    return kept


# --- files ----------------------------------------------------------------------------------------------------


def write(path: Path, rows: list[Row], header: str = "") -> None:
    """Write the rows as CSV, below an optional comment line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        if header:
            file.write(f"# {header}\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(row.cells() for row in rows)
    print(f"{path.name}: {len({row.model for row in rows})} models, {len(rows)} rows")


def refuse_network() -> None:
    """Make every attempt to connect fail: some of litellm's look-ups would ask a local server otherwise."""

    def refuse(*_: object) -> None:
        raise OSError("this script uses no network")

    socket.socket.connect = refuse  # type: ignore[method-assign]


def main() -> None:
    """Read the arguments, price with both peers, write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, required=True, help="folder with the peers' price files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the full tables")
    parser.add_argument("--sample", type=Path, help="folder for the samples, if they are wanted")
    parser.add_argument("--models", type=int, default=150, help="models in each sample")
    args = parser.parse_args()
    refuse_network()
    args.out.mkdir(parents=True, exist_ok=True)
    for peer, prices_of, date, rows_of in (
        ("litellm", "litellm_model_prices.json", "2026-11", litellm_rows),
        ("genai-prices", "genai_prices_v2.json", "2026-08-21", genai_rows),
    ):
        rows = list(rows_of(args.peers / prices_of))
        write(args.out / f"{peer}.csv", rows)
        if args.sample:
            header = (
                f"{peer} {version(peer)} (MIT), prices as of {date} ({prices_of}): "
                "every figure in usd was computed with the peer's own code, by tests/parity/peers.py"
            )
            write(args.sample / f"{peer}-sample.csv", sample(rows, args.models), header)


if __name__ == "__main__":
    main()
