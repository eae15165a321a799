//! The bar of `train`.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::train::Progress;

/// A bar over all epochs' images, on standard error.
pub(super) fn progress_bar(epochs: u64) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{prefix} {wide_bar} {percent:>3}% {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(format!("{epochs} epochs"));
    bar
}

/// Shows where a run stands.
pub(super) fn show(bar: &ProgressBar, progress: &Progress<'_>) {
    let (done, all) = progress.images;
    bar.set_length(all);
    bar.set_position(done);
    let left = (all - done) as f64 / progress.images_per_second.max(1e-9);
    let test = progress
        .last
        .map_or(String::new(), |row| format!(" test {:.2} %", 100.0 * row.test_accuracy));
    bar.set_message(format!(
        "{:.0} images/s loss {:.4} train {:.2} %{test} density {:.3} ETA {}",
        progress.images_per_second,
        progress.score.mean_loss(),
        100.0 * progress.score.accuracy(),
        progress.density,
        indicatif::HumanDuration(Duration::from_secs_f64(left.min(1e9)))
    ));
}
