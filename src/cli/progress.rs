//! Bars and spinners on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A spinner on standard error; nothing where that is no terminal.
pub(super) fn spinner() -> ProgressBar {
    ProgressBar::new_spinner()
}

/// A bar of mappings scored, its length yet to be set; hidden where standard error is no terminal.
pub(super) fn search_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {per_sec}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// A bar on standard error once it takes long; nothing where that is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        if let Ok(style) =
            ProgressStyle::with_template("planning {wide_bar} {pos}/{len}, {elapsed}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    /// Sets how many results there will be.
    pub(super) fn expect(&self, results: u64) {
        self.0.set_length(results);
    }

    /// Counts one.
    pub(super) fn note(&self) {
        self.0.inc(1);
    }

    /// Clears the line.
    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}
