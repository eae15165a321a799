//! Energy of an on-chip SRAM from a table of CACTI runs.
//!
//! Between the runs energies are interpolated, linearly in the logarithms of node, capacity and
//! width. CACTI re-optimises the organisation of every array, so that a larger or wider one
//! sometimes comes out cheaper; 28 of the 324 reads are levelled (by at most 13 %) so that energy
//! never falls with capacity or width. Outside the table there is an error, not a guess.

use std::{cmp::Ordering, sync::OnceLock};

use super::{Circuit, OutsideScaling, Scaling, scale};

/// An array to look up; one bank of a banked buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SramQuery {
    /// Capacity in bytes.
    pub bytes: u64,
    /// Bits of one access.
    pub width_bits: u64,
    /// Technology node in nm.
    pub node_nm: f64,
    /// How energies are carried to nodes below 45 nm.
    pub scaling: Scaling,
}

/// Energy of one access.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SramEnergy {
    /// Read of one width.
    pub read_pj: f64,
    /// Write of one width.
    pub write_pj: f64,
}

/// Why the table has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutsideSram {
    /// The width is not between 8 and 512 bits.
    #[error(
        "an access of {width_bits} bits is outside the table of SRAM energies: it has 8 to 512 bits"
    )]
    Width {
        /// Bits asked for.
        width_bits: u64,
    },
    /// The capacity is not in the table for that width.
    #[error(
        "{bytes} bytes of {width_bits}-bit words are outside the table of SRAM energies: at that width it has {least} to {greatest} bytes"
    )]
    Capacity {
        /// Bytes asked for.
        bytes: u64,
        /// Bits asked for.
        width_bits: u64,
        /// Least bytes.
        least: u64,
        /// Most bytes.
        greatest: u64,
    },
    /// The node is not in the table, or the scaling does not reach it.
    #[error(transparent)]
    Node(#[from] OutsideScaling),
}

/// One run of CACTI.
#[derive(Debug, Clone, Copy)]
struct Run {
    node: f64,
    bytes: u64,
    width: u64,
    energy: SramEnergy,
}

/// The greatest and least nodes with runs.
const NODES: [f64; 4] = [22.0, 32.0, 45.0, 65.0];

fn runs() -> &'static [Run] {
    static RUNS: OnceLock<Vec<Run>> = OnceLock::new();
    RUNS.get_or_init(|| levelled(parse(include_str!("../../arch/data/sram.csv"))))
}

fn parse(text: &str) -> Vec<Run> {
    text.lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .filter_map(run)
        .collect()
}

fn run(line: &str) -> Option<Run> {
    let mut fields = line.split(',');
    let mut next = || fields.next()?.parse::<f64>().ok();
    let (node, bytes, width) = (next()?, next()? as u64, next()? as u64);
    let energy = SramEnergy { read_pj: next()?, write_pj: next()? };
    Some(Run { node, bytes, width, energy })
}

/// Every energy at least that of all smaller arrays and at most that of all larger ones: the
/// geometric mean of the two envelopes, which is the run itself wherever CACTI is monotone.
fn levelled(runs: Vec<Run>) -> Vec<Run> {
    let level = |own: &Run, of: fn(&Run) -> f64| {
        let same = || runs.iter().filter(|other| other.node == own.node);
        let below = same()
            .filter(|other| other.bytes <= own.bytes && other.width <= own.width)
            .map(of)
            .max_by(f64::total_cmp);
        let above = same()
            .filter(|other| other.bytes >= own.bytes && other.width >= own.width)
            .map(of)
            .min_by(f64::total_cmp);
        match (below, above) {
            (Some(below), Some(above)) if below > above => (below * above).sqrt(),
            _ => of(own),
        }
    };
    runs.iter()
        .map(|own| {
            let energy = SramEnergy {
                read_pj: level(own, |run| run.energy.read_pj),
                write_pj: level(own, |run| run.energy.write_pj),
            };
            Run { energy, ..*own }
        })
        .collect()
}

