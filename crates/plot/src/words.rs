//! Names of columns as words on an axis.

/// Endings of columns that are units, and how a reader writes them.
const UNITS: [(&str, &str); 17] = [
    ("_gb_per_s", "GB/s"),
    ("_gb_s", "GB/s"),
    ("_per_cycle", "per cycle"),
    ("_percent", "%"),
    ("_cycles", "cycles"),
    ("_bytes", "bytes"),
    ("_bits", "bits"),
    ("_kib", "KiB"),
    ("_mib", "MiB"),
    ("_ghz", "GHz"),
    ("_nm", "nm"),
    ("_pj", "pJ"),
    ("_mw", "mW"),
    ("_us", "µs"),
    ("_ns", "ns"),
    ("_w", "W"),
    ("_j", "J"),
];

/// A column as a title: `arch.cache.L2.size_kib` is "cache L2 size (KiB)".
#[must_use]
pub(super) fn title(column: &str) -> String {
    let own = ["arch.", "workload."].iter().find_map(|room| column.strip_prefix(room));
    let own = own.unwrap_or(column);
    let (name, unit) = UNITS
        .iter()
        .find_map(|(ending, unit)| Some((own.strip_suffix(ending)?, format!(" ({unit})"))))
        .unwrap_or((own, String::new()));
    format!("{}{unit}", name.replace(['.', '_'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_titles() {
        assert_eq!(title("arch.cache.L2.size_kib"), "cache L2 size (KiB)");
        assert_eq!(title("arch.dram.single_core_gb_s"), "dram single core (GB/s)");
        assert_eq!(title("cycles"), "cycles");
        assert_eq!(title("energy_pj"), "energy (pJ)");
    }
}
