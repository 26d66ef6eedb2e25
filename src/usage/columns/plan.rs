//! Which prices hold on which day: what has to be known of a model before its rows can be summed.

use std::fmt;

use crate::catalogue::{BandMode, Offer, RateCard};
use crate::domain::time::{Instant, utc_day_and_minute};

/// The most ends of bands that one day of one model is told apart by.
pub const MOST_ENDS: usize = 4;

/// The cards of one model, each with the UTC days on which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// By their first days; what precedes the first one has no price.
    stretches: Vec<Stretch>,
}

/// From a day to the beginning of the next stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    /// Days since 1970-01-01.
    from: i64,
    /// The card, `None` where no price is known.
    card: Option<RateCard>,
}

/// Why rows have to be billed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A price changes within a UTC day.
    WithinADay,
    /// Parts of a prompt have different prices.
    Graduated,
    /// There are more bands than are told apart.
    ManyBands,
    /// The log is no plain table, or is in a format of its own.
    Format,
    /// A column says more than can be summed: an id that tells doubles, a price, a number of requests, a tier.
    Column,
    /// There are more different models and days than are kept.
    ManySums,
    /// The sums leave 64 bits.
    TooLarge,
    /// The file is packed or written in a way that is not read here.
    Packing,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::WithinADay => "a price changes within a UTC day",
            Unfit::Graduated => "parts of a prompt have different prices",
            Unfit::ManyBands => "there are more bands than are told apart in sums",
            Unfit::Format => "the log is no plain table",
            Unfit::Column => "a column of the log cannot be summed",
            Unfit::ManySums => "there are too many different models and days",
            Unfit::TooLarge => "the sums are too large",
            Unfit::Packing => "the file is written in a way that is not read here",
        })
    }
}

impl Prices {
    /// One card for ever.
    ///
    /// # Errors
    /// When its rows have to be billed one by one.
    pub fn one(card: &RateCard) -> Result<Prices, Unfit> {
        check(card)?;
        Ok(Prices { stretches: vec![Stretch { from: i64::MIN, card: Some(card.clone()) }] })
    }

    /// The cards of an offer through time, each after `change`, which may be a contract's.
    ///
    /// # Errors
    /// When a price changes within a day, or a card's rows have to be billed one by one.
    pub fn of(offer: Offer<'_>, change: impl Fn(&RateCard) -> RateCard) -> Result<Prices, Unfit> {
        let history = offer.history();
        if history.iter().any(|entry| !entry.windows.is_empty()) {
            return Err(Unfit::WithinADay);
        }
        let mut days = Vec::new();
        for instant in history.iter().flat_map(|entry| [Some(entry.from), entry.until]).flatten() {
            if instant.unix_seconds().rem_euclid(DAY_SECONDS) != 0 {
                return Err(Unfit::WithinADay);
            }
            days.push(utc_day_and_minute(instant).0);
        }
        days.sort_unstable();
        days.dedup();
        let mut stretches = vec![Stretch { from: i64::MIN, card: None }];
        for from in days {
            let slot = offer.slot_at(Instant::from_unix_seconds(from * DAY_SECONDS));
            let card = slot.map(|slot| change(offer.card(slot)));
            card.as_ref().map_or(Ok(()), check)?;
            stretches.push(Stretch { from, card });
        }
        Ok(Prices { stretches })
    }

    /// Whether one card holds for ever.
    pub fn is_one(&self) -> bool {
        self.stretches.len() == 1
    }

    /// The card of a day, if a price is known.
    pub fn card(&self, day: i64) -> Option<&RateCard> {
        self.stretches.iter().rev().find(|stretch| stretch.from <= day)?.card.as_ref()
    }

    /// The upper ends of the bands of a day; what is above the last one that is not `u64::MAX` is in the band
    /// after it.
    pub fn ends(&self, day: i64) -> [u64; MOST_ENDS] {
        let mut ends = [u64::MAX; MOST_ENDS];
        let bands = self.card(day).map_or(&[][..], |card| &card.bands);
        for (end, band) in ends.iter_mut().zip(bands) {
            *end = band.up_to.unwrap_or(u64::MAX);
        }
        ends
    }
}

const DAY_SECONDS: i64 = 86_400;

fn check(card: &RateCard) -> Result<(), Unfit> {
    if card.mode != BandMode::WholeRequest {
        Err(Unfit::Graduated)
    } else if card.bands.iter().filter(|band| band.up_to.is_some()).count() > MOST_ENDS {
        Err(Unfit::ManyBands)
    } else {
        Ok(())
    }
}

/// What the prices of a name in a log are; `None` where the catalogue does not know it.
pub type Find<'a> = dyn FnMut(Option<&str>) -> Result<Option<Prices>, Unfit> + 'a;

/// How the rows of a table are told apart.
pub enum Plan<'a> {
    /// All rows on the same prices, whatever model they name.
    Forced {
        /// The prices.
        prices: Prices,
        /// Whether days are told apart even where the price is the same.
        by_day: bool,
    },
    /// By the model that each names, or by none; a name is asked for once.
    ByModel(&'a mut Find<'a>),
}

impl Plan<'_> {
    /// Whether rows of different days have to be told apart.
    pub fn by_day(&self) -> bool {
        match self {
            Plan::Forced { prices, by_day } => *by_day || !prices.is_one(),
            Plan::ByModel(_) => true,
        }
    }
}
