//! Trains ResNet-8 with signed-binary weights on the built-in 8×8 digits: no download, seconds.
//!
//!     cargo run --release --example train_digits

use std::{path::Path, sync::atomic::AtomicBool};

use signloop::{
    Error, Result,
    network::{
        quant::{QuantizeOptions, Scheme},
        workload,
    },
    train::{
        ActivationKind, Quantizer, Recipe, Rule, Schedule, Session, Surrogate,
        data::{Augmentation, DatasetSource},
    },
};

fn main() -> Result<()> {
    let (document, folder) = workload::open(Path::new("resnet8-digits"))?;
    let network = workload::from_document(&document, &folder)?;
    let dataset = "digits".parse::<DatasetSource>()?.load()?;
    let options = QuantizeOptions { scheme: Scheme::SignedBinary, ..QuantizeOptions::default() };
    let recipe = Recipe {
        quantizer: Some(Quantizer { options, surrogate: Surrogate::Ede }),
        activation: ActivationKind::Relu,
        epochs: 4,
        batch: 64,
        rule: Rule::Adam,
        rate: 0.01,
        schedule: Schedule::Cosine,
        weight_decay: 0.0,
        clip: false,
        augmentation: Augmentation::default(),
        teacher: None,
        limit: None,
        seed: 1,
    };
    // Checkpoints and the log go here; a run that is stopped goes on from the last one.
    let out = tempfile::tempdir().map_err(|error| Error::io("make", Path::new("."), error))?;
    let mut session = Session::new(&network, &dataset, &recipe, None, out.path(), false)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    for row in session.log() {
        println!(
            "epoch {}: test accuracy {:.1} %, density {:.3}",
            row.epoch,
            100.0 * row.test_accuracy,
            row.density
        );
    }
    Ok(())
}
