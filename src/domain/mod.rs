//! Words and units that every room shares: money, numbers, months, route names, places in source
//! files, problems. Nothing here reads a file or knows what a provider is.

pub mod document;
pub mod format;
pub mod money;
pub mod normal;
pub mod number;
pub mod problem;
pub mod quantity;
pub mod route;
pub mod time;
