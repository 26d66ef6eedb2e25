//! Token sums by model, day and band, and their exact price.

use super::plan::{MOST_ENDS, Prices, Unfit};
use crate::billing::{BillError, Usage, price_together};
use crate::domain::money::Usd;
use crate::usage::read::Reading;

/// The most pairs of a model and a day; about 85 MB.
const MOST_BLOCKS: usize = 250_000;

/// The most models.
const MOST_MODELS: usize = 1_024;

/// No block yet.
const NONE: u32 = u32::MAX;

/// The counts of one row that are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All input tokens.
    pub input: u64,
    /// Those that a cache served.
    pub cached: u64,
    /// Those written to a cache.
    pub written: u64,
    /// All output tokens.
    pub output: u64,
    /// Those that were reasoning.
    pub reasoning: u64,
}

impl Counts {
    /// Whether parts fit into what they are part of.
    #[inline]
    pub fn fit(&self) -> bool {
        (self.cached + self.written <= self.input) & (self.reasoning <= self.output)
    }

    fn usage(&self) -> Usage {
        let Counts { input, cached, written, output, reasoning } = *self;
        Usage { input, cached, written, output, reasoning, ..Usage::NONE }
    }
}

/// What the requests of one band of a model and a day add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many they are.
    pub requests: u64,
    /// Their tokens.
    pub tokens: Counts,
}

impl Tally {
    #[inline]
    pub(super) fn add(&mut self, counts: &Counts) {
        self.requests += 1;
        self.tokens.input += counts.input;
        self.tokens.cached += counts.cached;
        self.tokens.written += counts.written;
        self.tokens.output += counts.output;
        self.tokens.reasoning += counts.reasoning;
    }
}

impl Tally {
    fn merge(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.tokens.input += other.tokens.input;
        self.tokens.cached += other.tokens.cached;
        self.tokens.written += other.tokens.written;
        self.tokens.output += other.tokens.output;
        self.tokens.reasoning += other.tokens.reasoning;
    }
}

#[cfg(feature = "parquet")]
impl Tally {
    /// Adds all of `whole` that is not in `part`.
    #[inline]
    pub(super) fn join(&mut self, whole: &Tally, part: &Tally) {
        self.requests += whole.requests - part.requests;
        self.tokens.input += whole.tokens.input - part.tokens.input;
        self.tokens.cached += whole.tokens.cached - part.tokens.cached;
        self.tokens.written += whole.tokens.written - part.tokens.written;
        self.tokens.output += whole.tokens.output - part.tokens.output;
        self.tokens.reasoning += whole.tokens.reasoning - part.tokens.reasoning;
    }
}

/// The sums of a model and a day.
#[derive(Clone, Debug)]
pub(super) struct Block {
    model: usize,
    day: i64,
    /// The upper ends of the bands.
    pub ends: [u64; MOST_ENDS],
    /// One for each band, and one for what lies above the last of as many bands as there can be.
    pub tallies: [Tally; MOST_ENDS + 1],
}

impl Block {
    /// Adds a row to its band, which is as many as there are ends below its input.
    #[inline]
    pub fn add(&mut self, counts: &Counts) {
        let mut band = 0;
        // Most prompts are short, which the processor learns to guess.
        if counts.input > self.ends[0] {
            band = self.ends.iter().map(|end| usize::from(counts.input > *end)).sum();
        }
        self.tallies[band].add(counts);
    }
}

/// A model as the log names it.
#[derive(Clone, Debug)]
struct Model {
    name: Option<String>,
    prices: Option<Prices>,
    /// The day of the first of `blocks`.
    first: i64,
    /// The place of each day's block, or [`NONE`].
    blocks: Vec<u32>,
}

/// The block of a model that was met last.
#[derive(Clone, Copy, Debug)]
struct Last {
    day: i64,
    place: u32,
}

/// A table of requests as sums.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    models: Vec<Model>,
    /// Of every model, where rows last were added: most rows follow one of the same day.
    lasts: Vec<Last>,
    blocks: Vec<Block>,
    /// What no sum is above.
    bound: u64,
    /// The account of the reading.
    pub reading: Option<Reading>,
}

/// The sums of one model, day and band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The model as the log names it, where it does and matters.
    pub model: Option<&'a str>,
    /// Days since 1970-01-01; 0 where days are not told apart.
    pub day: i64,
    /// The band, by its place on the card.
    pub band: usize,
    /// What its requests add up to.
    pub tally: Tally,
}

/// What a model's requests of a day cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The model as the log names it, where it does and matters.
    pub model: Option<&'a str>,
    /// Days since 1970-01-01; 0 where days are not told apart.
    pub day: i64,
    /// How many requests.
    pub requests: u64,
    /// Those above the base band.
    pub crossing: u64,
    /// Their tokens.
    pub tokens: Counts,
    /// What all of them cost, exactly, and what of it is owed to long prompts; or why some cannot be priced.
    pub amount: Result<(Usd, Usd), Unpriced>,
}

/// Why sums have no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpriced {
    /// The model is not known.
    Unknown,
    /// No price of the model is known for the day.
    Day,
    /// The card does not sell it. Some of the requests may have a price: bill them one by one.
    Bill(BillError),
}

