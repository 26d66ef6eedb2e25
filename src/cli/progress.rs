//! A progress bar on standard error, where that is a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar.
pub type Bar = ProgressBar;

/// A bar over `trials`, hidden where nobody would see it.
pub fn bar(trials: u64, quiet: bool) -> ProgressBar {
    let visible = !quiet && std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(trials), target);
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} trials, {eta} left");
    // The template is a constant; a broken one would only cost the bar its looks.
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
