//! Small trainings on the built-in digits: seconds each, so that schemes are compared under one
//! recipe without any download.

use std::sync::atomic::AtomicBool;

use crate::{
    Error, Result,
    quant::{Assignment, QuantizeOptions, Scheme},
    train::{
        ActivationKind, Quantizer, Recipe, Rule, Schedule, Session, Surrogate,
        data::{DatasetKind, DatasetSource},
    },
    workload::{Workload, parse, shipped, with_width},
};

/// One training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Scheme of the quantised layers.
    pub scheme: Scheme,
    /// Channels of the first stage; the others have twice and four times as many.
    pub width: u64,
    /// Stand-in for the derivative.
    pub surrogate: Surrogate,
    /// Which filters are {0,+1}.
    pub assignment: Assignment,
    /// Passes over the images.
    pub epochs: u64,
    /// Seed of weights, order and augmentation.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trained {
    /// Share of the test images classified rightly after the last epoch.
    pub accuracy: f64,
    /// Effectual share of the quantised weights.
    pub density: f64,
    /// Effectual parameters.
    pub effectual: f64,
}

/// The shipped network at another width.
fn network(width: u64) -> Result<Workload> {
    let text = shipped().iter().find(|(name, _)| *name == "resnet8-digits").map(|(_, text)| *text);
    let text = text.ok_or_else(|| Error::Internal("`resnet8-digits` is not shipped".into()))?;
    with_width(&parse("resnet8-digits.toml", text, std::path::Path::new(""))?, width)
}

/// Trains in a folder that is gone afterwards.
///
/// # Errors
/// The folder cannot be made, or the training fails.
pub fn train(setting: &Setting) -> Result<Trained> {
    let workload = network(setting.width)?;
    let source = DatasetSource { kind: DatasetKind::Digits, folder: std::path::PathBuf::new() };
    let dataset = source.load()?;
    let options = QuantizeOptions {
        scheme: setting.scheme,
        assignment: setting.assignment,
        ..QuantizeOptions::default()
    };
    // The defaults of `signloop train`.
    let recipe = Recipe {
        quantizer: Some(Quantizer { options, surrogate: setting.surrogate }),
        activation: ActivationKind::Relu,
        epochs: setting.epochs,
        batch: 64,
        rule: Rule::Adam,
        rate: 0.003,
        schedule: Schedule::OneCycle,
        weight_decay: 1e-4,
        augmentation: source.kind.augmentation(),
        teacher: None,
        limit: None,
        seed: setting.seed,
    };
    let folder =
        tempfile::tempdir().map_err(|error| Error::io("create", &std::env::temp_dir(), error))?;
    let mut session = Session::new(&workload, &dataset, &recipe, None, folder.path(), false)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    let last = session.log().last();
    let last = last.ok_or_else(|| Error::Internal("a training without an epoch".into()))?;
    let weights: u64 =
        workload.quantized_layers().map(|layer| layer.shape.weight_shape().len() as u64).sum();
    Ok(Trained {
        accuracy: last.test_accuracy,
        density: last.density,
        effectual: (last.density * weights as f64).round(),
    })
}
