//! Writes a processor description as the TOML that [`super::load`] reads.

use std::fmt::{Display, Write as _};

use super::{CachePolicy, CpuArch, LaneRates, Sourced};
use signloop_base::config::quoted;

/// The description as TOML, every constant with its source.
#[must_use]
pub fn to_toml(arch: &CpuArch) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "kind = \"cpu\"\nname = {}", quoted(&arch.name));
    let _ = writeln!(text, "description = {}", quoted(&arch.description));
    macro_rules! table {
        ($from:expr, $($field:ident)*) => { $(line(&mut text, stringify!($field), &$from.$field);)* };
    }
    text.push_str("\n[core]\n");
    table!(arch.core, cores clock_ghz simd_bits vector_registers int8_add_per_cycle
        int16_add_per_cycle int32_add_per_cycle fp32_add_per_cycle fma_per_cycle logic_per_cycle
        popcount_words_per_cycle load_per_cycle store_per_cycle);
    for cache in &arch.caches {
        let _ = writeln!(text, "\n[[cache]]\nlevel = \"{:?}\"", cache.level);
        table!(cache, size_kib ways line_bytes read_bytes_per_cycle write_bytes_per_cycle
            full_duplex latency_cycles shared_by_cores);
        let policy = match cache.policy.value {
            CachePolicy::Inclusive => "\"inclusive\"",
            CachePolicy::Victim => "\"victim\"",
            CachePolicy::NonInclusive => "\"non-inclusive\"",
        };
        line(&mut text, "policy", &Sourced::new(policy, cache.policy.source.clone()));
        table!(cache, overlaps access_bytes read_pj_per_access write_pj_per_access);
    }
    let _ = writeln!(text, "\n[dram]\nkind = {}", quoted(&arch.dram.kind));
    table!(arch.dram, channels peak_gb_s single_core_gb_s penalty_cycles_per_line overlaps
        row_hit_pj_per_bit activation_nj row_bytes background_mw);
    text.push_str("\n[energy]\n");
    table!(arch.energy, int8_add_pj int16_add_pj int32_add_pj fp32_add_pj fp32_mul_pj logic64_pj
        popcount64_pj instruction_overhead_pj static_w);
    if let Some(kernel) = &arch.kernel {
        for (name, rates) in [("fp32", &kernel.fp32), ("int16", &kernel.int16)] {
            let _ = writeln!(text, "\n[kernel.{name}]");
            lane_rates(&mut text, rates);
        }
    }
    text
}

fn lane_rates(text: &mut String, rates: &LaneRates) {
    line(text, "cycles_per_add", &rates.cycles_per_add);
    line(text, "cycles_per_load", &rates.cycles_per_load);
    line(text, "cycles_per_store", &rates.cycles_per_store);
    line(text, "cycles_per_finish", &rates.cycles_per_finish);
    line(text, "cycles_per_far_code_byte", &rates.cycles_per_far_code_byte);
    line(text, "cycles_per_run", &rates.cycles_per_run);
}

fn line<T: Display>(text: &mut String, key: &str, constant: &Sourced<T>) {
    let source = quoted(&constant.source);
    let _ = writeln!(text, "{key} = {{ value = {}, source = {source} }}", constant.value);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{KernelRates, load, parse, shipped};
    use signloop_base::config::Document;

    #[test]
    fn what_is_written_reads_back_equal() {
        for (name, _) in shipped() {
            let Ok(mut arch) = load(Path::new(name)) else { continue };
            let rate = |value| Sourced::new(value, "a \"source\"");
            let rates = LaneRates {
                cycles_per_add: rate(0.5),
                cycles_per_load: rate(1.25),
                cycles_per_store: rate(0.0),
                cycles_per_finish: rate(12.0),
                cycles_per_far_code_byte: rate(0.125),
                cycles_per_run: rate(1000.0),
            };
            arch.kernel = Some(KernelRates { fp32: rates.clone(), int16: rates });
            let text = to_toml(&arch);
            let back = parse(&Document::parse("written.toml", text).unwrap()).unwrap();
            assert_eq!(back, arch, "{name}");
        }
    }
}
