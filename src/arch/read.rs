//! Reads and checks a processor description.

use std::{cell::RefCell, ops::Range, path::Path, sync::Arc};

use super::{
    Cache, CacheLevel, CachePolicy, Core, CpuArch, Dram, OpEnergy, Sourced, kind::KINDS, shipped,
};
use crate::{
    Result,
    config::{Bounds, Document, Located, Node, TableReader, Value},
    diagnostics::{Problem, nearest},
};

/// Loads a processor description: a file, or the name of a shipped one when no such file exists.
///
/// # Errors
/// The file cannot be read, or every problem in it, each with its span.
pub fn load(path: &Path) -> Result<CpuArch> {
    let name = path.to_str().unwrap_or_default();
    if !path.exists() && !name.is_empty() && !name.contains(['/', '\\', '.']) {
        if let Some((_, text)) = shipped().iter().find(|(shipped, _)| *shipped == name) {
            return parse(&Document::parse(&format!("arch/{name}.toml"), (*text).to_owned())?);
        }
        let names: Vec<&str> = shipped().iter().map(|(shipped, _)| *shipped).collect();
        let problem = Problem::new(format!("no file and no shipped description named `{name}`"))
            .hint(format!("shipped descriptions: `{}`", names.join("`, `")));
        return Err(match nearest(name, names) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        }
        .into());
    }
    parse(&Document::read(path)?)
}

/// Reads a parsed processor description.
///
/// # Errors
/// Every problem of the file: unknown and missing keys, types, units, ranges, sources, geometry.
pub fn parse(document: &Document) -> Result<CpuArch> {
    let root = TableReader::root(document);
    let kind = root.text("kind");
    if let Some(kind) = &kind
        && kind.value != "cpu"
    {
        let known = KINDS.iter().any(|(name, _)| *name == kind.value);
        let problem = Problem::new(format!("`kind` is `{}`, not `cpu`", kind.value)).at(
            root.file(),
            kind.span.clone(),
            "expected \"cpu\"",
        );
        root.push(problem.hint(if known {
            "an accelerator description is read by the accelerator commands"
        } else {
            "the kinds are `cpu` and `accelerator`"
        }));
    }
    let name = root.text("name");
    let description = root.opt_text("description").map(|text| text.value).unwrap_or_default();
    let core = root.require_nested("core").and_then(|reader| read_core(&Constants::of(&reader)));
    let tables = root.tables("cache");
    if tables.is_empty() && !root.has("cache") {
        root.push(
            Problem::new("missing key `cache`")
                .at(root.file(), 0..0, "in this file")
                .hint("add one `[[cache]]` table a level, L1 first"),
        );
    }
    let mut places = Vec::new();
    let mut caches = Vec::new();
    let mut all = true;
    for table in &tables {
        match read_cache(&Constants::of(table)) {
            Some(cache) => {
                places.push(table.span());
                caches.push(cache);
            }
            None => all = false,
        }
    }
    if all {
        check_order(&root, &caches, &places);
    }
    let dram = root.require_nested("dram").and_then(|reader| read_dram(&Constants::of(&reader)));
    let energy =
        root.require_nested("energy").and_then(|reader| read_energy(&Constants::of(&reader)));
    root.finish();
    let problems = root.take_problems();
    match (name, core, dram, energy) {
        (Some(name), Some(core), Some(dram), Some(energy)) if problems.is_empty() => {
            Ok(CpuArch { name: name.value, description, core, caches, dram, energy })
        }
        _ => Err(problems.into()),
    }
}

/// Reads the constants of one table, each with the source of its own or of the table.
struct Constants<'r, 'a> {
    reader: &'r TableReader<'a>,
    source: Option<Arc<str>>,
    /// Constants without a source, told together at the end of the table.
    unsourced: RefCell<Vec<(&'static str, Range<usize>)>>,
}

impl<'r, 'a> Constants<'r, 'a> {
    fn of(reader: &'r TableReader<'a>) -> Self {
        let source = reader.opt_text("source").and_then(|text| checked_source(reader, &text));
        Self { reader, source, unsourced: RefCell::default() }
    }

    /// Reads a key with `read`, from its plain value or from `{ value = …, source = "…" }`.
    fn sourced<T>(
        &self,
        key: &'static str,
        plain: impl FnOnce(&TableReader<'a>, &'static str) -> Option<Located<T>>,
    ) -> Option<(Sourced<T>, Range<usize>)> {
        let inline = match self.reader.table().get(key) {
            Some(Node { value: Value::Table(table), .. }) => Some(table),
            _ => None,
        };
        let (found, source) = match inline {
            Some(table) => {
                self.reader.node(key);
                let inner = self.reader.nested(table, key);
                let source =
                    inner.opt_text("source").and_then(|text| checked_source(&inner, &text));
                let value = plain(&inner, "value");
                inner.finish();
                (value?, source.or_else(|| self.source.clone()))
            }
            None => (plain(self.reader, key)?, self.source.clone()),
        };
        let Some(source) = source else {
            self.unsourced.borrow_mut().push((key, found.span));
            return None;
        };
        Some((Sourced { value: found.value, source }, found.span))
    }

