//! Small trainings, so that schemes are compared under one recipe: on the built-in digits (seconds
//! each, no download), or on a part of Fashion-MNIST where its files are given.

use std::{path::PathBuf, sync::atomic::AtomicBool};

use super::Work;
use signloop_base::{Error, Result};
use signloop_network::{
    quant::{Assignment, QuantizeOptions, Scheme},
    workload::{Workload, parse, shipped, with_width},
};
use signloop_train::{
    ActivationKind, Quantizer, Recipe, Rule, Schedule, Session, Surrogate,
    data::{Dataset, DatasetKind, DatasetSource},
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
        clip: false,
        augmentation: source(&setting.data).kind.augmentation(),
        teacher: None,
        limit: limit(&setting.data),
        seed: setting.seed,
    }
}

impl Setting {
    /// A name that no other setting of an entry has.
    pub(super) fn name(&self, entry: &str) -> String {
        let surrogate = match self.surrogate {
            Surrogate::Ste => "ste",
            Surrogate::Ede => "ede",
        };
        let assignment = match self.assignment {
            Assignment::Half => "half".to_owned(),
            Assignment::Interleaved => "interleaved".to_owned(),
            Assignment::Random { seed } => format!("random{seed}"),
        };
        format!(
            "{entry}-{}-w{}-{surrogate}-{assignment}-e{}-s{}",
            self.scheme, self.width, self.epochs, self.seed
        )
    }
}

/// Trains, or goes on with, one setting of an entry.
///
/// # Errors
/// The folder cannot be made, holds another training, or the training fails.
pub fn train(setting: &Setting, entry: &str, work: &Work) -> Result<Trained> {
    let (workload, dataset, recipe) = (network(setting)?, dataset(setting)?, recipe(setting));
    let name = setting.name(entry);
    let room = work.room(&name)?;
    let mut session = Session::new(&workload, &dataset, &recipe, None, room.path(), true)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    work.ended(&name);
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use signloop_train::LOG;

    #[test]
    fn a_kept_training_is_not_done_twice() {
        let room = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |name: &str| heard.lock().unwrap().push(name.to_owned());
        let work = Work::new(Some(room.path().to_owned()), tell);
        let setting = Setting {
            data: Data::Digits,
            scheme: Scheme::SignedBinary,
            width: 4,
            surrogate: Surrogate::Ste,
            assignment: Assignment::Random { seed: 2 },
            epochs: 1,
            seed: 3,
        };
        let name = "test-signed-binary-w4-ste-random2-e1-s3";
        let first = train(&setting, "test", &work).unwrap();
        // The second run reads the epoch's speed from the log: a training would write another.
        let log = std::fs::read_to_string(room.path().join(name).join(LOG)).unwrap();
        assert_eq!(train(&setting, "test", &work).unwrap(), first);
        assert_eq!(std::fs::read_to_string(room.path().join(name).join(LOG)).unwrap(), log);
        assert_eq!(*told.lock().unwrap(), [name, name]);
        // Another training does not go on in its folder.
        let other = Setting { epochs: 2, ..setting };
        std::fs::rename(room.path().join(name), room.path().join(other.name("test"))).unwrap();
        assert!(train(&other, "test", &work).is_err());
    }
}
