//! The price files as one flat table, for engines that join and do not look up.
//!
//! Every row is a box: a route by one of its names, a span of time, weekdays, minutes of the day and a span of
//! input tokens. The boxes of a route do not overlap and leave out only what has no price, so a join finds one
//! row at most. Hours of the day are cut into disjoint spans of minutes, and the days on which a calendar
//! closes them are spans of time of their own.

use super::{
    BandMode, Catalogue, Citation, Component, Offer, Price, PriceEntry, RateCard, Rates, Status, Window,
};
use crate::domain::money::Rate;
use crate::domain::route::RouteId;
use crate::domain::time::{DAY_SECONDS, Instant};

/// Minutes in a day.
const DAY_MINUTES: u32 = 24 * 60;
/// The first Monday after 1970-01-01, in days: any week shows which minutes a window is open.
const A_MONDAY: i64 = 4;

/// One row of the flat table.
#[derive(Clone, Debug, PartialEq)]
pub struct FlatPrice<'a> {
    /// The provider in routes.
    pub provider: &'a str,
    /// The model by this name: its own or an alias.
    pub model: &'a str,
    /// The model's own name.
    pub model_id: &'a str,
    /// The tier.
    pub tier: &'a str,
    /// The region.
    pub region: &'a str,
    /// Whether a route without a region means this one.
    pub is_default_region: bool,
    /// Since when the row holds.
    pub from: Instant,
    /// Until when, that second not included; open where `None`.
    pub until: Option<Instant>,
    /// The time of day's name; `None` outside of all.
    pub window: Option<&'a str>,
    /// On which weekdays of UTC it holds, Monday first.
    pub weekdays: [bool; 7],
    /// The minutes of the UTC day: the first, and the one after the last.
    pub minutes: (u32, u32),
    /// The fewest input tokens of a request in the band.
    pub tokens_from: u64,
    /// The most; open where `None`.
    pub tokens_to: Option<u64>,
    /// How the band's prices are applied.
    pub mode: FlatMode,
    /// The rates by component, `None` where none is published. Reasoning without a price has that of output.
    pub rates: [Option<Rate>; Component::COUNT],
    /// On the list, announced or made up.
    pub status: Status,
    /// By whose word.
    pub source: &'a Citation,
}

impl FlatPrice<'_> {
    /// The route, always with its region: `azure/gpt-5.4:batch@global`.
    pub fn route(&self) -> String {
        let route = RouteId {
            provider: self.provider.to_owned(),
            model: self.model.to_owned(),
            tier: self.tier.to_owned(),
            region: Some(self.region.to_owned()),
        };
        route.to_string()
    }

    /// Its weekdays as seven digits, Monday first: `1111100`.
    pub fn weekday_text(&self) -> String {
        self.weekdays.map(|holds| if holds { '1' } else { '0' }).into_iter().collect()
    }
}

/// How the prices of a row are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlatMode {
    /// To the whole request.
    WholeRequest,
    /// To the part of the prompt that lies in the band.
    Graduated,
    /// Not at all: prompts of this length are not sold.
    NotSold,
}

impl FlatMode {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            FlatMode::WholeRequest => "whole_request",
            FlatMode::Graduated => "graduated",
            FlatMode::NotSold => "not_sold",
        }
    }
}

/// The rows of some routes under all names of their models, in the order of the routes and of time. Routes
/// without a usable price (an unknown one, or one in another currency without its rate) have none.
pub fn flat_prices<'a>(catalogue: &'a Catalogue, routes: &'a [RouteId]) -> Vec<FlatPrice<'a>> {
    let offers = routes.iter().filter_map(|route| catalogue.offer(route).ok());
    offers.flat_map(rows_of).collect()
}

fn rows_of(offer: Offer<'_>) -> Vec<FlatPrice<'_>> {
    let own = own_rows(offer);
    let names = std::iter::once(&offer.model.id).chain(&offer.model.aliases);
    names.flat_map(|name| own.iter().map(|row| FlatPrice { model: name, ..row.clone() })).collect()
}

/// The rows under the model's own name.
fn own_rows(offer: Offer<'_>) -> Vec<FlatPrice<'_>> {
    let history = offer.history();
    let mut rows = Vec::new();
    for (at, entry) in history.iter().enumerate() {
        let next = history.get(at + 1).map(|next| next.from);
        let until = entry.until.into_iter().chain(next).min();
        if until.is_some_and(|until| until <= entry.from) {
            continue;
        }
        let week = Week::of(entry);
        for (from, until, closed) in stretches(entry, until) {
            for hours in week.hours(&closed) {
                rows.extend(card_rows(offer, entry, (from, until), &hours));
            }
        }
    }
    rows
}

/// The bands of the card that holds in some hours.
fn card_rows<'a>(
    offer: Offer<'a>,
    entry: &'a PriceEntry,
    (from, until): (Instant, Option<Instant>),
    hours: &Hours,
) -> Vec<FlatPrice<'a>> {
    let window: Option<&Window> = hours.window.map(|index| &entry.windows[index]);
    let card: &RateCard = window.map_or(&entry.card, |window| &window.card);
    let row = |tokens_from, tokens_to, mode, rates| FlatPrice {
        provider: &offer.provider.id,
        model: &offer.model.id,
        model_id: &offer.model.id,
        tier: offer.tier,
        region: offer.region,
        is_default_region: offer.region == offer.provider.default_region,
        from,
        until,
        window: window.map(|window| window.name.as_str()),
        weekdays: hours.weekdays,
        minutes: hours.minutes,
        tokens_from,
        tokens_to,
        mode,
        rates,
        status: entry.status,
        source: &entry.source,
    };
    let mode = match card.mode {
        BandMode::WholeRequest => FlatMode::WholeRequest,
        BandMode::Graduated => FlatMode::Graduated,
    };
    let mut rows = Vec::new();
    let mut begun = Some(0);
    for band in &card.bands {
        let Some(low) = begun else { break };
        rows.push(row(low, band.up_to, mode, rates(&band.rates)));
        begun = band.up_to.and_then(|most| most.checked_add(1));
    }
    // What follows a last band that ends is a row as well, so that a join tells such prompts from other times.
    if let Some(low) = begun {
        rows.push(row(low, None, FlatMode::NotSold, [None; Component::COUNT]));
    }
    rows
}

