//! Swept options of planning programs and of searching mappings.

use super::{
    axis::{Root, Swept},
    grid::steps_of,
    spec::Spec,
    variants::axes_of,
};
use crate::study::{map::EVALUATIONS, selection::iterations_of};
use signloop_base::{
    config::Value,
    diagnostics::{Problem, Problems},
};
use signloop_machine::ArchKind;
use signloop_method::PlanOptions;

/// How programs are planned and mappings searched.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// Of programs on processors; the seed is that of mappings as well.
    pub plan: PlanOptions,
    /// Mappings scored a layer on accelerators.
    pub evaluations: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { plan: PlanOptions::default(), evaluations: EVALUATIONS }
    }
}

/// The options of a variant, and their swept values as written in a row.
pub(super) fn options_of(spec: &Spec, variant: u64) -> (Options, Vec<String>) {
    let axes = axes_of(spec, Root::Plan);
    let (_, steps) = steps_of(&axes, variant);
    let mut options = Options::default();
    let mut values = Vec::new();
    for (axis, step) in axes.iter().zip(steps) {
        for (path, value) in axis.paths.iter().zip(&axis.steps[step].value) {
            // Checked when the sweep was opened.
            if let Ok(written) = set_option(&mut options, &path.to_string(), value) {
                values.push(written);
            }
        }
    }
    (options, values)
}

/// Sets an option; returns its value as written in a row, or what it should be.
fn set_option(options: &mut Options, name: &str, value: &Swept) -> Result<String, &'static str> {
    let integer = match value {
        Swept::Value(Value::Integer(integer)) => u64::try_from(*integer).ok(),
        _ => None,
    };
    let number = match value {
        Swept::Value(Value::Integer(integer)) => *integer as f64,
        Swept::Value(Value::Float(number)) => *number,
        _ => f64::NAN,
    };
    let place = match name {
        "seed" => &mut options.plan.seed,
        "effort_s" => {
            let iterations = iterations_of(number).map_err(|_| "expected 0 to 86400 seconds")?;
            options.plan.search_iterations = iterations;
            return Ok(number.to_string());
        }
        "evaluations" => {
            let known = integer.filter(|count| *count > 0);
            options.evaluations = known.ok_or("expected a positive integer")?;
            return Ok(options.evaluations.to_string());
        }
        _ => &mut options.plan.search_iterations,
    };
    *place = integer.ok_or("expected a non-negative integer")?;
    Ok(place.to_string())
}

/// Every value must be one that the option takes, and every option one of the kind of machine.
pub(super) fn check_options(spec: &Spec, kind: ArchKind, problems: &mut Problems) {
    let axes = axes_of(spec, Root::Plan);
    for axis in &axes {
        let names = || axis.names.join("`, `");
        let other = |path: &String| match kind {
            ArchKind::Cpu => path == "evaluations",
            ArchKind::Accelerator => path == "effort_s" || path == "search_iterations",
        };
        if axis.paths.iter().map(ToString::to_string).any(|path| other(&path)) {
            let (message, hint) = match kind {
                ArchKind::Cpu => ("is an option of mapping", "the machines are processors"),
                ArchKind::Accelerator => {
                    ("is an option of planning", "the machines are accelerators")
                }
            };
            problems.push(
                Problem::new(format!("`{}` {message}", names()))
                    .in_file(spec.file.name())
                    .hint(hint),
            );
            continue;
        }
        for step in &axis.steps {
            let wrong = axis.paths.iter().zip(&step.value).find_map(|(path, value)| {
                set_option(&mut Options::default(), &path.to_string(), value).err()
            });
            if let Some(expected) = wrong {
                problems.push(Problem::new(format!("wrong value for `{}`", names())).at(
                    &spec.file,
                    step.span.clone(),
                    expected,
                ));
            }
        }
    }
    let swept = |name: &str| axes.iter().any(|axis| axis.names.iter().any(|own| own == name));
    if swept("plan.effort_s") && swept("plan.search_iterations") {
        problems.push(
            Problem::new("`plan.effort_s` and `plan.search_iterations` are one option")
                .in_file(spec.file.name())
                .hint("sweep one of them"),
        );
    }
}
