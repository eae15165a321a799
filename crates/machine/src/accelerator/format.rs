//! How a level stores a sparse tensor.

use super::rank_format::{RANK_FORMATS, RankFormat};
use signloop_base::config::{Bounds, TableReader, Value};

/// One rank of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankSpec {
    /// Its format.
    pub format: RankFormat,
    /// Bits of a coordinate, run length or mask bit; the level's word where not stated.
    pub metadata_bits: Option<u64>,
    /// Bits of an offset or payload; the level's word where not stated.
    pub payload_bits: Option<u64>,
    /// Names of the dimensions that the rank can flatten, in groups; empty takes any one loop.
    pub flattens: Vec<Vec<String>>,
}

/// A format: ranks, outermost first as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatSpec {
    /// Ranks, outermost first.
    pub ranks: Vec<RankSpec>,
    /// Whether loops are handed out from the innermost rank and loop on.
    pub inner_to_outer: bool,
}

impl FormatSpec {
    /// Whether any rank leaves empty elements out, so that only nonzero words are stored.
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.ranks.iter().any(|rank| rank.format.compressed())
    }
}

/// Most ranks of a format.
pub const MAX_RANKS: usize = 16;

const BITS: Bounds<u64> = Bounds { least: 0, greatest: 64, expected: "a width of 0 to 64 bits" };

/// Reads one `[[storage.format]]`.
pub(super) fn read_format(table: &TableReader<'_>) -> Option<(String, FormatSpec)> {
    let tensor = table.text("tensor");
    let orders = [("outer-to-inner", false), ("inner-to-outer", true)];
    let order = table.opt_choice("order", &orders);
    let good_order = order.is_some() || !table.has("order");
    let tables = table.tables("ranks");
    if tables.is_empty() {
        table.problem(
            "the format has no ranks",
            table.span(),
            "expected `ranks = [{ format = … }]`",
        );
    }
    if tables.len() > MAX_RANKS {
        table.problem("too many ranks", table.span(), format!("a format has at most {MAX_RANKS}"));
    }
    let ranks: Vec<Option<RankSpec>> = tables.iter().take(MAX_RANKS).map(read_rank).collect();
    table.finish();
    let ranks: Vec<RankSpec> = ranks.into_iter().collect::<Option<_>>()?;
    if ranks.is_empty() || tables.len() > MAX_RANKS || !good_order {
        return None;
    }
    // A compressed rank over an uncompressed one has no place to store the zeros of the latter.
    let mut compressed = false;
    for (rank, reader) in ranks.iter().zip(&tables) {
        if compressed && !rank.format.compressed() {
            reader.problem(
                format!("the rank `{}` lies below a compressed one", rank.format.name()),
                reader.span(),
                "expected a compressed rank: cp, rle or b",
            );
            return None;
        }
        compressed |= rank.format.compressed();
    }
    let inner_to_outer = order.is_some_and(|order| order.value);
    Some((tensor?.value, FormatSpec { ranks, inner_to_outer }))
}

fn read_rank(table: &TableReader<'_>) -> Option<RankSpec> {
    let format = if table.has("format") {
        table.opt_choice("format", RANK_FORMATS)
    } else {
        table.text("format");
        None
    };
    let metadata_bits = table.opt_integer("metadata_bits", BITS).map(|bits| bits.value);
    let payload_bits = table.opt_integer("payload_bits", BITS).map(|bits| bits.value);
    let mut flattens = Vec::new();
    let mut good = true;
    for item in table.items("flattens") {
        match names(&item.value) {
            Some(group) => flattens.push(group),
            None => {
                table.problem(
                    "wrong type in `flattens`",
                    item.span.clone(),
                    "expected lists of dimensions, as [[\"C\", \"R\", \"S\"]]",
                );
                good = false;
            }
        }
    }
    table.finish();
    good.then_some(())?;
    Some(RankSpec { format: format?.value, metadata_bits, payload_bits, flattens })
}

fn names(value: &Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else { return None };
    items
        .iter()
        .map(|item| match &item.value {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}
