//! The settings of a training run in words, as the command line and the Python package take them.

use super::{
    checkpoint::Checkpoint,
    data::{Augmentation, DatasetSource},
    network::ActivationKind,
    optimizer::Rule,
    recipe::Recipe,
    schedule::Schedule,
    surrogate::{Quantizer, Surrogate},
};
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};
use signloop_network::quant::{
    Assignment, QuantizeOptions, Region, ScaleRule, Scheme, Scope, Threshold,
};

/// Everything that can be set, with the names of the command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `fp32`, or a scheme.
    pub scheme: String,
    /// How weights are quantised.
    pub quantize: QuantizeSettings,
    /// Stand-in for the derivative of the quantiser: one of [`SURROGATES`].
    pub surrogate: String,
    /// One of [`ACTIVATIONS`].
    pub activation: String,
    /// Share of the teacher in the loss, 0 to 1.
    pub teacher_share: f64,
    /// Passes over the training images.
    pub epochs: u64,
    /// Images a step.
    pub batch: usize,
    /// Update rule: one of [`OPTIMIZERS`].
    pub optimizer: String,
    /// Base learning rate; what suits the rule if absent.
    pub rate: Option<f64>,
    /// One of [`SCHEDULES`].
    pub schedule: String,
    /// Decay of weights and latents.
    pub weight_decay: f64,
    /// Keep latents in −1..=1: the surrogate's derivative is 0 beyond.
    pub clip: bool,
    /// Pixels that training images are shifted by at most; what suits the data if absent.
    pub crop: Option<usize>,
    /// Whether training images are mirrored; what suits the data if absent.
    pub flip: Option<bool>,
    /// Use only the first training images.
    pub train_images: Option<usize>,
    /// Seed of first weights, image order and augmentation.
    pub seed: u64,
}

/// How weights are quantised, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizeSettings {
    /// `max:FRACTION` or `mean:FRACTION` of |w|.
    pub threshold: String,
    /// Weights that share a threshold: one of [`SCOPES`].
    pub threshold_scope: String,
    /// Factor of the codes: one of [`SCALES`].
    pub scale: String,
    /// `half`, `interleaved` or `random:SEED`.
    pub assignment: String,
    /// Channels of a region; a whole filter if absent.
    pub region_channels: Option<usize>,
}

/// Names of surrogate gradients.
pub const SURROGATES: [&str; 2] = ["ste", "ede"];
/// Names of activation functions.
pub const ACTIVATIONS: [&str; 2] = ["relu", "prelu"];
/// Names of update rules.
pub const OPTIMIZERS: [&str; 2] = ["sgd", "adam"];
/// Names of courses of the learning rate.
pub const SCHEDULES: [&str; 4] = ["cosine", "linear", "one-cycle", "constant"];
/// Names of the weights that share a threshold.
pub const SCOPES: [&str; 2] = ["filter", "layer"];
/// Names of scale rules.
pub const SCALES: [&str; 3] = ["filter", "layer", "one"];

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: Scheme::SignedBinary.name().to_owned(),
            quantize: QuantizeSettings::default(),
            surrogate: "ede".to_owned(),
            activation: "relu".to_owned(),
            teacher_share: 0.5,
            epochs: 30,
            batch: 64,
            optimizer: "adam".to_owned(),
            rate: None,
            schedule: "one-cycle".to_owned(),
            weight_decay: 1e-4,
            clip: false,
            crop: None,
            flip: None,
            train_images: None,
            seed: 1,
        }
    }
}

impl Default for QuantizeSettings {
    fn default() -> Self {
        Self {
            threshold: "max:0.05".to_owned(),
            threshold_scope: "filter".to_owned(),
            scale: "filter".to_owned(),
            assignment: "half".to_owned(),
            region_channels: None,
        }
    }
}

impl QuantizeSettings {
    /// The options for a scheme.
    ///
    /// # Errors
    /// Every wrong setting.
    pub fn options(&self, scheme: Scheme) -> Result<QuantizeOptions> {
        let mut problems = Problems::new();
        let options = self.read(scheme, &mut problems);
        Ok(problems.into_result(options)?)
    }

    /// As [`QuantizeSettings::options`]; problems are noted, and defaults stand in.
    fn read(&self, scheme: Scheme, problems: &mut Problems) -> QuantizeOptions {
        let default = QuantizeOptions::default();
        if self.region_channels == Some(0) {
            problems.push(Problem::new("--region-channels must be above 0"));
        }
        let threshold = parse_threshold(&self.threshold).unwrap_or_else(|| {
            let expected = "--threshold must be max:FRACTION (up to 1) or mean:FRACTION";
            problems.push(Problem::new(expected));
            default.threshold
        });
        let assignment = parse_assignment(&self.assignment).unwrap_or_else(|| {
            problems.push(Problem::new("--assignment must be half, interleaved or random:SEED"));
            default.assignment
        });
        let scopes = [Scope::Filter, Scope::Layer];
        let scales = [ScaleRule::Filter, ScaleRule::Layer, ScaleRule::One];
        QuantizeOptions {
            scheme,
            threshold,
            threshold_scope: choose(
                "--threshold-scope",
                &self.threshold_scope,
                SCOPES,
                scopes,
                problems,
            ),
            scale: choose("--scale", &self.scale, SCALES, scales, problems),
            assignment,
            region: match self.region_channels {
                None => Region::Filter,
                Some(channels) => Region::Tile { channels },
            },
        }
    }
}

