//! The section `problem`: shape with projections, and an instance with sizes and densities.

use super::dialect::unsupported;
use crate::problem::{
    DensitySpec, Dimension, MAX_DIMENSIONS, MAX_INDICES, Problem, Tensor, Term, check,
    name_is_legal,
};
use signloop_base::{
    config::{Bounds, Node, TableReader, Value},
    diagnostics::Problem as Fault,
};

const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 32, expected: "a positive integer" };
const FACTOR: Bounds<u64> = Bounds { least: 1, greatest: 1 << 20, expected: "a positive integer" };

/// Reads the section.
pub(super) fn read(root: &TableReader<'_>) -> Option<Problem> {
    let section = root.opt_nested("problem")?;
    // Timeloop does not look at it.
    section.node("version");
    let shape = match section.table().get("shape").map(|node| &node.value) {
        Some(Value::Text(_)) => {
            let span = section.node("shape").map_or(0..0, |node| node.span.clone());
            section.problem(
                "named problem shapes are not supported",
                span,
                "expected the shape itself",
            );
            return None;
        }
        _ => section.require_nested("shape")?,
    };
    let instance = section.require_nested("instance")?;
    unsupported(&section);
    let name = shape.opt_text("name").map_or_else(|| "problem".to_owned(), |name| name.value);
    let dimensions = read_dimensions(&shape, &instance);
    let coefficients = read_coefficients(&shape, &instance);
    let tables = shape.tables("data_spaces");
    let densities = instance.opt_nested("densities");
    let tensors: Vec<Option<Tensor>> = match (&dimensions, &coefficients) {
        (Some(dimensions), Some(coefficients)) => tables
            .iter()
            .map(|table| read_tensor(table, dimensions, coefficients, densities.as_ref()))
            .collect(),
        _ => vec![None],
    };
    unsupported(&shape);
    unsupported(&instance);
    if let Some(densities) = &densities {
        unsupported(densities);
    }
    let problem = Problem {
        name,
        dimensions: dimensions?,
        tensors: tensors.into_iter().collect::<Option<_>>()?,
    };
    match check(&problem) {
        Ok(()) => Some(problem),
        Err(message) => {
            section.problem(message, section.span(), "in this problem");
            None
        }
    }
}

fn text_of(table: &TableReader<'_>, key: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        other => {
            table.problem(
                format!("wrong type in `{}`", table.full(key)),
                node.span.clone(),
                format!("expected a name, found {}", other.kind()),
            );
            None
        }
    }
}

fn read_dimensions(shape: &TableReader<'_>, instance: &TableReader<'_>) -> Option<Vec<Dimension>> {
    let items = shape.items("dimensions");
    if items.is_empty() || items.len() > MAX_DIMENSIONS {
        shape.problem(
            "wrong number of dimensions",
            shape.span(),
            format!("expected 1 to {MAX_DIMENSIONS} in `dimensions`"),
        );
        return None;
    }
    let mut dimensions: Vec<Dimension> = Vec::with_capacity(items.len());
    for item in items {
        let name = text_of(shape, "dimensions", item)?;
        if !name_is_legal(&name) || dimensions.iter().any(|other| other.name == name) {
            shape.problem(
                format!("`{name}` is no name of a dimension"),
                item.span.clone(),
                "expected one word, once",
            );
            return None;
        }
        let size = instance.integer_named(&name, SIZE);
        dimensions.push(Dimension { name, size: size?.value });
    }
    Some(dimensions)
}

fn read_coefficients(
    shape: &TableReader<'_>,
    instance: &TableReader<'_>,
) -> Option<Vec<(String, u64)>> {
    let mut coefficients = Vec::new();
    for table in shape.tables("coefficients") {
        let name = table.text("name");
        let default = table.opt_integer("default", FACTOR);
        unsupported(&table);
        let name = name?.value;
        let value = match (instance.has(&name), default) {
            (true, _) | (false, None) => instance.integer_named(&name, FACTOR)?.value,
            (false, Some(default)) => default.value,
        };
        coefficients.push((name, value));
    }
    Some(coefficients)
}

