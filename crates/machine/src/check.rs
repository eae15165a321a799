//! Checks that span several constants: cache geometry and the order of the levels.

use std::ops::Range;

use super::{Cache, CacheLevel, CachePolicy};
use signloop_base::{config::TableReader, diagnostics::Problem};

/// The names of the levels, nearest first.
pub(super) const LEVELS: &[(&str, CacheLevel)] =
    &[("L1", CacheLevel::L1), ("L2", CacheLevel::L2), ("L3", CacheLevel::L3)];

/// Size, ways and line must make a whole number of sets.
pub(super) fn check_geometry(
    reader: &TableReader<'_>,
    sizes: [(u64, Range<usize>); 3],
) -> Option<()> {
    let [(size, size_span), (ways, ways_span), (line, line_span)] = sizes;
    if !line.is_power_of_two() {
        reader.problem(
            format!("`{}` is no power of two", reader.full("line_bytes")),
            line_span,
            "lines are addressed by dropping low bits",
        );
        return None;
    }
    if size < line {
        reader.push(
            Problem::new(format!(
                "`{}` is smaller than one line of {line} bytes",
                reader.full("size_kib")
            ))
            .at(reader.file(), size_span, format!("{size} bytes"))
            .hint("raise `size_kib` or lower `line_bytes`"),
        );
        return None;
    }
    let lines = size / line;
    if size % line != 0 || lines % ways != 0 {
        let nearest_ways: Vec<String> = (1..=lines.min(64))
            .filter(|ways| lines.is_multiple_of(*ways))
            .map(|ways| ways.to_string())
            .collect();
        reader.push(
            Problem::new(format!("`{}` does not divide the cache", reader.full("ways")))
                .at(reader.file(), ways_span, format!("{lines} lines make no whole number of sets"))
                .hint(format!("ways that divide {lines} lines: {}", nearest_ways.join(", "))),
        );
        return None;
    }
    Some(())
}

/// Levels must come in order, grow in size and latency, and share the line size.
pub(super) fn check_order(root: &TableReader<'_>, caches: &[Cache], places: &[Range<usize>]) {
    let problem = |index: usize, message: String, hint: &str| {
        root.push(
            Problem::new(message)
                .at(root.file(), places[index].clone(), "this level")
                .hint(hint.to_owned()),
        );
    };
    for (index, cache) in caches.iter().enumerate() {
        let expected = LEVELS[index.min(2)].1;
        if index > 2 || cache.level != expected {
            problem(
                index,
                format!(
                    "cache {} in the file is {:?}, expected {expected:?}",
                    index + 1,
                    cache.level
                ),
                "write the levels in the order L1, L2, L3, each once",
            );
            return;
        }
    }
    if let Some(first) = caches.first()
        && first.policy.value == CachePolicy::Victim
    {
        problem(
            0,
            "L1 cannot be a victim cache".to_owned(),
            "there is no nearer cache to take victims from",
        );
    }
    for (index, pair) in caches.windows(2).enumerate() {
        let (near, far) = (&pair[0], &pair[1]);
        if far.size_kib.value <= near.size_kib.value {
            problem(
                index + 1,
                format!(
                    "{:?} ({} KiB) is not larger than {:?} ({} KiB)",
                    far.level, far.size_kib.value, near.level, near.size_kib.value
                ),
                "sizes must grow away from the core",
            );
        }
        if far.latency_cycles.value <= near.latency_cycles.value {
            problem(
                index + 1,
                format!(
                    "{:?} latency ({} cycles) is not above {:?} latency ({} cycles)",
                    far.level, far.latency_cycles.value, near.level, near.latency_cycles.value
                ),
                "latencies must grow away from the core",
            );
        }
        if far.line_bytes.value != near.line_bytes.value {
            problem(
                index + 1,
                format!("{:?} and {:?} have different line sizes", far.level, near.level),
                "the model moves whole lines of one size between all levels",
            );
        }
    }
}
