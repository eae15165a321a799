//! From arguments to the settings of a run.

use super::args::{
    ActivationName, Args, RuleName, ScaleName, ScheduleName, ScopeName, SurrogateName,
};
use crate::{
    Result,
    diagnostics::{Problem, Problems},
    quant::{Assignment, QuantizeOptions, Region, ScaleRule, Scheme, Scope, Threshold},
    train::{
        ActivationKind, Quantizer, Recipe, Rule, Schedule, Surrogate,
        checkpoint::Checkpoint,
        data::{Augmentation, DatasetSource},
    },
};

/// Resolves the arguments; every wrong one is a problem.
pub(super) fn recipe(
    arguments: &Args,
    source: &DatasetSource,
    teacher: Option<&Checkpoint>,
) -> Result<Recipe> {
    let mut problems = Problems::new();
    let scheme = match arguments.scheme.as_str() {
        "fp32" => None,
        name => match name.parse::<Scheme>() {
            Ok(scheme) => Some(scheme),
            Err(problem) => {
                problems.push(problem.hint("or `fp32`"));
                None
            }
        },
    };
    let mut note = |wrong: bool, message: &str| {
        if wrong {
            problems.push(Problem::new(message));
        }
    };
    let rule = match arguments.optimizer {
        RuleName::Sgd => Rule::Sgd,
        RuleName::Adam => Rule::Adam,
    };
    let rate = arguments.rate.unwrap_or(if rule == Rule::Sgd { 0.1 } else { 0.003 });
    note(!(rate > 0.0 && rate.is_finite()), "--rate must be above 0");
    note(!(0.0..1.0).contains(&arguments.weight_decay), "--weight-decay must be in 0..1");
    note(!(0.0..=1.0).contains(&arguments.teacher_share), "--teacher-share must be in 0..=1");
    note(!(1..=8192).contains(&arguments.batch), "--batch must be in 1..=8192");
    note(arguments.epochs == 0 || arguments.epochs > 100_000, "--epochs must be in 1..=100000");
    note(arguments.train_images == Some(0), "--train-images must be above 0");
    note(arguments.crop.is_some_and(|crop| crop > 64), "--crop must be at most 64");
    note(arguments.region_channels == Some(0), "--region-channels must be above 0");
    note(
        arguments.threads.is_some_and(|count| count == 0 || count > 1024),
        "--threads must be in 1..=1024",
    );
    let threshold = parse_threshold(&arguments.threshold);
    note(threshold.is_none(), "--threshold must be max:FRACTION (up to 1) or mean:FRACTION");
    let assignment = parse_assignment(&arguments.assignment);
    note(assignment.is_none(), "--assignment must be half, interleaved or random:SEED");
    let default = QuantizeOptions::default();
    let options = QuantizeOptions {
        scheme: scheme.unwrap_or(default.scheme),
        threshold: threshold.unwrap_or(default.threshold),
        threshold_scope: match arguments.threshold_scope {
            ScopeName::Filter => Scope::Filter,
            ScopeName::Layer => Scope::Layer,
        },
        scale: match arguments.scale {
            ScaleName::Filter => ScaleRule::Filter,
            ScaleName::Layer => ScaleRule::Layer,
            ScaleName::One => ScaleRule::One,
        },
        assignment: assignment.unwrap_or(default.assignment),
        region: match arguments.region_channels {
            None => Region::Filter,
            Some(channels) => Region::Tile { channels },
        },
    };
    let surrogate = match arguments.surrogate {
        SurrogateName::Ste => Surrogate::Ste,
        SurrogateName::Ede => Surrogate::Ede,
    };
    let suits = source.kind.augmentation();
    let augmentation = Augmentation {
        crop: arguments.crop.unwrap_or(suits.crop),
        flip: arguments.flip.unwrap_or(suits.flip),
    };
    let recipe = Recipe {
        quantizer: scheme.map(|_| Quantizer { options, surrogate }),
        activation: match arguments.activation {
            ActivationName::Relu => ActivationKind::Relu,
            ActivationName::Prelu => ActivationKind::Prelu,
        },
        epochs: arguments.epochs,
        batch: arguments.batch,
        rule,
        rate,
        schedule: match arguments.schedule {
            ScheduleName::Cosine => Schedule::Cosine,
            ScheduleName::Linear => Schedule::Linear,
            ScheduleName::OneCycle => Schedule::OneCycle,
            ScheduleName::Constant => Schedule::Constant,
        },
        weight_decay: arguments.weight_decay,
        augmentation,
        teacher: teacher.map(|teacher| (arguments.teacher_share, teacher.hash())),
        limit: arguments.train_images,
        seed: arguments.seed,
    };
    Ok(problems.into_result(recipe)?)
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
