//! Arguments of `signloop train`.

use std::path::PathBuf;

use clap::ValueEnum;

/// Arguments of `signloop train`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Data: digits, fashion-mnist:DIR, mnist:DIR or cifar10:DIR (`signloop data` tells more).
    #[arg(long)]
    pub(super) dataset: String,
    /// Network: a workload file or a shipped name.
    #[arg(long)]
    pub(super) network: PathBuf,
    /// fp32, binary, ternary, signed-binary or zero-one.
    #[arg(long)]
    pub(super) scheme: String,
    /// Passes over the training images.
    #[arg(long, default_value_t = 30)]
    pub(super) epochs: u64,
    /// Seed of first weights, image order and augmentation.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Folder for checkpoint, log, packed weights and fits; made if absent.
    #[arg(long)]
    pub(super) out: PathBuf,
    /// Go on from the folder's last checkpoint, if there is one.
    #[arg(long)]
    pub(super) resume: bool,
    /// Stand-in for the derivative of the quantiser.
    #[arg(long, value_enum, default_value_t = SurrogateName::Ede)]
    pub(super) surrogate: SurrogateName,
    /// Activation function.
    #[arg(long, value_enum, default_value_t = ActivationName::Relu)]
    pub(super) activation: ActivationName,
    /// Threshold: max:FRACTION (TTQ: max:0.05) or mean:FRACTION (TWN: mean:0.7) of |w|.
    #[arg(long, default_value = "max:0.05")]
    pub(super) threshold: String,
    /// Weights that share a threshold.
    #[arg(long, value_enum, default_value_t = ScopeName::Filter)]
    pub(super) threshold_scope: ScopeName,
    /// Factor of the codes: mean |w| of the filter's or layer's effectual weights, or 1.
    #[arg(long, value_enum, default_value_t = ScaleName::Filter)]
    pub(super) scale: ScaleName,
    /// Which regions are {0,+1} under signed-binary: half, interleaved or random:SEED.
    #[arg(long, default_value = "half")]
    pub(super) assignment: String,
    /// Channels of a region under signed-binary; a whole filter by default.
    #[arg(long)]
    pub(super) region_channels: Option<usize>,
    /// fp32 checkpoint of the same network to learn from.
    #[arg(long)]
    pub(super) teacher: Option<PathBuf>,
    /// Share of the teacher in the loss, 0 to 1; the labels have the rest.
    #[arg(long, default_value_t = 0.5)]
    pub(super) teacher_share: f64,
    /// Images a step.
    #[arg(long, default_value_t = 64)]
    pub(super) batch: usize,
    /// Update rule.
    #[arg(long, value_enum, default_value_t = RuleName::Adam)]
    pub(super) optimizer: RuleName,
    /// Base learning rate: 0.003 for adam, 0.1 for sgd if absent.
    #[arg(long)]
    pub(super) rate: Option<f64>,
    /// Course of the learning rate.
    #[arg(long, value_enum, default_value_t = ScheduleName::OneCycle)]
    pub(super) schedule: ScheduleName,
    /// Decay of weights and latents (decoupled under adam).
    #[arg(long, default_value_t = 1e-4)]
    pub(super) weight_decay: f64,
    /// Pixels that training images are shifted by at most; what suits the data if absent.
    #[arg(long)]
    pub(super) crop: Option<usize>,
    /// Whether training images are mirrored at random; what suits the data if absent.
    #[arg(long)]
    pub(super) flip: Option<bool>,
    /// Use only the first training images.
    #[arg(long)]
    pub(super) train_images: Option<usize>,
    /// Threads; all cores if absent. They do not change the result.
    #[arg(long)]
    pub(super) threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SurrogateName {
    Ste,
    Ede,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ActivationName {
    Relu,
    Prelu,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ScopeName {
    Filter,
    Layer,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ScaleName {
    Filter,
    Layer,
    One,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RuleName {
    Sgd,
    Adam,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ScheduleName {
    Cosine,
    Linear,
    OneCycle,
    Constant,
}
