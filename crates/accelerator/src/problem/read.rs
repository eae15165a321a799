//! Reads the table `[problem]`.

use super::{
    DensitySpec, Dimension, MAX_DIMENSIONS, MAX_INDICES, MAX_TENSORS, Problem, Tensor, Term,
};
use signloop_base::{
    Result,
    config::{Bounds, Document, Located, TableReader, Value},
    diagnostics::Problem as Fault,
};

const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 32, expected: "a positive integer" };
/// Most operations of a problem, so that every product of loop bounds fits in 64 bits.
const MAX_OPERATIONS: u64 = 1 << 52;

/// Reads a file that holds a table `[problem]`.
///
/// # Errors
/// Every problem of the file.
pub fn parse(document: &Document) -> Result<Problem> {
    let root = TableReader::root(document);
    let problem = root.require_nested("problem").and_then(|table| read(&table));
    let problems = root.take_problems();
    match problem {
        Some(problem) if problems.is_empty() => Ok(problem),
        _ => Err(problems.into()),
    }
}

/// Reads the table; notes every problem in the reader.
pub fn read(table: &TableReader<'_>) -> Option<Problem> {
    let name = table.opt_text("name").map(|text| text.value);
    let dimensions = read_dimensions(table);
    let tables = table.tables("tensor");
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut all = true;
    if let Some(dimensions) = &dimensions {
        for reader in &tables {
            match read_tensor(reader, dimensions) {
                Some(tensor) => tensors.push(tensor),
                None => all = false,
            }
        }
    }
    table.finish();
    let dimensions = dimensions?;
    if !all {
        return None;
    }
    let problem =
        Problem { name: name.unwrap_or_else(|| "problem".to_owned()), dimensions, tensors };
    match check(&problem) {
        Ok(()) => Some(problem),
        Err(message) => {
            table.problem(message, table.span(), "in this problem");
            None
        }
    }
}

/// Rules that span the whole problem.
///
/// # Errors
/// The first broken rule, in words.
pub(crate) fn check(problem: &Problem) -> std::result::Result<(), String> {
    let operations = problem
        .dimensions
        .iter()
        .try_fold(1_u64, |product, dimension| product.checked_mul(dimension.size));
    if operations.is_none_or(|operations| operations > MAX_OPERATIONS) {
        return Err("the problem has more than 2^52 operations".to_owned());
    }
    if problem.tensors.is_empty() || problem.tensors.len() > MAX_TENSORS {
        return Err(format!(
            "expected 1 to {MAX_TENSORS} tensors, found {}",
            problem.tensors.len()
        ));
    }
    let outputs = problem.tensors.iter().filter(|tensor| tensor.output).count();
    if outputs != 1 {
        return Err(format!("expected one tensor with `output = true`, found {outputs}"));
    }
    for (index, tensor) in problem.tensors.iter().enumerate() {
        if problem.tensors[..index].iter().any(|other| other.name == tensor.name) {
            return Err(format!("two tensors are named `{}`", tensor.name));
        }
        let size = tensor.indices.iter().try_fold(1_u64, |product, index| {
            let reach = index.iter().try_fold(1_u64, |reach, term| {
                let size = problem.dimensions[term.dimension].size;
                reach.checked_add(term.coefficient.checked_mul(size - 1)?)
            })?;
            product.checked_mul(reach)
        });
        if size.is_none_or(|size| size > MAX_OPERATIONS) {
            return Err(format!("the tensor `{}` has more than 2^52 words", tensor.name));
        }
    }
    Ok(())
}

fn read_dimensions(table: &TableReader<'_>) -> Option<Vec<Dimension>> {
    let reader = table.require_nested("dimensions")?;
    let entries = &reader.table().entries;
    if entries.is_empty() || entries.len() > MAX_DIMENSIONS {
        let label = format!("expected 1 to {MAX_DIMENSIONS} sizes");
        table.problem("wrong number of dimensions", reader.span(), label);
        return None;
    }
    let mut dimensions = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        if !name_is_legal(&key.name) {
            reader.problem(
                format!("`{}` is no name of a dimension", key.name),
                key.span.clone(),
                "expected letters, digits and `_`, starting with a letter",
            );
            continue;
        }
        if let Some(size) = reader.integer_of(&key.name, node, SIZE) {
            dimensions.push(Dimension { name: key.name.clone(), size: size.value });
        }
    }
    (dimensions.len() == entries.len()).then_some(dimensions)
}

