//! One axis of a sweep: keys, and the values that they take.

use super::{names::texts, path::KeyPath};
use signloop_base::{
    config::{Bounds, Located, Node, TableReader, Value},
    diagnostics::{Problem, nearest},
};

/// Names of the options below `plan.`.
pub(super) const OPTIONS: [&str; 4] = ["seed", "effort_s", "search_iterations", "evaluations"];

/// Which document a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The hardware file.
    Arch,
    /// The workload file.
    Workload,
    /// The options of planning and mapping: `seed`, `effort_s`, `search_iterations`, `evaluations`.
    Plan,
}

const ROOTS: &[(&str, Root)] =
    &[("arch", Root::Arch), ("workload", Root::Workload), ("plan", Root::Plan)];

/// What a key becomes.
#[derive(Debug, Clone)]
pub enum Swept {
    /// This value.
    Value(Value),
    /// This many times what the file says.
    Times(f64),
}

/// One axis: one key, or several that change together.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Which document.
    pub root: Root,
    /// The keys as written, which name the columns.
    pub names: Vec<String>,
    /// The keys below the root.
    pub paths: Vec<KeyPath>,
    /// One entry a step, with one value a key, and where the step was written.
    pub steps: Vec<Located<Vec<Swept>>>,
}

/// Most values of one axis, and of all together; bounds the memory that a hostile file asks for.
pub(super) const MAX_STEPS: usize = 1 << 20;
/// Reads one `[[axis]]`.
pub(super) fn read_axis(table: &TableReader<'_>) -> Option<Axis> {
    let key = table.require("key");
    let (names, together) = match key.map(|node| (&node.value, node)) {
        Some((Value::Text(text), node)) => {
            (vec![Located { value: text.clone(), span: node.span.clone() }], false)
        }
        Some((Value::Array(_), _)) => (texts(table, "key", true), true),
        Some((other, node)) => {
            let label = format!("expected a key or a list of keys, found {}", other.kind());
            table.problem("wrong type for `key`", node.span.clone(), label);
            (Vec::new(), false)
        }
        None => (Vec::new(), false),
    };
    let steps = read_steps(table, names.len(), together);
    let mut root = None;
    let mut paths = Vec::new();
    for name in &names {
        let (own, path) = read_key(table, name)?;
        if root.is_some_and(|root| root != own) {
            table.problem(
                "the keys of one axis belong to different files",
                name.span.clone(),
                "expected the same first word as the key before",
            );
            return None;
        }
        root = Some(own);
        paths.push(path);
    }
    let names = names.into_iter().map(|name| name.value).collect();
    Some(Axis { root: root?, names, paths, steps: steps? })
}

fn read_key(table: &TableReader<'_>, name: &Located<String>) -> Option<(Root, KeyPath)> {
    let problem = |message: String, label: String| {
        table.push(Problem::new(message).at(table.file(), name.span.clone(), label));
    };
    let (first, rest) = name.value.split_once('.').unwrap_or((&name.value, ""));
    let Some((_, root)) = ROOTS.iter().find(|(word, _)| *word == first) else {
        let words = ROOTS.iter().map(|(word, _)| *word);
        let near =
            nearest(first, words).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        problem(
            format!("`{}` names no key", name.value),
            format!("expected a path that begins with `arch.`, `workload.` or `plan.`{near}"),
        );
        return None;
    };
    match KeyPath::parse(rest) {
        Ok(path) => {
            if *root == Root::Plan && !OPTIONS.contains(&rest) {
                let names: Vec<String> =
                    OPTIONS.iter().map(|own| format!("`plan.{own}`")).collect();
                problem(
                    format!("`{}` names no option of planning", name.value),
                    format!("expected one of {}", names.join(", ")),
                );
                return None;
            }
            Some((*root, path))
        }
        Err(message) => {
            problem(format!("`{}` is no path", name.value), message);
            None
        }
    }
}

