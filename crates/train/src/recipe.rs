//! What a run is made of: everything that, with the data, decides the final weights.

use std::collections::BTreeMap;

use super::{
    data::Augmentation,
    network::ActivationKind,
    optimizer::Rule,
    schedule::Schedule,
    surrogate::{Quantizer, Surrogate},
};
use signloop_network::quant::{Assignment, Region, ScaleRule, Scope, Threshold};

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// How latents are quantised; `None` trains in fp32.
    pub quantizer: Option<Quantizer>,
    /// Activation function.
    pub activation: ActivationKind,
    /// Passes over the training images.
    pub epochs: u64,
    /// Images a step; what remains of an epoch is left out.
    pub batch: usize,
    /// Update rule.
    pub rule: Rule,
    /// Base learning rate.
    pub rate: f64,
    /// Its course.
    pub schedule: Schedule,
    /// Weight decay of weights and latents.
    pub weight_decay: f64,
    /// Whether latents are kept in −1..=1.
    pub clip: bool,
    /// Random changes of training images.
    pub augmentation: Augmentation,
    /// Share of the teacher in the loss, and the teacher's hash; `None` without a teacher.
    pub teacher: Option<(f64, String)>,
    /// Only the first images of the training part.
    pub limit: Option<usize>,
    /// Seed of weights, order and augmentation.
    pub seed: u64,
}

impl Recipe {
    /// The scheme's name, or `fp32`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.quantizer.map_or("fp32", |quantizer| quantizer.options.scheme.name())
    }

    /// The settings as they stand in a checkpoint: a run goes on only under equal ones.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields: Vec<(&str, String)> = vec![
            ("scheme", self.scheme().to_owned()),
            (
                "activation",
                match self.activation {
                    ActivationKind::Relu => "relu".into(),
                    ActivationKind::Prelu => "prelu".into(),
                },
            ),
            ("epochs", self.epochs.to_string()),
            ("batch", self.batch.to_string()),
            ("optimizer", format!("{:?}", self.rule).to_lowercase()),
            ("rate", self.rate.to_string()),
            ("schedule", format!("{:?}", self.schedule).to_lowercase()),
            ("weight-decay", self.weight_decay.to_string()),
            ("crop", self.augmentation.crop.to_string()),
            ("flip", self.augmentation.flip.to_string()),
            ("seed", self.seed.to_string()),
        ];
        // Absent where off, as in the checkpoints from before there was one.
        if self.clip {
            fields.push(("clip", "true".into()));
        }
        if let Some(limit) = self.limit {
            fields.push(("train-images", limit.to_string()));
        }
        if let Some((share, hash)) = &self.teacher {
            fields.push(("teacher", hash.clone()));
            fields.push(("teacher-share", share.to_string()));
        }
        if let Some(Quantizer { options, surrogate }) = self.quantizer {
            fields.push((
                "surrogate",
                match surrogate {
                    Surrogate::Ste => "ste".into(),
                    Surrogate::Ede => "ede".into(),
                },
            ));
            fields.push((
                "threshold",
                match options.threshold {
                    Threshold::MaxFraction(share) => format!("max:{share}"),
                    Threshold::MeanFraction(share) => format!("mean:{share}"),
                },
            ));
            fields.push((
                "threshold-scope",
                match options.threshold_scope {
                    Scope::Filter => "filter".into(),
                    Scope::Layer => "layer".into(),
                },
            ));
            fields.push((
                "scale",
                match options.scale {
                    ScaleRule::Filter => "filter".into(),
                    ScaleRule::Layer => "layer".into(),
                    ScaleRule::One => "one".into(),
                },
            ));
            fields.push((
                "assignment",
                match options.assignment {
                    Assignment::Half => "half".into(),
                    Assignment::Interleaved => "interleaved".into(),
                    Assignment::Random { seed } => format!("random:{seed}"),
                },
            ));
            fields.push((
                "region-channels",
                match options.region {
                    Region::Filter => "all".into(),
                    Region::Tile { channels } => channels.to_string(),
                },
            ));
        }
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
