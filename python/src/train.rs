//! Training.

use std::{path::PathBuf, sync::Mutex};

use pyo3::{prelude::*, types::PyDict};
use signloop::train::{self as library, Job, Settings, data::DatasetSource, log::Row};

use crate::{
    errors::{OrRaise, caught},
    network::NetworkLike,
    quantize::QuantizeArgs,
    watch::{loaded, watched},
};

/// Settings of a run, as the command line names them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct TrainArgs {
    scheme: String,
    quantize: QuantizeArgs,
    surrogate: String,
    activation: String,
    teacher: Option<PathBuf>,
    teacher_share: f64,
    epochs: u64,
    batch: usize,
    optimizer: String,
    rate: Option<f64>,
    schedule: String,
    weight_decay: f64,
    clip: bool,
    crop: Option<usize>,
    flip: Option<bool>,
    train_images: Option<usize>,
    seed: u64,
    threads: Option<usize>,
    resume: bool,
}

/// The state of a run between two steps.
#[derive(Clone)]
struct Heard {
    images: (u64, u64),
    loss: f64,
    accuracy: f64,
    density: f64,
    images_per_second: f64,
    last: Option<Row>,
}

impl Heard {
    fn epoch(&self) -> u64 {
        self.last.as_ref().map_or(0, |row| row.epoch)
    }

    fn told<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let told = PyDict::new(py);
        told.set_item("images", self.images.0)?;
        told.set_item("images_total", self.images.1)?;
        told.set_item("train_loss", self.loss)?;
        told.set_item("train_accuracy", self.accuracy)?;
        told.set_item("density", self.density)?;
        told.set_item("images_per_s", self.images_per_second)?;
        let last = self.last.as_ref().map(|row| loaded(py, row)).transpose()?;
        told.set_item("last_epoch", last)?;
        Ok(told)
    }
}

/// Trains a network; the results lie in the folder `out`.
#[pyfunction]
pub(crate) fn train<'py>(
    py: Python<'py>,
    dataset: &str,
    network: NetworkLike<'py>,
    out: PathBuf,
    settings: TrainArgs,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    caught(|| {
        let _command = signloop::base::files::Command::begin();
        let source: DatasetSource = dataset.parse::<DatasetSource>().or_raise()?;
        let workload = network.open()?;
        let given = Settings {
            scheme: settings.scheme,
            quantize: settings.quantize.into(),
            surrogate: settings.surrogate,
            activation: settings.activation,
            teacher_share: settings.teacher_share,
            epochs: settings.epochs,
            batch: settings.batch,
            optimizer: settings.optimizer,
            rate: settings.rate,
            schedule: settings.schedule,
            weight_decay: settings.weight_decay,
            clip: settings.clip,
            crop: settings.crop,
            flip: settings.flip,
            train_images: settings.train_images,
            seed: settings.seed,
        };
        let job = Job {
            source: &source,
            workload: &workload,
            settings: &given,
            teacher: settings.teacher.as_deref(),
            folder: &out,
            resume: settings.resume,
            threads: settings.threads,
            data_note: None,
        };
        // The last state, and the first of every epoch that nobody has been told of yet.
        let heard: Mutex<Vec<Heard>> = Mutex::new(Vec::new());
        let trained = watched(
            py,
            |stop| {
                library::run(&job, stop, |now| {
                    let now = Heard {
                        images: now.images,
                        loss: now.score.mean_loss(),
                        accuracy: now.score.accuracy(),
                        density: now.density,
                        images_per_second: now.images_per_second,
                        last: now.last.cloned(),
                    };
                    let mut heard = heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if heard.last().is_some_and(|before| before.epoch() == now.epoch()) {
                        heard.pop();
                    }
                    heard.push(now);
                })
            },
            |py| {
                let news = std::mem::take(
                    &mut *heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
                );
                match &progress {
                    Some(progress) => {
                        news.iter().try_for_each(|now| progress.call1((now.told(py)?,)).map(drop))
                    }
                    None => Ok(()),
                }
            },
        )?;
        loaded(py, &trained)
    })
}