    /// Ends the table: unknown keys, and constants without a source.
    fn finish(&self) {
        self.reader.finish();
        // An empty source has been told already.
        let unsourced = self.unsourced.borrow();
        let Some((key, span)) = unsourced.first().filter(|_| !self.reader.has("source")) else {
            return;
        };
        let name = self.reader.full(key);
        let message = match unsourced.len() {
            1 => format!("`{name}` has no source"),
            count => format!("`{name}` and {} more of its table have no source", count - 1),
        };
        self.reader.push(
            Problem::new(message)
                .at(self.reader.file(), span.clone(), "where does this number come from?")
                .hint(
                    "add `source = \"…\"` to the table, or write `{ value = …, source = \"…\" }`",
                ),
        );
    }

    fn integer(&self, key: &'static str) -> Option<Sourced<u64>> {
        self.located_integer(key).map(|(value, _)| value)
    }

    fn located_integer(&self, key: &'static str) -> Option<(Sourced<u64>, Range<usize>)> {
        self.sourced(key, |reader, key| reader.integer(key, SIZE))
    }

    fn positive(&self, key: &'static str) -> Option<Sourced<f64>> {
        self.sourced(key, |reader, key| reader.number(key, RATE)).map(|(value, _)| value)
    }

    fn natural(&self, key: &'static str) -> Option<Sourced<f64>> {
        self.sourced(key, |reader, key| reader.number(key, Bounds::<f64>::NATURAL))
            .map(|(value, _)| value)
    }

    fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Sourced<T>> {
        self.sourced(key, |reader, key| {
            if reader.has(key) {
                reader.opt_choice(key, choices)
            } else {
                reader.text(key).and(None)
            }
        })
        .map(|(value, _)| value)
    }

    fn flag(&self, key: &'static str) -> Option<Sourced<bool>> {
        self.sourced(key, |reader, key| {
            let node = reader.require(key)?;
            if let Value::Boolean(value) = node.value {
                return Some(Located { value, span: node.span.clone() });
            }
            reader.flag(key, false);
            None
        })
        .map(|(value, _)| value)
    }
}

/// Sizes are bounded so that products of a few of them fit in 64 bits.
const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 24, expected: "a positive integer" };
/// Rates are bounded below so that no quotient leaves the range of a float.
const RATE: Bounds<f64> = Bounds { least: 1e-6, greatest: 1e9, expected: "a positive number" };

fn checked_source(reader: &TableReader<'_>, text: &Located<String>) -> Option<Arc<str>> {
    if text.value.trim().is_empty() {
        reader.push(
            Problem::new(format!("`{}` is empty", reader.full("source")))
                .at(reader.file(), text.span.clone(), "expected where the numbers come from")
                .hint("name a file of a repository, a URL, or `unverified: …`"),
        );
        return None;
    }
    Some(text.value.as_str().into())
}

fn read_core(constants: &Constants<'_, '_>) -> Option<Core> {
    let cores = constants.integer("cores");
    let clock_ghz = constants.positive("clock_ghz");
    let simd = constants.located_integer("simd_bits");
    let vector_registers = constants.integer("vector_registers");
    let int8_add_per_cycle = constants.positive("int8_add_per_cycle");
    let int16_add_per_cycle = constants.positive("int16_add_per_cycle");
    let int32_add_per_cycle = constants.positive("int32_add_per_cycle");
    let fp32_add_per_cycle = constants.positive("fp32_add_per_cycle");
    let fma_per_cycle = constants.positive("fma_per_cycle");
    let logic_per_cycle = constants.positive("logic_per_cycle");
    let popcount_words_per_cycle = constants.positive("popcount_words_per_cycle");
    let load_per_cycle = constants.positive("load_per_cycle");
    let store_per_cycle = constants.positive("store_per_cycle");
    constants.finish();
    let (simd_bits, span) = simd?;
    if simd_bits.value % 64 != 0 || simd_bits.value > 8192 {
        constants.reader.problem(
            format!("`{}` is no vector width", constants.reader.full("simd_bits")),
            span,
            "expected a multiple of 64 of at most 8192, as 128, 256 or 512",
        );
        return None;
    }
    Some(Core {
        cores: cores?,
        clock_ghz: clock_ghz?,
        simd_bits,
        vector_registers: vector_registers?,
        int8_add_per_cycle: int8_add_per_cycle?,
        int16_add_per_cycle: int16_add_per_cycle?,
        int32_add_per_cycle: int32_add_per_cycle?,
        fp32_add_per_cycle: fp32_add_per_cycle?,
        fma_per_cycle: fma_per_cycle?,
        logic_per_cycle: logic_per_cycle?,
        popcount_words_per_cycle: popcount_words_per_cycle?,
        load_per_cycle: load_per_cycle?,
        store_per_cycle: store_per_cycle?,
    })
}

const LEVELS: &[(&str, CacheLevel)] =
    &[("L1", CacheLevel::L1), ("L2", CacheLevel::L2), ("L3", CacheLevel::L3)];

