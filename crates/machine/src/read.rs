//! Reads and checks a processor description.

use std::path::Path;

use super::{
    Cache, CachePolicy, Core, CpuArch, Dram, KernelRates, LaneRates, OpEnergy, accelerator,
    check::{LEVELS, check_geometry, check_order},
    constants::{Constants, RATE},
    kind::KINDS,
    shipped::{file_or_shipped, shipped},
    sourced::Sourced,
};
use signloop_base::{
    Result,
    config::{Document, Node, TableReader, Value},
    diagnostics::Problem,
};

/// Loads a processor description: a file, or the name of a shipped one when no such file exists.
///
/// # Errors
/// The file cannot be read, or every problem in it, each with its span.
pub fn load(path: &Path) -> Result<CpuArch> {
    parse(&open(path)?)
}

/// Opens a description, of any kind, as [`load`] finds it.
///
/// # Errors
/// The file cannot be read or is not TOML.
pub fn open(path: &Path) -> Result<Document> {
    file_or_shipped(path, "description", shipped(), accelerator::shipped())
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
    let kernel = root.opt_nested("kernel").and_then(|reader| {
        let lanes =
            |key| reader.require_nested(key).and_then(|nested| read_rates(&Constants::of(&nested)));
        let (fp32, int16) = (lanes("fp32"), lanes("int16"));
        reader.finish();
        Some(KernelRates { fp32: fp32?, int16: int16? })
    });
    root.finish();
    let problems = root.take_problems();
    match (name, core, dram, energy) {
        (Some(name), Some(core), Some(dram), Some(energy)) if problems.is_empty() => {
            Ok(CpuArch { name: name.value, description, core, caches, dram, energy, kernel })
        }
        _ => Err(problems.into()),
    }
}

fn read_rates(constants: &Constants<'_, '_>) -> Option<LaneRates> {
    let cycles_per_add = constants.natural("cycles_per_add");
    let cycles_per_load = constants.natural("cycles_per_load");
    let cycles_per_store = constants.natural("cycles_per_store");
    let cycles_per_finish = constants.natural("cycles_per_finish");
    let cycles_per_far_code_byte = constants.natural("cycles_per_far_code_byte");
    let cycles_per_run = constants.natural("cycles_per_run");
    constants.finish();
    Some(LaneRates {
        cycles_per_add: cycles_per_add?,
        cycles_per_load: cycles_per_load?,
        cycles_per_store: cycles_per_store?,
        cycles_per_finish: cycles_per_finish?,
        cycles_per_far_code_byte: cycles_per_far_code_byte?,
        cycles_per_run: cycles_per_run?,
    })
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

fn read_policy(constants: &Constants<'_, '_>) -> Option<Sourced<CachePolicy>> {
    const KEY: &str = "policy";
    let reader = constants.reader;
    let plain = match reader.table().get(KEY) {
        Some(Node { value: Value::Table(table), .. }) => table.get("value"),
        other => other,
    };
    if let Some(Node { value: Value::Text(text), span }) = plain
        && text == "exclusive"
    {
        reader.node(KEY);
        reader.push(
            Problem::new(format!("unknown value for `{}`", reader.full(KEY)))
                .at(reader.file(), span.clone(), "an exclusive cache is filled with victims")
                .hint("write `victim`: it holds what the nearer level puts out"),
        );
        return None;
    }
    constants.choice(
        KEY,
        &[
            ("inclusive", CachePolicy::Inclusive),
            ("victim", CachePolicy::Victim),
            ("non-inclusive", CachePolicy::NonInclusive),
        ],
    )
}

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
    let policy = read_policy(constants);
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
