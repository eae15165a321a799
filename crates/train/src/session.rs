//! A training run: epochs of steps, an evaluation and a checkpoint after each.

use std::{path::Path, sync::atomic::AtomicBool, sync::atomic::Ordering, time::Instant};

use super::{
    checkpoint::{self, Checkpoint, Header},
    data::{Dataset, Images, fill_batch, shuffled},
    density::Density,
    engine::Engine,
    log::{Row, csv, recover_speeds},
    loss::Score,
    network::Network,
    optimizer::Optimizer,
    recipe::Recipe,
};
use signloop_base::{Error, Result, diagnostics::Problem, files::write_atomically};
use signloop_network::workload::Workload;

/// File of the last checkpoint in a run's folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// File of the log.
pub const LOG: &str = "log.csv";

/// What a caller hears of while a run goes on.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Images of this and all earlier epochs, and of the whole run.
    pub images: (u64, u64),
    /// Mean of the epoch so far.
    pub score: Score,
    /// Density of the weights of the last step.
    pub density: f64,
    /// Images per second of training of this epoch.
    pub images_per_second: f64,
    /// The last finished epoch.
    pub last: Option<&'a Row>,
}

/// A run in its folder.
pub struct Session<'a> {
    recipe: &'a Recipe,
    dataset: &'a Dataset,
    folder: &'a Path,
    network: Network,
    teacher: Option<Network>,
    optimizer: Optimizer,
    header: Header,
}

impl<'a> Session<'a> {
    /// Starts a run, or goes on from its last checkpoint.
    ///
    /// # Errors
    /// The network does not fit the data, or the checkpoint is of another run.
    pub fn new(
        workload: &Workload,
        dataset: &'a Dataset,
        recipe: &'a Recipe,
        teacher: Option<&Checkpoint>,
        folder: &'a Path,
        resume: bool,
    ) -> Result<Self> {
        check_shapes(workload, dataset)?;
        let engine = Engine::detect();
        let build = |seed| Network::new(workload, recipe.batch, recipe.activation, seed, engine);
        let mut network = build(recipe.seed)?;
        if network.classes() != dataset.classes {
            let message = format!(
                "`{}` gives {} logits, {} has {} classes",
                workload.name,
                network.classes(),
                dataset.name,
                dataset.classes
            );
            return Err(Problem::new(message).into());
        }
        let teacher = teacher.map(|checkpoint| {
            let mut teacher = build(0)?;
            checkpoint.restore(&mut teacher.parameters, None)?;
            teacher.prepare(None, false)?;
            Ok::<_, Error>(teacher)
        });
        let weight_decay = recipe.weight_decay as f32;
        let mut optimizer =
            Optimizer::new(recipe.rule, weight_decay, recipe.clip, &network.parameters);
        let mut header = Header::new(&workload.name, &dataset.name, recipe.fields());
        let path = folder.join(CHECKPOINT);
        if resume && path.exists() {
            let checkpoint = Checkpoint::open(&path)?;
            checkpoint.check_same_run(&header)?;
            let images = dataset.train.len();
            let steps = images.checked_div(recipe.batch.min(images)).unwrap_or(0);
            checkpoint.check_counters(steps as u64, recipe.epochs)?;
            checkpoint.restore(&mut network.parameters, Some(&mut optimizer))?;
            header = checkpoint.header;
            if let Ok(text) = std::fs::read_to_string(folder.join(LOG)) {
                recover_speeds(&mut header.log, &text);
            }
        }
        let teacher = teacher.transpose()?;
        Ok(Self { recipe, dataset, folder, network, teacher, optimizer, header })
    }

