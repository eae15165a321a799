//! Energy per bit of memories, each with its source and the range of published figures.

/// Energy of one bit moved, device and interface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DramEnergy {
    /// Name in files.
    pub name: &'static str,
    /// Figure to use.
    pub pj_per_bit: f64,
    /// Least and greatest published figure, of whatever scope.
    pub range: (f64, f64),
    /// Where the figure comes from.
    pub source: &'static str,
}

const ACCELERGY: &str = "Accelergy-Project/accelergy-cacti-plug-in@291018b:cacti_wrapper.py";

const KINDS: &[DramEnergy] = &[
    DramEnergy {
        name: "ddr3",
        pj_per_bit: 20.3,
        range: (7.8, 70.0),
        source: "Jouppi et al. ISCA 2021, Table 2: 1300 pJ / 64 bit, interface only; Accelergy has 70, device cores 7.8 to 14",
    },
    DramEnergy {
        name: "ddr4",
        pj_per_bit: 20.3,
        range: (5.5, 20.3),
        source: "Jouppi et al. ISCA 2021, Table 2: 1300 pJ / 64 bit; device core at row hits 5.5 (umd-memsys/DRAMsim3@2981759)",
    },
    DramEnergy {
        name: "ddr5",
        pj_per_bit: 17.0,
        range: (3.9, 17.0),
        source: "unverified: no citable figure; DDR4 times (1.1 V / 1.2 V)^2",
    },
    DramEnergy { name: "lpddr", pj_per_bit: 40.0, range: (40.0, 40.0), source: ACCELERGY },
    DramEnergy { name: "lpddr4", pj_per_bit: 8.0, range: (5.0, 14.0), source: ACCELERGY },
    DramEnergy {
        name: "lpddr5",
        pj_per_bit: 7.0,
        range: (7.0, 7.0),
        source: "unverified: one secondary source",
    },
    DramEnergy { name: "gddr5", pj_per_bit: 14.0, range: (14.0, 14.0), source: ACCELERGY },
    DramEnergy {
        name: "gddr6",
        pj_per_bit: 7.5,
        range: (5.5, 7.5),
        source: "micron.com/products/ultra-bandwidth-solutions, average device power; Jouppi et al. ISCA 2021 have 350 to 480 pJ / 64 bit",
    },
    DramEnergy { name: "hbm2", pj_per_bit: 3.9, range: (3.9, 13.1), source: ACCELERGY },
    DramEnergy {
        name: "hbm2e",
        pj_per_bit: 6.0,
        range: (4.3, 6.0),
        source: "micron.com/products/ultra-bandwidth-solutions, average device power",
    },
    DramEnergy { name: "hmc", pj_per_bit: 4.2, range: (4.2, 4.2), source: ACCELERGY },
];

/// All kinds, in table order.
#[must_use]
pub fn dram_kinds() -> &'static [DramEnergy] {
    KINDS
}

/// The energy of a kind.
#[must_use]
pub fn dram_energy(name: &str) -> Option<&'static DramEnergy> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_lies_in_its_range() {
        for kind in dram_kinds() {
            assert!(kind.range.0 <= kind.pj_per_bit && kind.pj_per_bit <= kind.range.1);
            assert!(!kind.source.is_empty());
            assert_eq!(dram_energy(kind.name), Some(kind));
        }
        // 512 pJ a 64-bit access, as in every table of the Sparseloop artifact.
        assert_eq!(dram_energy("lpddr4").unwrap().pj_per_bit * 64.0, 512.0);
        assert_eq!(dram_energy("ddr9"), None);
    }
}
