//! `signloop data`.

use std::fmt::Write as _;

use super::common::emit;
use signloop_base::Result;
use signloop_train::data::{DatasetKind, DatasetSource, Images};

/// Arguments of `signloop data`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(help = format!("Data sets to read and check: {}", DatasetKind::forms()))]
    check: Vec<String>,
}

/// Tells how to get each data set, or checks those named.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let mut text = String::new();
    if arguments.check.is_empty() {
        for kind in DatasetKind::ALL {
            let name = kind.form();
            let _ = writeln!(text, "{name}\n  {}\n  {}", kind.description(), kind.instructions());
        }
        let _ = writeln!(text, "\n`signloop data NAME:DIR` reads the files and checks them.");
    }
    for name in &arguments.check {
        let dataset = name.parse::<DatasetSource>()?.load()?;
        let (height, width, channels) = dataset.shape;
        let _ = writeln!(text, "{}: {channels}x{height}x{width}", dataset.name);
        for (part, images) in [("train", &dataset.train), ("test", &dataset.test)] {
            let counts = class_counts(images, dataset.classes);
            let (least, most) = (counts.iter().min(), counts.iter().max());
            let _ = writeln!(
                text,
                "  {part}: {} images, {}..{} a class",
                images.len(),
                least.copied().unwrap_or_default(),
                most.copied().unwrap_or_default()
            );
        }
        let list = |values: &[f32]| {
            let values: Vec<String> = values.iter().map(|value| format!("{value:.2}")).collect();
            values.join(", ")
        };
        let (mean, deviation) = (list(&dataset.mean), list(&dataset.deviation));
        let _ = writeln!(text, "  pixels: mean {mean}, standard deviation {deviation}");
    }
    emit(&text, None)
}

fn class_counts(images: &Images, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for label in &images.labels {
        counts[usize::from(*label)] += 1;
    }
    counts
}
