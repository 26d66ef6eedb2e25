//! A provider as the text of a price file: the other direction of reading one.

use super::{
    Band, BandMode, Calendar, CapacityOffer, Citation, Component, Counting, Enforcement, Exception, Fact,
    Fee, Included, Limits, Measured, Meter, Model, Price, PriceEntry, Provider, RateCard, RateLimit, Status,
    Tariff, Typed, UsageTier, Window,
};
use crate::domain::money::{Ratio, Usd};
use crate::domain::quantity::Quantity;
use crate::domain::time::{DAY_SECONDS, HOUR_SECONDS, Instant};

/// The price file of a provider whose prices are in the file's own currency.
pub fn price_file(provider: &Provider) -> String {
    let mut out = Text::default();
    out.line(0, "tollcast_prices: 1");
    out.pair(0, "provider", &provider.id);
    out.pair(0, "name", &provider.name);
    out.pair(0, "currency", &provider.currency.code);
    out.line(0, &format!("cached_tokens: {}", counting(provider.cached_tokens, "input")));
    out.line(0, &format!("reasoning_tokens: {}", counting(provider.reasoning_tokens, "output")));
    out.pair(0, "default_region", &provider.default_region);
    calendars(&mut out, provider);
    facts(&mut out, &provider.facts);
    out.list(0, "fees", &provider.fees, fee);
    out.list(0, "meters", &provider.meters, meter);
    out.list(0, "usage_tiers", &provider.usage_tiers, usage_tier);
    out.list(0, "enforcement", &provider.enforcement, enforcement);
    out.list(0, "models", &provider.models, model);
    out.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, indent: usize, text: &str) {
        self.0.push_str(&"  ".repeat(indent));
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// `key: text`, quoted where YAML needs it.
    fn pair(&mut self, indent: usize, key: &str, text: &str) {
        self.line(indent, &format!("{key}: {}", quoted(text)));
    }

    fn optional(&mut self, indent: usize, key: &str, text: Option<String>) {
        if let Some(text) = text {
            self.line(indent, &format!("{key}: {text}"));
        }
    }

    fn list<T>(&mut self, indent: usize, key: &str, items: &[T], write: impl Fn(&mut Text, usize, &T)) {
        if items.is_empty() {
            return;
        }
        self.line(indent, &format!("{key}:"));
        for item in items {
            let mut inner = Text::default();
            write(&mut inner, 0, item);
            // The first line of an item carries the dash, the others are indented below it.
            for (at, line) in inner.0.lines().enumerate() {
                let lead = if at == 0 { "- " } else { "  " };
                self.line(indent + 1, &format!("{lead}{line}"));
            }
        }
    }

    fn citation(&mut self, indent: usize, citation: &Citation) {
        self.pair(indent, "source", &citation.source);
        self.line(indent, &format!("checked: {}", citation.checked));
        self.optional(indent, "note", citation.note.as_deref().map(quoted));
    }
}