/// Energy of an array, interpolated.
///
/// # Errors
/// The array is smaller, larger, narrower or wider than any run, or the node is out of reach.
pub fn sram_energy(query: &SramQuery) -> Result<SramEnergy, OutsideSram> {
    let reachable = query.node_nm <= NODES[3] && query.node_nm.is_finite();
    if !reachable {
        return Err(OutsideScaling::new(
            query.node_nm,
            NODES[0],
            NODES[3],
            "the table of SRAM energies",
        )
        .into());
    }
    if query.node_nm >= NODES[2] {
        return between_nodes(query, query.node_nm);
    }
    match query.scaling {
        Scaling::Cacti if query.node_nm >= NODES[0] => between_nodes(query, query.node_nm),
        Scaling::Cacti => {
            Err(OutsideScaling::new(query.node_nm, NODES[0], NODES[3], "CACTI's own scaling")
                .into())
        }
        Scaling::Endpoints | Scaling::Stillmaker => {
            let base = between_nodes(query, NODES[2])?;
            let circuit = Circuit::Sram { bytes: query.bytes };
            let factor = scale(circuit, NODES[2], query.node_nm, query.scaling)?;
            Ok(SramEnergy { read_pj: base.read_pj * factor, write_pj: base.write_pj * factor })
        }
    }
}

fn between_nodes(query: &SramQuery, node: f64) -> Result<SramEnergy, OutsideSram> {
    let upper = NODES.iter().position(|own| *own >= node).unwrap_or(NODES.len() - 1);
    let lower = if NODES[upper] == node { upper } else { upper.saturating_sub(1) };
    let (low, high) = (at_node(query, NODES[lower])?, at_node(query, NODES[upper])?);
    Ok(blend(low, high, share(NODES[lower], NODES[upper], node)))
}

/// Interpolation over capacity and width in the four runs around the array.
fn at_node(query: &SramQuery, node: f64) -> Result<SramEnergy, OutsideSram> {
    let (bytes, bits) = (query.bytes, query.width_bits);
    let runs: Vec<&Run> = runs().iter().filter(|run| run.node == node).collect();
    let mut widths: Vec<u64> = runs.iter().map(|run| run.width).collect();
    widths.sort_unstable();
    widths.dedup();
    let Some((narrow, wide)) = around(&widths, |width| (width * 8).cmp(&bits)) else {
        return Err(OutsideSram::Width { width_bits: bits });
    };
    let of_width = |width: u64| runs.iter().filter(move |run| run.width == width);
    let has = |size: u64| {
        [narrow, wide].iter().all(|width| of_width(*width).any(|run| run.bytes == size))
    };
    let mut sizes: Vec<u64> =
        of_width(narrow).map(|run| run.bytes).filter(|size| has(*size)).collect();
    sizes.sort_unstable();
    let Some((small, large)) = around(&sizes, |size| size.cmp(&bytes)) else {
        let (least, greatest) = (sizes.first().copied(), sizes.last().copied());
        return Err(OutsideSram::Capacity {
            bytes,
            width_bits: bits,
            least: least.unwrap_or(0),
            greatest: greatest.unwrap_or(0),
        });
    };
    let corner =
        |size: u64, width: u64| of_width(width).find(|run| run.bytes == size).map(|run| run.energy);
    let along = share(narrow as f64 * 8.0, wide as f64 * 8.0, bits as f64);
    let row = |size: u64| Some(blend(corner(size, narrow)?, corner(size, wide)?, along));
    let rows = row(small).zip(row(large));
    // Both sizes were found at both widths, so the corners are there.
    rows.map(|(low, high)| blend(low, high, share(small as f64, large as f64, bytes as f64)))
        .ok_or(OutsideSram::Width { width_bits: bits })
}

/// The neighbours of a value in an ascending list; the same one twice where it is in the list.
fn around(list: &[u64], order: impl Fn(u64) -> Ordering) -> Option<(u64, u64)> {
    let upper = list.iter().position(|own| order(*own) != Ordering::Less)?;
    if order(list[upper]) == Ordering::Equal {
        return Some((list[upper], list[upper]));
    }
    Some((list[upper.checked_sub(1)?], list[upper]))
}

/// Where a value lies between two others, in logarithms.
fn share(low: f64, high: f64, value: f64) -> f64 {
    if low == high { 0.0 } else { (value / low).ln() / (high / low).ln() }
}

