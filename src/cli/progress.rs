//! A progress bar on standard error, where that is a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar.
pub type Bar = ProgressBar;

/// Does something whose end is not known, with a spinner beside it that says what.
pub fn spin<T>(what: &'static str, quiet: bool, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::with_draw_target(None, target(quiet)).with_message(what);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let done = work();
    spinner.finish_and_clear();
    done
}

fn target(quiet: bool) -> ProgressDrawTarget {
    let visible = !quiet && std::io::stderr().is_terminal();
    if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// A bar over `trials`, hidden where nobody would see it.
pub fn bar(trials: u64, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(trials), target(quiet));
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} trials, {eta} left");
    // The template is a constant; a broken one would only cost the bar its looks.
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
