//! Small trainings, so that schemes are compared under one recipe: on the built-in digits (seconds
//! each, no download), or on a part of Fashion-MNIST where its files are given.

use std::{path::PathBuf, sync::atomic::AtomicBool};

use crate::{
    Error, Result,
    quant::{Assignment, QuantizeOptions, Scheme},
    train::{
        ActivationKind, Quantizer, Recipe, Rule, Schedule, Session, Surrogate,
        data::{Dataset, DatasetKind, DatasetSource},
    },
    workload::{Workload, parse, shipped, with_width},
};

/// Images of Fashion-MNIST that a training sees: a fifth, so that it ends within a minute.
pub const FASHION_IMAGES: usize = 12_000;

/// What is trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// The built-in digits, with a ResNet-8.
    Digits,
    /// The first [`FASHION_IMAGES`] of Fashion-MNIST in a folder, with a ResNet-8.
    FashionMnist(PathBuf),
}

/// One training.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Images, and the network for them.
    pub data: Data,
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
pub(super) fn network(setting: &Setting) -> Result<Workload> {
    let name = match setting.data {
        Data::Digits => "resnet8-digits",
        Data::FashionMnist(_) => "resnet8-fashion-mnist",
    };
    let text = shipped().iter().find(|(own, _)| *own == name).map(|(_, text)| *text);
    let text = text.ok_or_else(|| Error::Internal(format!("`{name}` is not shipped")))?;
    with_width(&parse(&format!("{name}.toml"), text, std::path::Path::new(""))?, setting.width)
}

fn source(data: &Data) -> DatasetSource {
    let (kind, folder) = match data {
        Data::Digits => (DatasetKind::Digits, PathBuf::new()),
        Data::FashionMnist(folder) => (DatasetKind::FashionMnist, folder.clone()),
    };
    DatasetSource { kind, folder }
}

fn limit(data: &Data) -> Option<usize> {
    matches!(data, Data::FashionMnist(_)).then_some(FASHION_IMAGES)
}

/// The images of a setting.
pub(super) fn dataset(setting: &Setting) -> Result<Dataset> {
    let mut dataset = source(&setting.data).load()?;
    dataset.limit(limit(&setting.data));
    Ok(dataset)
}

/// The defaults of `signloop train`.
pub(super) fn recipe(setting: &Setting) -> Recipe {
    let options = QuantizeOptions {
        scheme: setting.scheme,
        assignment: setting.assignment,
        ..QuantizeOptions::default()
    };
    Recipe {
        quantizer: Some(Quantizer { options, surrogate: setting.surrogate }),
        activation: ActivationKind::Relu,
        epochs: setting.epochs,
        batch: 64,
        rule: Rule::Adam,
        rate: 0.003,
        schedule: Schedule::OneCycle,
        weight_decay: 1e-4,
        augmentation: source(&setting.data).kind.augmentation(),
        teacher: None,
        limit: limit(&setting.data),
        seed: setting.seed,
    }
}

/// Trains in a folder that is gone afterwards.
///
/// # Errors
/// The folder cannot be made, or the training fails.
pub fn train(setting: &Setting) -> Result<Trained> {
    let (workload, dataset, recipe) = (network(setting)?, dataset(setting)?, recipe(setting));
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