fn blend(low: SramEnergy, high: SramEnergy, share: f64) -> SramEnergy {
    let mix = |low: f64, high: f64| low * (high / low).powf(share);
    SramEnergy {
        read_pj: mix(low.read_pj, high.read_pj),
        write_pj: mix(low.write_pj, high.write_pj),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(bytes: u64, width_bits: u64, node_nm: f64) -> Result<SramEnergy, OutsideSram> {
        sram_energy(&SramQuery { bytes, width_bits, node_nm, scaling: Scaling::Cacti })
    }

    #[test]
    fn the_runs_come_back_unless_they_had_to_be_levelled() {
        let raw = parse(include_str!("../../arch/data/sram.csv"));
        assert_eq!(raw.len(), 324);
        let mut moved = 0;
        for run in &raw {
            let found = energy(run.bytes, run.width * 8, run.node).unwrap();
            assert_eq!(found.write_pj, run.energy.write_pj);
            let ratio = found.read_pj / run.energy.read_pj;
            assert!((0.88..1.13).contains(&ratio), "{run:?} {ratio}");
            moved += u32::from(found.read_pj != run.energy.read_pj);
        }
        assert_eq!(moved, 28);
    }

    #[test]
    fn energy_rises_with_capacity_width_and_node() {
        let nodes = [22.0, 28.0, 32.0, 40.0, 45.0, 55.0, 65.0];
        for node in nodes {
            for width in [8, 12, 16, 17, 32, 64, 100, 128, 256, 512] {
                let mut last: Option<SramEnergy> = None;
                for bytes in (6..=20).flat_map(|power| [1 << power, 3 << (power - 1)]) {
                    let Ok(own) = energy(bytes, width, node) else { continue };
                    if let Some(last) = last {
                        assert!(own.read_pj >= last.read_pj && own.write_pj >= last.write_pj);
                    }
                    last = Some(own);
                    if let Ok(wider) = energy(bytes, width + 8, node) {
                        assert!(wider.read_pj >= own.read_pj && wider.write_pj >= own.write_pj);
                    }
                    if let Ok(finer) = energy(bytes, width, node - 1.0) {
                        assert!(finer.read_pj <= own.read_pj && finer.write_pj <= own.write_pj);
                    }
                }
            }
        }
    }

    #[test]
    fn outside_the_table_is_an_error() {
        assert_eq!(energy(1024, 4, 45.0), Err(OutsideSram::Width { width_bits: 4 }));
        assert_eq!(energy(1 << 20, 1024, 45.0), Err(OutsideSram::Width { width_bits: 1024 }));
        assert_eq!(
            energy(48, 16, 45.0),
            Err(OutsideSram::Capacity { bytes: 48, width_bits: 16, least: 64, greatest: 65_536 })
        );
        assert_eq!(
            energy(1024, 256, 45.0),
            Err(OutsideSram::Capacity {
                bytes: 1024,
                width_bits: 256,
                least: 2048,
                greatest: 1 << 20
            })
        );
        assert!(matches!(energy(1024, 32, 90.0), Err(OutsideSram::Node(_))));
        assert!(matches!(energy(1024, 32, 16.0), Err(OutsideSram::Node(_))));
        assert!(matches!(energy(1024, 32, f64::NAN), Err(OutsideSram::Node(_))));
    }

    #[test]
    fn below_45_nm_the_endpoints_of_published_tables_are_the_default() {
        // 32 KiB, 64 bits: CACTI 45 nm 14.9 pJ times (22/45)^0.46; CACTI's own 22 nm says 3.5.
        let query =
            SramQuery { bytes: 32_768, width_bits: 64, node_nm: 22.0, scaling: Scaling::Endpoints };
        let ours = sram_energy(&query).unwrap().read_pj;
        assert!((ours - 14.9 * (22.0_f64 / 45.0).powf(0.46)).abs() < 0.05, "{ours}");
        let cacti = energy(32_768, 64, 22.0).unwrap().read_pj;
        assert!((cacti - 3.5).abs() < 0.05, "{cacti}");
    }
}