impl Settings {
    /// The recipe for a data set.
    ///
    /// # Errors
    /// Every wrong setting.
    pub fn recipe(&self, source: &DatasetSource, teacher: Option<&Checkpoint>) -> Result<Recipe> {
        let mut problems = Problems::new();
        let scheme = match self.scheme.as_str() {
            "fp32" => None,
            name => name
                .parse::<Scheme>()
                .map_err(|problem| problems.push(problem.hint("or `fp32`")))
                .ok(),
        };
        let rules = [Rule::Sgd, Rule::Adam];
        let rule = choose("--optimizer", &self.optimizer, OPTIMIZERS, rules, &mut problems);
        let rate = self.rate.unwrap_or(if rule == Rule::Sgd { 0.1 } else { 0.003 });
        for (wrong, message) in [
            (!(rate > 0.0 && rate.is_finite()), "--rate must be above 0"),
            (!(0.0..1.0).contains(&self.weight_decay), "--weight-decay must be in 0..1"),
            (!(0.0..=1.0).contains(&self.teacher_share), "--teacher-share must be in 0..=1"),
            (!(1..=8192).contains(&self.batch), "--batch must be in 1..=8192"),
            (!(1..=100_000).contains(&self.epochs), "--epochs must be in 1..=100000"),
            (self.train_images == Some(0), "--train-images must be above 0"),
            (self.crop.is_some_and(|crop| crop > 64), "--crop must be at most 64"),
        ] {
            if wrong {
                problems.push(Problem::new(message));
            }
        }
        let options =
            self.quantize.read(scheme.unwrap_or(QuantizeOptions::default().scheme), &mut problems);
        let surrogates = [Surrogate::Ste, Surrogate::Ede];
        let surrogate =
            choose("--surrogate", &self.surrogate, SURROGATES, surrogates, &mut problems);
        let suits = source.kind.augmentation();
        let recipe = Recipe {
            quantizer: scheme.map(|_| Quantizer { options, surrogate }),
            activation: choose(
                "--activation",
                &self.activation,
                ACTIVATIONS,
                [ActivationKind::Relu, ActivationKind::Prelu],
                &mut problems,
            ),
            epochs: self.epochs,
            batch: self.batch,
            rule,
            rate,
            schedule: choose(
                "--schedule",
                &self.schedule,
                SCHEDULES,
                [Schedule::Cosine, Schedule::Linear, Schedule::OneCycle, Schedule::Constant],
                &mut problems,
            ),
            weight_decay: self.weight_decay,
            clip: self.clip && scheme.is_some(),
            augmentation: Augmentation {
                crop: self.crop.unwrap_or(suits.crop),
                flip: self.flip.unwrap_or(suits.flip),
            },
            teacher: teacher.map(|teacher| (self.teacher_share, teacher.hash())),
            limit: self.train_images,
            seed: self.seed,
        };
        Ok(problems.into_result(recipe)?)
    }
}

/// The value whose name is given; the first, and a problem, where none is.
fn choose<T: Copy, const N: usize>(
    option: &str,
    given: &str,
    names: [&str; N],
    values: [T; N],
    problems: &mut Problems,
) -> T {
    match names.iter().position(|name| *name == given) {
        Some(at) => values[at],
        None => {
            problems.push(
                Problem::new(format!("{option} cannot be `{given}`"))
                    .hint(format!("expected one of `{}`", names.join("`, `"))),
            );
            values[0]
        }
    }
}

fn parse_threshold(text: &str) -> Option<Threshold> {
    let (rule, fraction) = text.split_once(':')?;
    let fraction: f64 = fraction.parse().ok()?;
    match rule {
        "max" if (0.0..=1.0).contains(&fraction) => Some(Threshold::MaxFraction(fraction)),
        "mean" if fraction > 0.0 && fraction.is_finite() => Some(Threshold::MeanFraction(fraction)),
        _ => None,
    }
}

fn parse_assignment(text: &str) -> Option<Assignment> {
    match text.split_once(':') {
        None if text == "half" => Some(Assignment::Half),
        None if text == "interleaved" => Some(Assignment::Interleaved),
        Some(("random", seed)) => Some(Assignment::Random { seed: seed.parse().ok()? }),
        _ => None,
    }
}
