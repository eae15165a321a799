//! Reads the tables `[[constraint]]`, which tell the mapper what an accelerator's dataflow allows.

use signloop_base::{
    Result,
    config::{Document, TableReader, Value},
    diagnostics::Problem,
};

/// What the loops of one level are held to. Names of dimensions and tensors that a problem lacks
/// are passed over, so that one accelerator serves convolutions and linear layers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraint {
    /// Storage level.
    pub level: String,
    /// Dimensions that may run in time here; any where absent.
    pub temporal: Option<Vec<String>>,
    /// Dimensions that may spread over X.
    pub spatial_x: Option<Vec<String>>,
    /// Dimensions that may spread over Y.
    pub spatial_y: Option<Vec<String>>,
    /// Dimensions that run innermost in time, innermost first.
    pub order: Vec<String>,
    /// Given factors in time; 0 is the whole dimension.
    pub factors: Vec<(String, u64)>,
    /// Given factors over X.
    pub factors_x: Vec<(String, u64)>,
    /// Given factors over Y.
    pub factors_y: Vec<(String, u64)>,
    /// Tensors that are kept here.
    pub keep: Vec<String>,
    /// Tensors that pass by.
    pub bypass: Vec<String>,
}

/// Reads the constraints of a file; there may be none.
///
/// # Errors
/// Every problem of the tables.
pub fn parse(document: &Document) -> Result<Vec<Constraint>> {
    let root = TableReader::root(document);
    let constraints: Vec<Option<Constraint>> = root.tables("constraint").iter().map(read).collect();
    let problems = root.take_problems();
    match constraints.into_iter().collect::<Option<Vec<_>>>() {
        Some(constraints) if problems.is_empty() => Ok(constraints),
        _ => Err(problems.into()),
    }
}

fn read(table: &TableReader<'_>) -> Option<Constraint> {
    let level = table.text("level");
    let list = |key: &'static str| table.has(key).then(|| names(table, key));
    let temporal = list("temporal");
    let spatial_x = list("spatial_x");
    let spatial_y = list("spatial_y");
    let order = names(table, "order");
    let keep = names(table, "keep");
    let bypass = names(table, "bypass");
    let factors = factors(table, "factors");
    let factors_x = self::factors(table, "factors_x");
    let factors_y = self::factors(table, "factors_y");
    table.finish();
    if let Some(both) = keep.iter().find(|own| bypass.contains(own)) {
        table.push(Problem::new(format!("`{both}` is kept and passes by")).at(
            table.file(),
            table.span(),
            "in this table",
        ));
        return None;
    }
    Some(Constraint {
        level: level?.value,
        temporal,
        spatial_x,
        spatial_y,
        order,
        factors,
        factors_x,
        factors_y,
        keep,
        bypass,
    })
}

fn names(table: &TableReader<'_>, key: &'static str) -> Vec<String> {
    let mut found = Vec::new();
    for item in table.items(key) {
        match &item.value {
            // A dimension runs once: the orders of the search hold each name once.
            Value::Text(name) if found.contains(name) => table.push(
                Problem::new(format!("`{name}` is named twice in `{key}`"))
                    .at(table.file(), item.span.clone(), "the second one")
                    .hint("name it once"),
            ),
            Value::Text(name) => found.push(name.clone()),
            other => table.problem(
                format!("wrong type in `{key}`"),
                item.span.clone(),
                format!("expected a name, found {}", other.kind()),
            ),
        }
    }
    found
}

fn factors(table: &TableReader<'_>, key: &'static str) -> Vec<(String, u64)> {
    let Some(node) = table.node(key) else { return Vec::new() };
    let Value::Table(entries) = &node.value else {
        table.problem(
            format!("wrong type for `{key}`"),
            node.span.clone(),
            "expected a table of factors, as `{ R = 3 }`",
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, node) in &entries.entries {
        match node.value {
            Value::Integer(factor @ 0..=0xffff_ffff) => {
                found.push((name.name.clone(), factor as u64))
            }
            _ => table.problem(
                format!("`{key}.{}` is no factor", name.name),
                node.span.clone(),
                "expected a factor, or 0 for the whole dimension",
            ),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_in_a_list() {
        let told = |line: &str| {
            let text = format!("[[constraint]]\nlevel = \"reg\"\n{line}\n");
            parse(&Document::parse("c.toml", text).unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(told("order = [\"P\", \"Q\"]").unwrap()[0].order, ["P", "Q"]);
        for key in ["order", "temporal", "spatial_x", "spatial_y", "keep", "bypass"] {
            let error = told(&format!("{key} = [\"P\", \"Q\", \"P\"]")).unwrap_err();
            assert!(error.contains(&format!("`P` is named twice in `{key}`")), "{error}");
            assert!(error.contains("c.toml:3"), "{error}");
        }
    }
}