/// What a bill would take: reasoning is output where it has no price of its own and none is refused.
fn rates(rates: &Rates) -> [Option<Rate>; Component::COUNT] {
    Component::ALL.map(|component| match (component, rates.price(component)) {
        (Component::Reasoning, Price::Unknown) => rates.rate(Component::Output),
        (_, price) => price.rate(),
    })
}

/// Times of the week at which one card holds.
struct Hours {
    window: Option<usize>,
    weekdays: [bool; 7],
    minutes: (u32, u32),
}

/// The windows of an entry without their calendars.
struct Week {
    windows: Vec<Window>,
    /// The minutes of the day at which some window may open or close, with both ends of the day.
    steps: Vec<u32>,
}

impl Week {
    fn of(entry: &PriceEntry) -> Self {
        let free = |window: &Window| Window { except: None, ..window.clone() };
        let windows: Vec<Window> = entry.windows.iter().map(free).collect();
        let ends = windows.iter().flat_map(|window| &window.spans).flat_map(|&(from, to)| [from, to]);
        let mut steps: Vec<u32> = ends.chain([0, DAY_MINUTES]).collect();
        steps.sort_unstable();
        steps.dedup();
        Week { windows, steps }
    }

    /// The week in disjoint parts, without the windows that are closed.
    fn hours(&self, closed: &[bool]) -> Vec<Hours> {
        let mut parts: Vec<Hours> = Vec::new();
        for day in 0..7 {
            for (window, minutes) in self.day(day, closed) {
                match parts.iter_mut().find(|part| part.window == window && part.minutes == minutes) {
                    Some(part) => part.weekdays[day] = true,
                    None => {
                        let mut weekdays = [false; 7];
                        weekdays[day] = true;
                        parts.push(Hours { window, weekdays, minutes });
                    }
                }
            }
        }
        parts
    }

    /// A day's spans of minutes with the window that is open in each.
    fn day(&self, day: usize, closed: &[bool]) -> Vec<(Option<usize>, (u32, u32))> {
        let mut spans: Vec<(Option<usize>, (u32, u32))> = Vec::new();
        for step in self.steps.windows(2) {
            let seconds = (A_MONDAY + day as i64) * DAY_SECONDS + i64::from(step[0]) * 60;
            let instant = Instant::from_unix_seconds(seconds);
            let mut windows = self.windows.iter().zip(closed);
            let open = windows.position(|(window, closed)| !closed && window.is_open(instant));
            match spans.last_mut() {
                Some((window, (_, end))) if *window == open => *end = step[1],
                _ => spans.push((open, (step[0], step[1]))),
            }
        }
        spans
    }
}

/// An entry's time in stretches in which the same windows are closed by their calendars.
fn stretches(entry: &PriceEntry, until: Option<Instant>) -> Vec<(Instant, Option<Instant>, Vec<bool>)> {
    let calendars = || entry.windows.iter().filter_map(|window| window.except.as_ref());
    let turns = calendars().flat_map(|calendar| {
        let start = |day: i64| Instant::from_unix_seconds(day * DAY_SECONDS - calendar.utc_offset_seconds);
        calendar.days.iter().flat_map(move |&day| [start(day), start(day + 1)])
    });
    let inside = |at: &Instant| *at > entry.from && until.is_none_or(|until| *at < until);
    let mut turns: Vec<Instant> = turns.filter(inside).chain([entry.from]).collect();
    turns.sort_unstable();
    turns.dedup();
    let closed_at = |at: Instant| -> Vec<bool> {
        let closed = |window: &Window| window.except.as_ref().is_some_and(|calendar| calendar.holds(at));
        entry.windows.iter().map(closed).collect()
    };
    let mut stretches: Vec<(Instant, Option<Instant>, Vec<bool>)> = Vec::new();
    for at in turns {
        let closed = closed_at(at);
        match stretches.last_mut() {
            Some((_, _, before)) if *before == closed => continue,
            Some((_, end, _)) => *end = Some(at),
            None => {}
        }
        stretches.push((at, until, closed));
    }
    stretches
}