/// Names occur in mappings as `K=16`, so they must be plain words.
pub(crate) fn name_is_legal(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn read_tensor(reader: &TableReader<'_>, dimensions: &[Dimension]) -> Option<Tensor> {
    let name = reader.text("name");
    let output = reader.flag("output", false);
    let items = match reader.require("indices") {
        Some(_) => reader.items("indices"),
        None => &[],
    };
    let mut indices = Vec::with_capacity(items.len());
    for item in items {
        match &item.value {
            Value::Text(text) => {
                let located = Located { value: text.clone(), span: item.span.clone() };
                indices.extend(read_index(reader, &located, dimensions));
            }
            other => reader.problem(
                "wrong type in `indices`",
                item.span.clone(),
                format!("expected a sum as \"P*2 + R\", found {}", other.kind()),
            ),
        }
    }
    if items.len() > MAX_INDICES {
        reader.problem(
            "too many indices",
            reader.span(),
            format!("a tensor has at most {MAX_INDICES}"),
        );
    }
    let density = reader.opt_nested("density").map(|table| read_density(&table));
    reader.finish();
    if indices.len() != items.len() || items.is_empty() || items.len() > MAX_INDICES {
        return None;
    }
    let density = density.unwrap_or(Some(DensitySpec::Dense))?;
    Some(Tensor { name: name?.value, indices, output, density })
}

/// Reads `"P*2 + R"`.
fn read_index(
    reader: &TableReader<'_>,
    text: &Located<String>,
    dimensions: &[Dimension],
) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    for part in text.value.split('+') {
        let (name, coefficient) = match part.split_once('*') {
            Some((name, coefficient)) => (name.trim(), coefficient.trim().parse::<u64>().ok()),
            None => (part.trim(), Some(1)),
        };
        let Some(coefficient) = coefficient.filter(|value| (1..=1 << 20).contains(value)) else {
            reader.problem(
                format!("wrong coefficient in `{}`", part.trim()),
                text.span.clone(),
                "expected an integer from 1 to 1048576 after `*`",
            );
            return None;
        };
        let Some(dimension) = dimensions.iter().position(|dimension| dimension.name == name) else {
            reader.push(unknown_dimension(reader, name, text, dimensions));
            return None;
        };
        terms.push(Term { dimension, coefficient });
    }
    Some(terms)
}

fn unknown_dimension(
    reader: &TableReader<'_>,
    name: &str,
    text: &Located<String>,
    dimensions: &[Dimension],
) -> Fault {
    let names: Vec<&str> = dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let fault = Fault::new(format!("the problem has no dimension `{name}`")).at(
        reader.file(),
        text.span.clone(),
        format!("the dimensions are `{}`", names.join("`, `")),
    );
    fault.did_you_mean(name, names)
}

fn read_density(table: &TableReader<'_>) -> Option<DensitySpec> {
    #[derive(Clone, Copy)]
    enum Kind {
        Uniform,
        Structured,
        Banded,
    }
    let kinds =
        [("uniform", Kind::Uniform), ("structured", Kind::Structured), ("banded", Kind::Banded)];
    let kind = if table.has("kind") {
        table.opt_choice("kind", &kinds)
    } else {
        table.text("kind");
        None
    };
    let share = |table: &TableReader<'_>| {
        table.number("share", Bounds::<f64>::FRACTION).map(|share| share.value)
    };
    let density = match kind?.value {
        Kind::Uniform => share(table).map(DensitySpec::Uniform),
        Kind::Structured => share(table).map(DensitySpec::Structured),
        Kind::Banded => table
            .integer("half_width", Bounds::<u64>::NATURAL)
            .map(|width| DensitySpec::Banded(width.value)),
    };
    table.finish();
    density
}
