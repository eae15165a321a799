//! Writes the table `[problem]`, as [`super::read`] reads it.

use std::fmt::Write as _;

use super::{DensitySpec, Problem, Term};
use signloop_base::config::quoted;

/// The table as TOML text.
#[must_use]
pub fn write(problem: &Problem) -> String {
    let mut text = format!("[problem]\nname = {}\n", quoted(&problem.name));
    let sizes: Vec<String> = problem
        .dimensions
        .iter()
        .map(|dimension| format!("{} = {}", dimension.name, dimension.size))
        .collect();
    let _ = writeln!(text, "dimensions = {{ {} }}", sizes.join(", "));
    for tensor in &problem.tensors {
        let indices: Vec<String> =
            tensor.indices.iter().map(|index| quoted(&sum(problem, index))).collect();
        let _ = writeln!(text, "\n[[problem.tensor]]\nname = {}", quoted(&tensor.name));
        let _ = writeln!(text, "indices = [{}]", indices.join(", "));
        if tensor.output {
            text.push_str("output = true\n");
        }
        match tensor.density {
            DensitySpec::Dense => {}
            DensitySpec::Uniform(share) => {
                let _ = writeln!(text, "density = {{ kind = \"uniform\", share = {share:?} }}");
            }
            DensitySpec::Structured(share) => {
                let _ = writeln!(text, "density = {{ kind = \"structured\", share = {share:?} }}");
            }
            DensitySpec::Banded(width) => {
                let _ = writeln!(text, "density = {{ kind = \"banded\", half_width = {width} }}");
            }
        }
    }
    text
}

fn sum(problem: &Problem, index: &[Term]) -> String {
    let terms: Vec<String> = index
        .iter()
        .map(|term| {
            let name = &problem.dimensions[term.dimension].name;
            match term.coefficient {
                1 => name.clone(),
                coefficient => format!("{name}*{coefficient}"),
            }
        })
        .collect();
    terms.join(" + ")
}