impl Sums {
    /// The place of a new model.
    ///
    /// # Errors
    /// When there would be too many.
    pub(super) fn model(&mut self, name: Option<&str>, prices: Option<Prices>) -> Result<usize, Unfit> {
        if self.models.len() >= MOST_MODELS {
            return Err(Unfit::ManySums);
        }
        let name = name.map(str::to_owned);
        self.models.push(Model { name, prices, first: 0, blocks: Vec::new() });
        self.lasts.push(Last { day: i64::MIN, place: NONE });
        Ok(self.models.len() - 1)
    }

    /// How many models there are.
    #[cfg(feature = "parquet")]
    pub(super) fn models(&self) -> usize {
        self.models.len()
    }

    /// Where a model of that name is.
    pub(super) fn find(&self, name: Option<&str>) -> Option<usize> {
        self.models.iter().position(|model| model.name.as_deref() == name)
    }

    /// The block of a model and a day.
    ///
    /// # Errors
    /// When there would be too many.
    #[inline]
    pub(super) fn block(&mut self, model: usize, day: i64) -> Result<&mut Block, Unfit> {
        let last = self.lasts[model];
        let place = if last.day == day { last.place } else { self.search(model, day)? };
        self.blocks.get_mut(place as usize).ok_or(Unfit::ManySums)
    }

    fn search(&mut self, model: usize, day: i64) -> Result<u32, Unfit> {
        let known = &self.models[model];
        let place = usize::try_from(day - known.first).ok().and_then(|at| known.blocks.get(at));
        let place = match place {
            Some(&place) if place != NONE => place,
            _ => self.open(model, day)?,
        };
        self.lasts[model] = Last { day, place };
        Ok(place)
    }

    #[cold]
    fn open(&mut self, model: usize, day: i64) -> Result<u32, Unfit> {
        if self.blocks.len() >= MOST_BLOCKS {
            return Err(Unfit::ManySums);
        }
        let known = &mut self.models[model];
        if known.blocks.is_empty() {
            known.first = day;
        }
        if day < known.first {
            let before = usize::try_from(known.first - day).map_err(|_| Unfit::ManySums)?;
            known.blocks.splice(..0, std::iter::repeat_n(NONE, before));
            known.first = day;
        }
        let at = usize::try_from(day - known.first).map_err(|_| Unfit::ManySums)?;
        if at >= known.blocks.len() {
            known.blocks.resize(at + 1, NONE);
        }
        let place = self.blocks.len() as u32;
        known.blocks[at] = place;
        let ends = known.prices.as_ref().map_or([u64::MAX; MOST_ENDS], |prices| prices.ends(day));
        self.blocks.push(Block { model, day, ends, tallies: Default::default() });
        Ok(place)
    }

    /// Allows for `most` more tokens in every sum.
    ///
    /// # Errors
    /// When a sum could leave 64 bits.
    #[inline]
    pub(super) fn allow(&mut self, most: u64) -> Result<(), Unfit> {
        self.bound = self.bound.checked_add(most).ok_or(Unfit::TooLarge)?;
        Ok(())
    }

    /// All sums, by model in the order of the log, by day, by band.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.ordered().into_iter().flat_map(|block| {
            let model = self.models[block.model].name.as_deref();
            let used = block.tallies.iter().enumerate().filter(|(_, tally)| tally.requests > 0);
            used.map(move |(band, tally)| Cell { model, day: block.day, band, tally: *tally })
        })
    }

    /// The exact bill, by model in the order of the log, by day.
    pub fn bill(&self) -> Vec<Line<'_>> {
        self.ordered().into_iter().map(|block| self.line(block)).collect()
    }

    fn ordered(&self) -> Vec<&Block> {
        let used = |block: &&Block| block.tallies.iter().any(|tally| tally.requests > 0);
        let mut blocks: Vec<&Block> = self.blocks.iter().filter(used).collect();
        blocks.sort_by_key(|block| (block.model, block.day));
        blocks
    }

    fn line<'a>(&'a self, block: &'a Block) -> Line<'a> {
        let model = &self.models[block.model];
        let used = || block.tallies.iter().enumerate().filter(|(_, tally)| tally.requests > 0);
        let mut all = Tally::default();
        used().for_each(|(_, tally)| all.merge(tally));
        let crossing = all.requests - block.tallies[0].requests;
        let price = |card| {
            used().try_fold((Usd::ZERO, Usd::ZERO), |(total, premium), (band, tally)| {
                let (amount, dearer) = price_together(card, band, &tally.tokens.usage())?;
                Ok((total + amount, premium + dearer))
            })
        };
        let amount = match model.prices.as_ref().map(|prices| prices.card(block.day)) {
            None => Err(Unpriced::Unknown),
            Some(None) => Err(Unpriced::Day),
            Some(Some(card)) => price(card).map_err(Unpriced::Bill),
        };
        Line {
            model: model.name.as_deref(),
            day: block.day,
            requests: all.requests,
            crossing,
            tokens: all.tokens,
            amount,
        }
    }
}