/// A text as a YAML scalar: plain where that is safe, else in double quotes as JSON writes it.
fn quoted(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._/-+ ".contains(c));
    if first && plain && !text.ends_with(' ') && !["null", "true", "false", "yes", "no"].contains(&text) {
        return text.to_owned();
    }
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn names(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

fn counting(counting: Counting, of: &str) -> String {
    match counting {
        Counting::Inside => format!("inside_{of}"),
        Counting::Beside => format!("beside_{of}"),
    }
}

/// A ratio as a decimal.
fn decimal(ratio: Ratio) -> String {
    Usd::from_micro_usd(ratio.millionths()).to_string()
}

fn millionths(value: i64) -> String {
    Usd::from_micro_usd(value).to_string()
}

/// The day `days` after 1970-01-01 as a date.
fn date(days: i64) -> String {
    Instant::from_unix_seconds(days * DAY_SECONDS).to_string()
}

fn calendars(out: &mut Text, provider: &Provider) {
    let mut found: Vec<&Calendar> = Vec::new();
    let entries = provider.models.iter().flat_map(|model| &model.prices);
    for calendar in entries.flat_map(|entry| &entry.windows).filter_map(|window| window.except.as_deref()) {
        if !found.iter().any(|known| known.name == calendar.name) {
            found.push(calendar);
        }
    }
    if found.is_empty() {
        return;
    }
    out.line(0, "calendars:");
    for calendar in found {
        out.line(1, &format!("{}:", quoted(&calendar.name)));
        let hours = calendar.utc_offset_seconds * 1_000_000 / HOUR_SECONDS;
        out.line(2, &format!("utc_offset_hours: {}", millionths(hours)));
        let dates: Vec<String> = calendar.days.iter().map(|day| date(*day)).collect();
        out.line(2, &format!("dates: [{}]", dates.join(", ")));
        out.citation(2, &calendar.source);
    }
}

fn facts(out: &mut Text, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    out.line(0, "facts:");
    for fact in facts {
        out.line(1, &format!("{}:", fact.topic.key()));
        out.pair(2, "text", &fact.text);
        typed(out, &fact.typed);
        out.citation(2, &fact.source);
    }
}

fn typed(out: &mut Text, typed: &Typed) {
    // Quoted: some readers of YAML take a plain yes for a truth value.
    out.optional(2, "value", typed.answer.map(|answer| quoted(answer.name())));
    let list = |key: &str, list: &[String]| (!list.is_empty()).then(|| format!("{key}: {}", names(list)));
    out.list(2, "except", &typed.except, |out, at, other: &Exception| {
        let parts = [list("tiers", &other.tiers), list("models", &other.models)];
        let value = format!("value: {}", quoted(other.answer.name()));
        let parts: Vec<String> = parts.into_iter().flatten().chain([value]).collect();
        out.line(at, &format!("{{{}}}", parts.join(", ")));
    });
    out.optional(2, "lead_time_days", typed.lead_time_days.map(|days| days.to_string()));
    out.list(2, "regions", &typed.regions, |out, at, (region, places)| {
        let places: Vec<String> = places.iter().map(|place| place.name().to_owned()).collect();
        out.line(at, &format!("{{region: {}, places: {}}}", quoted(region), names(&places)));
    });
    out.optional(2, "rating", typed.rating.map(|rating| quoted(rating.name())));
}

fn fee(out: &mut Text, at: usize, fee: &Fee) {
    out.pair(at, "name", &fee.name);
    out.line(at, &format!("share: {}", decimal(fee.share)));
    out.line(at, &format!("minimum: {}", fee.minimum));
    out.line(at, &format!("from: {}", fee.from));
    out.citation(at, &fee.source);
}

fn meter(out: &mut Text, at: usize, meter: &Meter) {
    out.pair(at, "meter", &meter.name);
    out.pair(at, "unit", &meter.unit);
    out.optional(at, "level", meter.level.as_deref().map(quoted));
    for (key, list) in [("models", &meter.models), ("tiers", &meter.tiers), ("regions", &meter.regions)] {
        out.optional(at, key, (!list.is_empty()).then(|| names(list)));
    }
    match &meter.tariff {
        Tariff::Flat(rate) => {
            out.line(at, &format!("price: {rate}"));
            out.line(at, "per: 1_000_000");
        }
        Tariff::Graduated(bands) | Tariff::Whole(bands) => {
            let mode = if matches!(meter.tariff, Tariff::Whole(_)) { "whole" } else { "graduated" };
            out.line(at, &format!("mode: {mode}"));
            out.line(at, "bands:");
            for band in bands {
                let end = band.up_to.map_or(String::new(), |end| format!("up_to: {end}, "));
                out.line(at + 1, &format!("- {{{end}price: {}, per: 1_000_000}}", band.rate));
            }
        }
    }
    let some = |quantity: Quantity| (quantity != Quantity::ZERO).then(|| quantity.to_string());
    out.optional(at, "step", some(meter.step));
    out.optional(at, "minimum", some(meter.minimum));
    if let Some(Included { quantity, per }) = meter.included {
        out.line(at, &format!("included: {quantity}"));
        out.line(at, &format!("included_per: {}", per.name()));
    }
    out.line(at, &format!("from: {}", meter.from));
    out.optional(at, "until", meter.until.map(|until| until.to_string()));
    out.citation(at, &meter.source);
}

fn model(out: &mut Text, at: usize, model: &Model) {
    out.pair(at, "id", &model.id);
    out.pair(at, "name", &model.name);
    for (key, list) in [("aliases", &model.aliases), ("capabilities", &model.capabilities)] {
        out.optional(at, key, (!list.is_empty()).then(|| names(list)));
    }
    out.optional(at, "cached_tokens", model.cached_tokens.map(|way| counting(way, "input")));
    out.optional(at, "reasoning_tokens", model.reasoning_tokens.map(|way| counting(way, "output")));
    if let Some(limits) = &model.limits {
        write_limits(out, at, limits);
    }
    if let Some(cache) = &model.prompt_cache {
        out.line(at, "prompt_cache:");
        out.line(at + 1, &format!("minimum_tokens: {}", cache.minimum_tokens));
        out.citation(at + 1, &cache.source);
    }
    out.list(at, "measured", &model.measured, measured);
    out.list(at, "prices", &model.prices, entry);
    out.list(at, "capacity", &model.capacity, capacity);
    out.list(at, "rate_limits", &model.rate_limits, rate_limit);
}

fn write_limits(out: &mut Text, at: usize, limits: &Limits) {
    out.line(at, "limits:");
    out.line(at + 1, &format!("context_window: {}", limits.context_window));
    out.optional(at + 1, "max_input", limits.max_input.map(|tokens| tokens.to_string()));
    out.optional(at + 1, "max_output", limits.max_output.map(|tokens| tokens.to_string()));
    out.citation(at + 1, &limits.source);
}

fn measured(out: &mut Text, at: usize, figures: &Measured) {
    let shown = |value: Option<f64>| value.map(|value| value.to_string());
    out.optional(at, "tiers", (!figures.tiers.is_empty()).then(|| names(&figures.tiers)));
    out.optional(at, "speed_tokens_per_s", shown(figures.speed_tokens_per_s));
    out.optional(at, "first_token_s", shown(figures.first_token_s));
    out.optional(at, "full_output_s", shown(figures.full_output_s));
    out.optional(at, "error_share", shown(figures.error_share));
    out.citation(at, &figures.source);
}

fn entry(out: &mut Text, at: usize, entry: &PriceEntry) {
    out.line(at, &format!("tiers: {}", names(&entry.tiers)));
    out.line(at, &format!("regions: {}", names(&entry.regions)));
    out.line(at, &format!("from: {}", entry.from));
    out.optional(at, "until", entry.until.map(|until| until.to_string()));
    match entry.status {
        Status::List => {}
        Status::Announced => out.line(at, "status: announced"),
        Status::Hypothetical => out.line(at, "status: hypothetical"),
    }
    if entry.card.mode == BandMode::Graduated {
        out.line(at, "mode: graduated");
    }
    bands(out, at, &entry.card);
    out.list(at, "windows", &entry.windows, window);
    out.citation(at, &entry.source);
}

fn bands(out: &mut Text, at: usize, card: &RateCard) {
    out.line(at, "bands:");
    let mut index = 0;
    while index < card.bands.len() {
        let loan = card.lent.iter().find(|loan| loan.bands.start == index);
        let (last, words) = match loan {
            Some(loan) => (loan.bands.end - 1, vec![format!("billed_as: {}", quoted(&loan.tier))]),
            None => (index, prices(&card.bands[index])),
        };
        let end = card.bands[last].up_to.map(|end| format!("up_to: {end}"));
        let parts: Vec<String> = end.into_iter().chain(words).collect();
        out.line(at + 1, &format!("- {{{}}}", parts.join(", ")));
        index = last + 1;
    }
}

fn prices(band: &Band) -> Vec<String> {
    let known = band.rates.known().map(|(component, price)| {
        let words = match price {
            Price::Listed(rate) => rate.to_string(),
            Price::ByRule(rate) => rule(band, component, rate),
            Price::NotSold | Price::Unknown => "not_sold".to_owned(),
        };
        format!("{}: {words}", component.name())
    });
    known.collect()
}

/// The rule that gives a component its rate: the first of the three whose price is that rate.
fn rule(band: &Band, component: Component, rate: crate::domain::money::Rate) -> String {
    let order = if component.is_input() {
        [Component::Input, Component::CachedInput, Component::Output]
    } else {
        [Component::Output, Component::Input, Component::CachedInput]
    };
    let follows = order.into_iter().find(|other| band.rates.price(*other) == Price::Listed(rate));
    follows.map_or_else(|| rate.to_string(), |other| format!("same_as_{}", other.name()))
}

fn window(out: &mut Text, at: usize, window: &Window) {
    out.pair(at, "name", &window.name);
    let spans: Vec<String> = window.span_texts().iter().map(|span| format!("\"{span}\"")).collect();
    out.line(at, &format!("utc_hours: [{}]", spans.join(", ")));
    if window.weekdays != [true; 7] {
        out.line(at, &format!("weekdays: [{}]", window.weekday_names().join(", ")));
    }
    out.optional(at, "except", window.except.as_ref().map(|calendar| quoted(&calendar.name)));
    bands(out, at, &window.card);
}

fn capacity(out: &mut Text, at: usize, offer: &CapacityOffer) {
    out.pair(at, "unit", &offer.unit);
    out.line(at, &format!("regions: {}", names(&offer.regions)));
    let count = |count: Option<u64>| count.map(|count| count.to_string());
    out.optional(at, "input_tokens_per_minute", count(offer.input_tokens_per_minute));
    out.optional(at, "output_tokens_per_minute", count(offer.output_tokens_per_minute));
    out.optional(at, "output_weight", offer.output_weight_millionths.map(millionths));
    out.optional(at, "cached_weight", offer.cached_weight_millionths.map(millionths));
    out.line(at, &format!("minimum_units: {}", offer.minimum_units));
    out.line(at, &format!("increment_units: {}", offer.increment_units));
    out.optional(at, "maximum_prompt_tokens", count(offer.maximum_prompt_tokens));
    out.list(at, "terms", &offer.terms, |out, at, term| {
        let commitment = term.commitment.map_or("none".to_owned(), |length| length.to_string());
        out.pair(at, "commitment", &commitment);
        out.line(at, &format!("price: {}", term.price));
        out.line(at, &format!("per: {}", term.per.map_or("term", |length| length.unit.name())));
    });
    out.line(at, &format!("from: {}", offer.from));
    out.optional(at, "until", offer.until.map(|until| until.to_string()));
    out.citation(at, &offer.source);
}

fn usage_tier(out: &mut Text, at: usize, tier: &UsageTier) {
    out.pair(at, "name", &tier.name);
    out.optional(at, "paid_usd", tier.paid_usd.map(|amount| amount.to_string()));
    out.optional(at, "days", tier.days.map(|days| days.to_string()));
    out.optional(at, "monthly_cap_usd", tier.monthly_cap_usd.map(|amount| amount.to_string()));
    out.line(at, &format!("from: {}", tier.from));
    out.citation(at, &tier.source);
}

fn enforcement(out: &mut Text, at: usize, entry: &Enforcement) {
    out.line(at, &format!("from: {}", entry.from));
    for (key, windows) in
        [("requests_over_s", &entry.requests_over_s), ("tokens_over_s", &entry.tokens_over_s)]
    {
        let shown: Vec<String> = windows.iter().map(u64::to_string).collect();
        out.optional(at, key, (!shown.is_empty()).then(|| format!("[{}]", shown.join(", "))));
    }
    out.optional(at, "reserves_max_tokens", entry.reserves_max_tokens.map(|word| word.to_string()));
    out.optional(at, "counts_larger", entry.counts_larger.map(|word| word.to_string()));
    out.optional(at, "rejected_count", entry.rejected_count.map(|word| word.to_string()));
    out.citation(at, &entry.source);
}

fn rate_limit(out: &mut Text, at: usize, limit: &RateLimit) {
    out.line(at, &format!("from: {}", limit.from));
    out.optional(at, "until", limit.until.map(|until| until.to_string()));
    out.optional(at, "usage_tier", limit.usage_tier.as_deref().map(quoted));
    for (key, list) in [("tiers", &limit.tiers), ("regions", &limit.regions)] {
        out.optional(at, key, (!list.is_empty()).then(|| names(list)));
    }
    let figures = [
        ("above_tokens", limit.above_tokens),
        ("requests_per_minute", limit.requests_per_minute),
        ("tokens_per_minute", limit.tokens_per_minute),
        ("concurrency", limit.concurrency),
        ("batch_queue_tokens", limit.batch_queue_tokens),
    ];
    for (key, figure) in figures {
        out.optional(at, key, figure.map(|figure| figure.to_string()));
    }
    out.citation(at, &limit.source);
}
