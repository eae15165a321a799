//! The programs that a measured kernel runs, and its back end.

use std::sync::Arc;

use signloop_base::{Result, diagnostics::Problem};
use signloop_kernel::{Engine, KernelOptions, plan_row_pattern};
use signloop_method::{OpProgram, PlanOptions, PlanRequest, find};
use signloop_network::{quant::QuantizedTensor, workload::Layer};

/// A method's name without the back end that may follow it: `row-pattern@table`.
///
/// # Errors
/// No back end has the name.
pub fn split_engine(name: &str) -> Result<(&str, Option<Engine>), Problem> {
    match name.split_once('@') {
        Some((method, engine)) => Ok((method, Some(Engine::named(engine)?))),
        None => Ok((name, None)),
    }
}

/// The method's programs, one a group; `row-pattern` is cut for the back end, which is chosen
/// unless `options` names one.
///
/// # Errors
/// The method does not run the layer, or is counted only.
pub fn programs(
    layer: &Layer,
    weights: &QuantizedTensor,
    method: &str,
    options: &mut KernelOptions,
) -> Result<Vec<Arc<OpProgram>>> {
    if method == "row-pattern" {
        let (engine, programs) = plan_row_pattern(&layer.shape, weights, options);
        options.engine = Some(engine);
        return Ok(programs);
    }
    let plan_options = PlanOptions::default();
    let request = PlanRequest::of_layer(layer, weights, &plan_options);
    let method = find(method)?;
    method.applies(&request).map_err(Problem::new)?;
    let plan = method.plan(&request)?;
    if plan.programs.is_empty() {
        let message = format!("`{}` is counted, but no kernel runs it", method.name());
        return Err(Problem::new(message).into());
    }
    Ok(plan.programs)
}
