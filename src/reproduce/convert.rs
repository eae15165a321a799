//! A trained network made signed-binary afterwards, and trained on for a few epochs.

use super::digits::{Setting, dataset, network, recipe};
use crate::{
    Error, Result,
    quant::Scheme,
    train::{
        CHECKPOINT, Engine, Network, Optimizer, Session,
        checkpoint::Checkpoint,
        data::{fill_batch, shuffled},
        evaluate,
    },
};
use std::sync::atomic::AtomicBool;

/// Top-1 shares on the test images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converted {
    /// Binary, as trained.
    pub binary: f64,
    /// Its latents quantised as signed-binary, not trained.
    pub at_once: f64,
    /// After training on under signed-binary.
    pub tuned: f64,
}

/// Trains a binary network for the setting's epochs, then its latents as signed-binary for `tuning`
/// epochs at a tenth of the rate.
///
/// # Errors
/// As [`super::digits::train`].
pub fn convert(setting: &Setting, tuning: u64) -> Result<Converted> {
    let folder =
        tempfile::tempdir().map_err(|error| Error::io("create", &std::env::temp_dir(), error))?;
    let (workload, data) = (network(setting)?, dataset(setting)?);
    let binary = recipe(&Setting { scheme: Scheme::Binary, ..setting.clone() });
    let mut session = Session::new(&workload, &data, &binary, None, folder.path(), false)?;
    session.run(&AtomicBool::new(false), |_| {})?;
    let trained = session.log().last().map_or(f64::NAN, |row| row.test_accuracy);
    drop(session);
    let recipe = recipe(&Setting { scheme: Scheme::SignedBinary, ..setting.clone() });
    let quantizer = recipe.quantizer.as_ref();
    let mut network =
        Network::new(&workload, recipe.batch, recipe.activation, recipe.seed, Engine::detect())?;
    Checkpoint::open(&folder.path().join(CHECKPOINT))?.restore(&mut network.parameters, None)?;
    let size = network.input_len();
    let accuracy = |network: &mut Network| -> Result<f64> {
        Ok(evaluate(network, &recipe, (&data, &data.test))?.0.accuracy())
    };
    let at_once = accuracy(&mut network)?;
    let mut optimizer =
        Optimizer::new(recipe.rule, recipe.weight_decay as f32, &network.parameters);
    let mut labels = Vec::new();
    let batch = recipe.batch.min(data.train.len());
    for epoch in 0..tuning {
        let order = shuffled(data.train.len(), recipe.seed, epoch);
        let steps = order.len() / batch;
        for (step, indices) in order.chunks_exact(batch).enumerate() {
            let input = &mut network.input()[..batch * size];
            let augment = Some((recipe.augmentation, recipe.seed, epoch));
            fill_batch(&data, &data.train, indices, augment, input, &mut labels);
            network.prepare(quantizer, true)?;
            network.forward(batch, true);
            let progress = (epoch as f64 + step as f64 / steps as f64) / tuning as f64;
            network.backward(&labels, None, quantizer, progress);
            let rate = 0.1 * recipe.rate * (1.0 - progress);
            optimizer.step(&mut network.parameters, rate as f32);
        }
    }
    Ok(Converted { binary: trained, at_once, tuned: accuracy(&mut network)? })
}