fn read_cache(constants: &Constants<'_, '_>) -> Option<Cache> {
    let reader = constants.reader;
    let level = if reader.has("level") {
        reader.opt_choice("level", LEVELS)
    } else {
        reader.text("level").and(None)
    };
    let size = constants.located_integer("size_kib");
    let ways = constants.located_integer("ways");
    let line = constants.located_integer("line_bytes");
    let read_bytes_per_cycle = constants.positive("read_bytes_per_cycle");
    let write_bytes_per_cycle = constants.positive("write_bytes_per_cycle");
    let full_duplex = constants.flag("full_duplex");
    let latency_cycles = constants.positive("latency_cycles");
    let shared_by_cores = constants.integer("shared_by_cores");
    let policy = constants.choice(
        "policy",
        &[
            ("inclusive", CachePolicy::Inclusive),
            ("victim", CachePolicy::Victim),
            ("non-inclusive", CachePolicy::NonInclusive),
        ],
    );
    let overlaps = constants.flag("overlaps");
    let access_bytes = constants.integer("access_bytes");
    let read_pj_per_access = constants.natural("read_pj_per_access");
    let write_pj_per_access = constants.natural("write_pj_per_access");
    constants.finish();
    let ((size_kib, size_span), (ways, ways_span), (line_bytes, line_span)) = (size?, ways?, line?);
    check_geometry(
        reader,
        [
            (size_kib.value * 1024, size_span),
            (ways.value, ways_span),
            (line_bytes.value, line_span),
        ],
    )?;
    Some(Cache {
        level: level?.value,
        size_kib,
        ways,
        line_bytes,
        read_bytes_per_cycle: read_bytes_per_cycle?,
        write_bytes_per_cycle: write_bytes_per_cycle?,
        full_duplex: full_duplex?,
        latency_cycles: latency_cycles?,
        shared_by_cores: shared_by_cores?,
        policy: policy?,
        overlaps: overlaps?,
        access_bytes: access_bytes?,
        read_pj_per_access: read_pj_per_access?,
        write_pj_per_access: write_pj_per_access?,
    })
}

/// Size, ways and line must make a whole number of sets.
fn check_geometry(reader: &TableReader<'_>, sizes: [(u64, Range<usize>); 3]) -> Option<()> {
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
fn check_order(root: &TableReader<'_>, caches: &[Cache], places: &[Range<usize>]) {
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

fn read_dram(constants: &Constants<'_, '_>) -> Option<Dram> {
    let reader = constants.reader;
    let kind = reader.text("kind");
    let channels = constants.integer("channels");
    let peak = constants.sourced("peak_gb_s", |reader, key| reader.number(key, RATE));
    let single = constants.sourced("single_core_gb_s", |reader, key| reader.number(key, RATE));
    let penalty_cycles_per_line = constants.natural("penalty_cycles_per_line");
    let overlaps = constants.flag("overlaps");
    let row_hit_pj_per_bit = constants.natural("row_hit_pj_per_bit");
    let activation_nj = constants.natural("activation_nj");
    let row_bytes = constants.integer("row_bytes");
    let background_mw = constants.natural("background_mw");
    constants.finish();
    let ((peak_gb_s, _), (single_core_gb_s, span)) = (peak?, single?);
    if single_core_gb_s.value > peak_gb_s.value {
        reader.push(
            Problem::new(format!(
                "one core ({} GB/s) cannot exceed the peak ({} GB/s)",
                single_core_gb_s.value, peak_gb_s.value
            ))
            .at(reader.file(), span, "larger than `peak_gb_s`")
            .hint("both are in GB/s of 1e9 bytes"),
        );
        return None;
    }
    Some(Dram {
        kind: kind?.value,
        channels: channels?,
        peak_gb_s,
        single_core_gb_s,
        penalty_cycles_per_line: penalty_cycles_per_line?,
        overlaps: overlaps?,
        row_hit_pj_per_bit: row_hit_pj_per_bit?,
        activation_nj: activation_nj?,
        row_bytes: row_bytes?,
        background_mw: background_mw?,
    })
}

fn read_energy(constants: &Constants<'_, '_>) -> Option<OpEnergy> {
    let int8_add_pj = constants.natural("int8_add_pj");
    let int16_add_pj = constants.natural("int16_add_pj");
    let int32_add_pj = constants.natural("int32_add_pj");
    let fp32_add_pj = constants.natural("fp32_add_pj");
    let fp32_mul_pj = constants.natural("fp32_mul_pj");
    let logic64_pj = constants.natural("logic64_pj");
    let popcount64_pj = constants.natural("popcount64_pj");
    let instruction_overhead_pj = constants.natural("instruction_overhead_pj");
    let static_w = constants.natural("static_w");
    constants.finish();
    Some(OpEnergy {
        int8_add_pj: int8_add_pj?,
        int16_add_pj: int16_add_pj?,
        int32_add_pj: int32_add_pj?,
        fp32_add_pj: fp32_add_pj?,
        fp32_mul_pj: fp32_mul_pj?,
        logic64_pj: logic64_pj?,
        popcount64_pj: popcount64_pj?,
        instruction_overhead_pj: instruction_overhead_pj?,
        static_w: static_w?,
    })
}
