//! The section `sparse_optimizations`: formats, gating and skipping by level.

use super::dialect::unsupported;
use crate::problem::Problem;
use signloop_base::{
    config::{Bounds, TableReader, Value},
    diagnostics::Problem as Fault,
};
use signloop_machine::accelerator::{
    Accelerator, FormatSpec, RANK_FORMATS, RankFormat, RankSpec, Saf, SafKind, SafOption,
};

const BITS: Bounds<u64> = Bounds { least: 0, greatest: 64, expected: "a width of 0 to 64 bits" };

/// Adds formats and features to the levels.
pub(super) fn read(
    root: &TableReader<'_>,
    accelerator: &mut Accelerator,
    problem: &Problem,
) -> Option<()> {
    let section = root.opt_nested("sparse_optimizations")?;
    section.node("version");
    let mut good = true;
    for target in section.tables("targets") {
        if read_target(&target, accelerator, problem).is_none() {
            good = false;
        }
        unsupported(&target);
    }
    unsupported(&section);
    good.then_some(())
}

fn read_target(
    table: &TableReader<'_>,
    accelerator: &mut Accelerator,
    problem: &Problem,
) -> Option<()> {
    let name = table.text("name")?;
    if name.value == accelerator.compute.name {
        for item in table.tables("compute_optimization") {
            let kind = item.text("type")?;
            match kind.value.as_str() {
                "gating" => accelerator.compute.gates = true,
                "skipping" => accelerator.compute.skips = true,
                _ => {
                    refuse(&item, "compute optimisation", &kind.value, kind.span);
                    return None;
                }
            }
            unsupported(&item);
        }
        return Some(());
    }
    let Some(level) = accelerator.levels.iter_mut().find(|level| level.name == name.value) else {
        table.problem(
            format!("the architecture has no component `{}`", name.value),
            name.span,
            "expected a storage level or the compute unit",
        );
        return None;
    };
    if let Some(formats) = table.opt_nested("representation_format") {
        for space in formats.tables("data_spaces") {
            let (tensor, format) = read_format(&space, problem)?;
            unsupported(&space);
            level.formats.push((tensor, format));
        }
        unsupported(&formats);
    }
    for item in table.tables("action_optimization") {
        let kind = item.text("type")?;
        let parsed = match kind.value.as_str() {
            "gating" => SafKind::Gate,
            "skipping" => SafKind::Skip,
            "skipping_spatial" | "spatial_skipping" => SafKind::SpatialSkip,
            _ => {
                refuse(&item, "action optimisation", &kind.value, kind.span);
                return None;
            }
        };
        let options = if item.has("options") {
            let tables = item.tables("options");
            let options = tables.iter().map(|option| {
                let read = read_option(option, problem);
                unsupported(option);
                read
            });
            options.collect::<Option<Vec<_>>>()?
        } else {
            vec![read_option(&item, problem)?]
        };
        unsupported(&item);
        level.safs.push(Saf { kind: parsed, options });
    }
    Some(())
}

fn refuse(table: &TableReader<'_>, what: &str, word: &str, span: std::ops::Range<usize>) {
    table.problem(format!("the {what} `{word}` is not supported"), span, "unknown type");
}

fn tensor_of(
    table: &TableReader<'_>,
    name: &str,
    span: std::ops::Range<usize>,
    problem: &Problem,
) -> Option<String> {
    if problem.tensor(name).is_none() {
        table.problem(format!("the problem has no data space `{name}`"), span, "in this section");
        return None;
    }
    Some(name.to_owned())
}

fn read_option(table: &TableReader<'_>, problem: &Problem) -> Option<SafOption> {
    let follower = table.text("target")?;
    let follower = tensor_of(table, &follower.value, follower.span, problem)?;
    let mut leaders = Vec::new();
    for item in table.items("condition_on") {
        let Value::Text(name) = &item.value else {
            table.problem("wrong type in `condition_on`", item.span.clone(), "expected names");
            return None;
        };
        leaders.push(tensor_of(table, name, item.span.clone(), problem)?);
    }
    if leaders.is_empty() {
        table.problem("a saved access needs a condition", table.span(), "expected `condition_on`");
        return None;
    }
    Some(SafOption { follower, leaders })
}

fn read_format(table: &TableReader<'_>, problem: &Problem) -> Option<(String, FormatSpec)> {
    let name = table.text("name")?;
    let tensor = tensor_of(table, &name.value, name.span, problem)?;
    let orders = [("inner_to_outer", true), ("outer_to_inner", false)];
    let order = table.opt_choice("rank_application_order", &orders);
    let mut ranks = Vec::new();
    for rank in table.tables("ranks") {
        ranks.push(read_rank(&rank, problem)?);
        unsupported(&rank);
    }
    if ranks.is_empty() || ranks.len() > 16 {
        table.problem("wrong number of ranks", table.span(), "expected 1 to 16 in `ranks`");
        return None;
    }
    Some((tensor, FormatSpec { ranks, inner_to_outer: order.is_some_and(|order| order.value) }))
}

fn read_rank(table: &TableReader<'_>, problem: &Problem) -> Option<RankSpec> {
    let word = table.text("format")?;
    let Some(format) = RankFormat::parse(&word.value) else {
        let names: Vec<String> = RANK_FORMATS.iter().map(|(name, _)| name.to_uppercase()).collect();
        table.push(
            Fault::new(format!("the rank format `{}` is not supported", word.value))
                .at(table.file(), word.span, "unknown format")
                .hint(format!("supported: `{}`", names.join("`, `"))),
        );
        return None;
    };
    let metadata_bits = table.opt_integer("metadata_word_bits", BITS).map(|bits| bits.value);
    let payload_bits = table.opt_integer("payload_word_bits", BITS).map(|bits| bits.value);
    let mut flattens = Vec::new();
    for group in table.items("flattened_rankIDs") {
        let Value::Array(items) = &group.value else {
            table.problem(
                "wrong `flattened_rankIDs`",
                group.span.clone(),
                "expected lists of dimensions",
            );
            return None;
        };
        let mut names = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(name) if problem.dimension(name).is_some() => names.push(name.clone()),
                _ => {
                    table.problem(
                        "wrong `flattened_rankIDs`",
                        item.span.clone(),
                        "expected a dimension",
                    );
                    return None;
                }
            }
        }
        flattens.push(names);
    }
    Some(RankSpec { format, metadata_bits, payload_bits, flattens })
}
