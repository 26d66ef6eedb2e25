//! The charts: each file takes plain numbers and returns one finished SVG.
//!
//! Kept apart so that the plotting crate stays behind one door. A chart does not compute statistics, read
//! files or know the report: its title states the finding that its own numbers show, its subtitle says how
//! to read it, its foot says where it comes from. The bottom layer is shared: what words measure (`text`),
//! where money lies (`scale`), where labels go (`spread`, `stairs`, `rows`, `page`, `plot`, `months`), how it is drawn
//! (`canvas`, `budget`, `style`). Nothing in it knows a particular chart.

pub mod cache_fit;
pub mod commitment;
pub mod components;
pub mod days_fit;
pub mod difference;
pub mod distribution;
pub mod exceedance;
pub mod fan;
pub mod glance;
pub mod heat_map;
pub mod hindsight;
pub mod laws_fit;
pub mod layers;
pub mod load;
pub mod margin;
pub mod memory_fit;
pub mod overlay;
pub mod png;
pub mod premium;
pub mod ranks;
pub mod refusals;
pub mod shape_fit;
pub mod style;
pub mod tornado;
pub mod unit_costs;

mod budget;
mod canvas;
mod check;
mod months;
mod page;
mod plot;
mod reading;
mod rows;
mod scale;
mod spread;
mod stairs;
mod text;
mod words;

#[cfg(test)]
mod capacity_laws;
#[cfg(test)]
mod laws;

/// One finished chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The stem of the file to write, such as `glance`.
    pub name: String,
    /// The finding, as a sentence.
    pub title: String,
    /// One or two sentences for people who cannot see the picture; also in the SVG's `<desc>`.
    pub description: String,
    /// The picture: a complete SVG document without ids, safe to inline several times into one page.
    pub svg: String,
}