    /// Takes the weights of another run's checkpoint to begin with; the optimiser begins anew. A
    /// run that has epochs behind it keeps its own.
    ///
    /// # Errors
    /// The checkpoint is of another network.
    pub fn begin_with(&mut self, other: &Checkpoint) -> Result<()> {
        if self.header.epoch > 0 {
            return Ok(());
        }
        other.restore(&mut self.network.parameters, None)
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> &[Row] {
        &self.header.log
    }

    /// The data.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        self.dataset
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Trains until the last epoch. `stop` ends the run before its next step, with the last
    /// checkpoint kept.
    ///
    /// # Errors
    /// [`Error::Interrupted`], a loss that is not finite, or a checkpoint that cannot be written.
    pub fn run(&mut self, stop: &AtomicBool, mut tell: impl FnMut(&Progress<'_>)) -> Result<()> {
        if self.header.epoch > 0 {
            // A run that was killed between its checkpoint and its log left a log that lags.
            self.write_log()?;
        }
        while self.header.epoch < self.recipe.epochs {
            let row = self.epoch(stop, &mut tell)?;
            self.header.log.push(row);
            self.header.epoch += 1;
            self.header.steps = self.optimizer.steps;
            let path = self.folder.join(CHECKPOINT);
            checkpoint::write(&path, &self.header, &self.network.parameters, &self.optimizer)?;
            self.write_log()?;
        }
        Ok(())
    }

    fn write_log(&self) -> Result<()> {
        write_atomically(&self.folder.join(LOG), csv(&self.header.log).as_bytes())
    }

    fn epoch(&mut self, stop: &AtomicBool, tell: &mut impl FnMut(&Progress<'_>)) -> Result<Row> {
        let Recipe { seed, batch, epochs, .. } = *self.recipe;
        let images = &self.dataset.train;
        let epoch = self.header.epoch;
        let order = shuffled(images.len(), seed, epoch);
        let batch = batch.min(images.len());
        let steps = (images.len() / batch) as u64;
        let total = (steps * epochs) as f64;
        let mut score = Score::default();
        let mut labels = Vec::with_capacity(batch);
        let mut rate = 0.0;
        let start = Instant::now();
        for (step, indices) in order.chunks_exact(batch).enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let progress = (epoch * steps + step as u64) as f64 / total;
            let density = self.step(indices, progress, &mut labels, &mut score)?;
            rate = self.recipe.rate * self.recipe.schedule.factor(progress);
            if !score.loss.is_finite() {
                return Err(self.diverged(&format!("epoch {}, step {}", epoch + 1, step + 1)));
            }
            self.optimizer.step(&mut self.network.parameters, rate as f32);
            let done = epoch * steps + step as u64 + 1;
            tell(&Progress {
                images: (done * batch as u64, steps * epochs * batch as u64),
                score,
                density: density.share(),
                images_per_second: score.images as f64 / start.elapsed().as_secs_f64(),
                last: self.header.log.last(),
            });
        }
        let images_per_second = score.images as f64 / start.elapsed().as_secs_f64();
        let values = self.network.parameters.iter().flat_map(|parameter| &parameter.values);
        if !values.into_iter().all(|value| value.is_finite()) {
            return Err(self.diverged(&format!("epoch {}, step {steps}", epoch + 1)));
        }
        let (test, density) = self.evaluate(&self.dataset.test)?;
        if !test.loss.is_finite() {
            return Err(self.diverged(&format!("the test after epoch {}", epoch + 1)));
        }
        Ok(Row {
            epoch: epoch + 1,
            learning_rate: rate,
            train_loss: score.mean_loss(),
            train_accuracy: score.accuracy(),
            test_loss: test.mean_loss(),
            test_accuracy: test.accuracy(),
            density: density.share(),
            images_per_second: Some(images_per_second),
        })
    }

    /// Forward and backward of one batch.
    fn step(
        &mut self,
        indices: &[u32],
        progress: f64,
        labels: &mut Vec<u8>,
        score: &mut Score,
    ) -> Result<Density> {
        let Recipe { quantizer, augmentation, seed, .. } = self.recipe;
        let (images, size) = (indices.len(), self.network.input_len());
        let augment = Some((*augmentation, *seed, self.header.epoch));
        let input = &mut self.network.input()[..images * size];
        fill_batch(self.dataset, &self.dataset.train, indices, augment, input, labels);
        if let Some(teacher) = &mut self.teacher {
            teacher.input()[..images * size].copy_from_slice(input);
            teacher.forward(images, false);
        }
        let density = self.network.prepare(quantizer.as_ref(), true)?;
        self.network.forward(images, true);
        let share = self.recipe.teacher.as_ref().map_or(0.0, |(share, _)| *share as f32);
        let teacher = self.teacher.as_ref().map(|teacher| (teacher.logits(), share));
        *score += self.network.backward(labels, teacher, quantizer.as_ref(), progress);
        Ok(density)
    }

    /// Loss, accuracy and density on images without augmentation, with running statistics.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn evaluate(&mut self, images: &Images) -> Result<(Score, Density)> {
        evaluate(&mut self.network, self.recipe, (self.dataset, images))
    }

    /// `place` says in words where the loss stopped being a number.
    fn diverged(&self, place: &str) -> Error {
        let kept = match self.header.epoch {
            0 => "nothing was written".to_owned(),
            epoch => format!("the checkpoint of epoch {epoch} is kept"),
        };
        Problem::new(format!("the loss is not a number in {place}; {kept}"))
            .hint("a smaller --rate keeps the weights finite")
            .into()
    }
}

/// Loss, accuracy and density of a network on images of a data set, without augmentation, with
/// running statistics.
///
/// # Errors
/// A weight is not finite.
pub fn evaluate(
    network: &mut Network,
    recipe: &Recipe,
    (dataset, images): (&Dataset, &Images),
) -> Result<(Score, Density)> {
    let density = network.prepare(recipe.quantizer.as_ref(), false)?;
    let size = network.input_len();
    let all: Vec<u32> = (0..images.len() as u32).collect();
    let mut score = Score::default();
    let mut labels = Vec::new();
    for indices in all.chunks(recipe.batch) {
        let input = &mut network.input()[..indices.len() * size];
        fill_batch(dataset, images, indices, None, input, &mut labels);
        network.forward(indices.len(), false);
        score += network.score(&labels);
    }
    Ok((score, density))
}

fn check_shapes(workload: &Workload, dataset: &Dataset) -> Result<()> {
    let (height, width, channels) = dataset.shape;
    let input = &workload.input;
    let fits = (input.height, input.width, input.channels)
        == (height as u64, width as u64, channels as u64);
    if fits {
        return Ok(());
    }
    let message = format!(
        "`{}` reads images of {input}, {} has {channels}x{height}x{width}",
        workload.name, dataset.name
    );
    Err(Problem::new(message)
        .hint("`signloop list` prints the networks and their data sets")
        .into())
}
