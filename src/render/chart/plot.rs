//! A plain plot: an axis of counts, shares or money with zero on it at the left, its grid, and a base line.

use anyhow::Result;

use super::canvas::{Anchor, Canvas};
use super::scale::{Base, Scale};
use super::style::{AXIS, GRID, MARGIN, SMALL};
use super::text::width;

/// What the axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Shares, written in percent.
    Share,
    /// US dollars.
    Usd,
}

impl Unit {
    /// How many of the axis' steps one is.
    fn factor(self) -> f64 {
        if self == Unit::Share { 100.0 } else { 1.0 }
    }

    fn label(self, money: &str) -> String {
        match self {
            Unit::Count => money.replace('$', ""),
            Unit::Share => format!("{} %", money.replace('$', "")),
            Unit::Usd => money.to_owned(),
        }
    }
}

/// Where the plot goes.
pub struct Plot {
    /// Its left end.
    pub left: f64,
    /// Its right end.
    pub right: f64,
    /// The height of the lowest tick: zero, unless there are negative values.
    pub bottom: f64,
    /// The height of the highest tick.
    pub top: f64,
    scale: Scale,
    unit: Unit,
}

impl Plot {
    /// A plot in which all `values` have room, between two pixels of the page's height.
    pub fn new(values: &[f64], unit: Unit, page_width: f64, (bottom, top): (f64, f64)) -> Plot {
        let values: Vec<f64> = values.iter().map(|value| unit.factor() * value).collect();
        let scale = Scale::linear(&values, None, Base::Zero, (bottom, top), 46.0);
        let label = |label: &str| width(&unit.label(label), SMALL);
        let widest = scale.ticks().iter().map(|tick| label(&tick.label)).fold(0.0, f64::max);
        Plot { left: MARGIN + widest + 10.0, right: page_width - MARGIN, bottom, top, scale, unit }
    }

    /// The height of a value.
    pub fn y(&self, value: f64) -> f64 {
        self.scale.at(self.unit.factor() * value)
    }

    /// The place of the middle of column `at` of so many.
    pub fn column(&self, at: usize, columns: usize) -> f64 {
        self.left + (at as f64 + 0.5) * self.step(columns)
    }

    /// The width of one of so many columns.
    pub fn step(&self, columns: usize) -> f64 {
        (self.right - self.left) / columns as f64
    }

    /// Draws grid, numbers and base line.
    pub fn draw(&self, canvas: &mut Canvas) -> Result<()> {
        for tick in self.scale.ticks() {
            canvas.line((self.left, tick.at), (self.right, tick.at), 1.0, GRID)?;
            let label = self.unit.label(&tick.label);
            canvas.words((self.left - 8.0, tick.at + 4.0), Anchor::End, SMALL, &label)?;
        }
        canvas.line((self.left, self.bottom), (self.right, self.bottom), 1.2, AXIS)
    }

    /// Writes what the columns are below their labels.
    pub fn name(&self, canvas: &mut Canvas, words: &str) -> Result<()> {
        let middle = 0.5 * (self.left + self.right);
        canvas.words((middle, self.bottom + 34.0), Anchor::Middle, SMALL, words)
    }
}
