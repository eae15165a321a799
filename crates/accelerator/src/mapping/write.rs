//! Writes the tables `[[mapping]]`, as [`super::read`] reads them.

use std::fmt::Write as _;

use super::{Loop, Mapping};
use crate::problem::Problem;
use signloop_base::config::quoted;

/// The tables as TOML text, outermost level first as a loop nest reads.
#[must_use]
pub fn write(mapping: &Mapping, problem: &Problem, levels: &[&str]) -> String {
    let mut text = String::new();
    for (level, name) in mapping.levels.iter().zip(levels).rev() {
        let _ = writeln!(text, "[[mapping]]\nlevel = {}", quoted(name));
        for (key, loops) in [
            ("temporal", &level.temporal),
            ("spatial_y", &level.spatial_y),
            ("spatial_x", &level.spatial_x),
        ] {
            if !loops.is_empty() {
                let _ = writeln!(text, "{key} = {}", quoted(&nest(loops, problem)));
            }
        }
        let bypassed: Vec<String> = problem
            .tensors
            .iter()
            .enumerate()
            .filter(|(tensor, _)| !level.keeps(*tensor))
            .map(|(_, tensor)| quoted(&tensor.name))
            .collect();
        if !bypassed.is_empty() {
            let _ = writeln!(text, "bypass = [{}]", bypassed.join(", "));
        }
        text.push('\n');
    }
    text.pop();
    text
}

fn nest(loops: &[Loop], problem: &Problem) -> String {
    let words: Vec<String> = loops
        .iter()
        .rev()
        .map(|inner| {
            let name = &problem.dimensions[usize::from(inner.dimension)].name;
            format!("{name}={}", inner.bound)
        })
        .collect();
    words.join(" ")
}