/// `values`, `times`, or `from`, `to` and `step` or `factor`.
fn read_steps(
    table: &TableReader<'_>,
    keys: usize,
    together: bool,
) -> Option<Vec<Located<Vec<Swept>>>> {
    let given: Vec<&str> =
        ["values", "times", "from"].into_iter().filter(|key| table.has(key)).collect();
    if given.len() != 1 {
        table.push(
            Problem::new("an axis has one list of values")
                .at(table.file(), table.span(), format!("found {}", given.len()))
                .hint(
                    "write `values = […]`, `times = […]`, or `from`, `to` and `step` or `factor`",
                ),
        );
        for key in ["values", "times", "from", "to", "step", "factor"] {
            table.node(key);
        }
        return None;
    }
    if given[0] == "from" {
        return read_range(table, together);
    }
    let times = given[0] == "times";
    let items = table.items(if times { "times" } else { "values" });
    if items.is_empty() || items.len() > MAX_STEPS {
        table.problem("the axis has no values", table.span(), "expected 1 to 1048576 of them");
        return None;
    }
    let mut steps = Vec::with_capacity(items.len());
    for item in items {
        let nodes = match &item.value {
            Value::Array(nodes) if together => nodes.as_slice(),
            _ if together => {
                let label = format!("expected a list of {keys}, found {}", item.value.kind());
                table.problem("keys that change together need lists", item.span.clone(), label);
                return None;
            }
            _ => std::slice::from_ref(item),
        };
        if nodes.len() != keys && together {
            table.problem(
                format!("{} values for {keys} keys", nodes.len()),
                item.span.clone(),
                "expected one value a key",
            );
            return None;
        }
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(if times {
                Swept::Times(table.number_of("times", node, Bounds::<f64>::POSITIVE)?.value)
            } else {
                match &node.value {
                    Value::Table(_) | Value::Datetime => {
                        let label = format!("expected a plain value, found {}", node.value.kind());
                        table.problem("wrong type in `values`", node.span.clone(), label);
                        return None;
                    }
                    value => Swept::Value(value.clone()),
                }
            });
        }
        steps.push(Located { value: values, span: item.span.clone() });
    }
    Some(steps)
}

fn read_range(table: &TableReader<'_>, together: bool) -> Option<Vec<Located<Vec<Swept>>>> {
    if together {
        table.problem("a range sweeps one key", table.span(), "expected `key = \"…\"`");
    }
    let from = table.number("from", Bounds::<f64>::NATURAL);
    let to = table.number("to", Bounds::<f64>::NATURAL);
    let step = table.opt_number("step", Bounds::<f64>::POSITIVE);
    let factor = table.opt_number("factor", Bounds::<f64>::POSITIVE);
    // Integers stay integers: sizes and counts take nothing else.
    let whole = ["from", "to", "step", "factor"].iter().all(|key| {
        matches!(table.table().get(key), None | Some(Node { value: Value::Integer(_), .. }))
    });
    let (from, to) = (from?, to?);
    let next: Box<dyn Fn(usize) -> f64> = match (step, factor) {
        (Some(step), None) => Box::new(move |index| from.value + index as f64 * step.value),
        (None, Some(factor)) if factor.value > 1.0 && from.value > 0.0 => {
            Box::new(move |index| from.value * factor.value.powi(index as i32))
        }
        _ => {
            table.problem(
                "a range has one of `step` and `factor`",
                table.span(),
                "expected a step above 0, or a factor above 1 from a start above 0",
            );
            return None;
        }
    };
    let mut steps = Vec::new();
    for index in 0.. {
        let value = next(index);
        // The end belongs to the range even where the sum of steps misses it by rounding.
        if value > to.value * (1.0 + 1e-12) {
            break;
        }
        if index >= MAX_STEPS {
            table.problem("the range is too long", table.span(), "at most 1048576 values");
            return None;
        }
        let value = if whole { Value::Integer(value.round() as i64) } else { Value::Float(value) };
        steps.push(Located { value: vec![Swept::Value(value)], span: from.span.clone() });
    }
    if steps.is_empty() {
        table.problem("the range is empty", to.span, "expected an end of at least the start");
        return None;
    }
    Some(steps)
}