fn read_tensor(
    table: &TableReader<'_>,
    dimensions: &[Dimension],
    coefficients: &[(String, u64)],
    densities: Option<&TableReader<'_>>,
) -> Option<Tensor> {
    let name = table.text("name");
    let output = table.flag("read_write", false);
    let items = match table.require("projection") {
        Some(_) => table.items("projection"),
        None => &[],
    };
    unsupported(table);
    let name = name?.value;
    if items.is_empty() || items.len() > MAX_INDICES {
        table.problem(
            format!("`{name}` has {} indices", items.len()),
            table.span(),
            format!("expected 1 to {MAX_INDICES} in `projection`"),
        );
        return None;
    }
    let indices: Vec<Vec<Term>> = items
        .iter()
        .map(|item| read_index(table, item, dimensions, coefficients))
        .collect::<Option<_>>()?;
    let density = match densities {
        Some(densities) => read_density(densities, &name)?,
        None => DensitySpec::Dense,
    };
    Some(Tensor { name, indices, output, density })
}

/// `[[R, Wdilation], [P, Wstride]]`: a sum of products of one dimension and coefficients.
fn read_index(
    table: &TableReader<'_>,
    item: &Node,
    dimensions: &[Dimension],
    coefficients: &[(String, u64)],
) -> Option<Vec<Term>> {
    let wrong = |span: &std::ops::Range<usize>| {
        table.problem(
            "wrong projection",
            span.clone(),
            "expected lists of one dimension and its coefficients, as [[R, Wdilation], [P, Wstride]]",
        );
    };
    let Value::Array(products) = &item.value else {
        wrong(&item.span);
        return None;
    };
    let mut terms = Vec::with_capacity(products.len());
    for product in products {
        let Value::Array(names) = &product.value else {
            wrong(&product.span);
            return None;
        };
        let mut term = Term { dimension: usize::MAX, coefficient: 1 };
        for node in names {
            let name = text_of(table, "projection", node)?;
            if let Some(dimension) = dimensions.iter().position(|other| other.name == name) {
                if term.dimension != usize::MAX {
                    wrong(&product.span);
                    return None;
                }
                term.dimension = dimension;
            } else if let Some((_, value)) = coefficients.iter().find(|(other, _)| *other == name) {
                term.coefficient =
                    term.coefficient.checked_mul(*value).filter(|value| *value <= 1 << 20)?;
            } else {
                table.problem(
                    format!("`{name}` is neither a dimension nor a coefficient"),
                    node.span.clone(),
                    "in this projection",
                );
                return None;
            }
        }
        if term.dimension == usize::MAX {
            wrong(&product.span);
            return None;
        }
        terms.push(term);
    }
    if terms.is_empty() {
        wrong(&item.span);
        return None;
    }
    Some(terms)
}

fn read_density(densities: &TableReader<'_>, tensor: &str) -> Option<DensitySpec> {
    let Some(node) = densities.node_named(tensor) else { return Some(DensitySpec::Dense) };
    let share = Bounds::<f64>::FRACTION;
    let table = match &node.value {
        Value::Table(table) => densities.nested(table, tensor),
        // A bare number is a fixed structured density.
        _ => return densities.number_of(tensor, node, share).map(|share| structured(share.value)),
    };
    let kind = table.text("distribution")?;
    let density = match kind.value.replace('-', "_").as_str() {
        "fixed_structured" | "fixed" => {
            table.number("density", share).map(|share| structured(share.value))
        }
        "hypergeometric" => {
            table.number("density", share).map(|share| DensitySpec::Uniform(share.value))
        }
        "banded" => {
            // The density of a band follows from its width.
            table.node("density");
            table
                .integer("band_width", Bounds::<u64>::NATURAL)
                .map(|width| DensitySpec::Banded(width.value))
        }
        _ => {
            table.push(
                Fault::new(format!("the density distribution `{}` is not supported", kind.value))
                    .at(table.file(), kind.span, "unknown distribution")
                    .hint("supported: `fixed_structured`, `hypergeometric`, `banded`"),
            );
            None
        }
    };
    unsupported(&table);
    density
}

fn structured(share: f64) -> DensitySpec {
    if share == 1.0 { DensitySpec::Dense } else { DensitySpec::Structured(share) }
}
