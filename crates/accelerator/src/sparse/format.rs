//! Compressed formats as lists of ranks, and the widths of their words.

use super::Rules;
use signloop_machine::accelerator::RankFormat;

/// One rank of a format as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rank {
    /// Its format.
    pub format: RankFormat,
    /// Bits of a metadata word, if stated.
    pub metadata_bits: Option<u64>,
    /// Bits of a payload word, if stated.
    pub payload_bits: Option<u64>,
    /// Dimensions of the problem that this rank flattens, as a set of bits; `None` takes one loop
    /// of any dimension.
    pub dimensions: Option<u64>,
}

impl Rank {
    /// A rank of default word sizes that takes one loop.
    #[must_use]
    pub fn new(format: RankFormat) -> Self {
        Self { format, metadata_bits: None, payload_bits: None, dimensions: None }
    }

    pub(super) fn flattens(&self, dimension: u8) -> bool {
        self.dimensions.is_some_and(|set| set >> dimension & 1 == 1)
    }
}

/// Which end of the ranks is handed the loops first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RankOrder {
    /// The outermost rank takes the outermost loop.
    #[default]
    OuterToInner,
    /// The innermost rank takes the innermost loop.
    InnerToOuter,
}

/// A format of one tensor at one level.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Format {
    ranks: Vec<Rank>,
    order: RankOrder,
}

/// Why a format cannot be, or does not fit a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatFault {
    /// No rank.
    #[error("the format has no rank")]
    Empty,
    /// More ranks than are kept.
    #[error("the format has more than {} ranks", Format::MOST_RANKS)]
    TooManyRanks,
    /// A compressed rank above an uncompressed one.
    #[error("the compressed rank {upper} lies above the uncompressed rank {lower}")]
    CompressedAboveUncompressed {
        /// The upper rank, counted from the outermost.
        upper: usize,
        /// The lower rank.
        lower: usize,
    },
    /// The tile has more loops than the format has ranks.
    #[error("the tile has {loops} loops of this tensor, the format {ranks} ranks for them")]
    TooManyLoops {
        /// Non-trivial loops of the tile that project onto the tensor.
        loops: usize,
        /// Ranks.
        ranks: usize,
    },
}

/// Word widths of one rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WordBits {
    /// Of one metadata unit.
    pub metadata: u64,
    /// Of one payload unit.
    pub payload: u64,
}

impl Format {
    /// Ranks that a format can have at most.
    pub const MOST_RANKS: usize = 16;

    /// Checks the ranks, outermost first.
    ///
    /// # Errors
    /// No rank, too many ranks, or a compressed rank directly above an uncompressed one.
    pub fn new(ranks: Vec<Rank>, order: RankOrder) -> Result<Self, FormatFault> {
        if ranks.is_empty() {
            return Err(FormatFault::Empty);
        }
        if ranks.len() > Self::MOST_RANKS {
            return Err(FormatFault::TooManyRanks);
        }
        // A bitmask that keeps all payloads and an array of offsets both list every coordinate.
        if let Some(upper) = ranks
            .windows(2)
            .position(|pair| pair[0].format.compressed() && !pair[1].format.compressed())
        {
            return Err(FormatFault::CompressedAboveUncompressed { upper, lower: upper + 1 });
        }
        Ok(Self { ranks, order })
    }

    /// The ranks, outermost first.
    #[must_use]
    pub fn ranks(&self) -> &[Rank] {
        &self.ranks
    }

    /// Which rank takes the first loop.
    #[must_use]
    pub fn order(&self) -> RankOrder {
        self.order
    }

    /// Whether zeros take no data words.
    #[must_use]
    pub fn compressed(&self) -> bool {
        self.ranks.iter().any(|rank| rank.format.compressed())
    }

    /// Word widths of every rank, innermost first. A width that is not stated is that of the
    /// level, or one bit for bitmasks. Under Timeloop's rules a stated width that does not divide
    /// the width of the metadata store grows to the next one that does.
    #[must_use]
    pub fn word_bits(&self, level_bits: u64, storage_bits: u64, rules: Rules) -> Vec<WordBits> {
        let round = |bits: u64| match rules {
            Rules::Timeloop if bits > 0 && bits < storage_bits => (bits..=storage_bits)
                .find(|bits| storage_bits.is_multiple_of(*bits))
                .unwrap_or(bits),
            _ => bits,
        };
        let words = self.ranks.iter().rev().map(|rank| {
            let own = if rank.format.is_bitmask() { 1 } else { level_bits };
            WordBits {
                metadata: rank.metadata_bits.map_or(own, round),
                payload: rank.payload_bits.map_or(level_bits, round),
            }
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(names: &[&str]) -> Result<Format, FormatFault> {
        let ranks = names.iter().map(|name| Rank::new(RankFormat::parse(name).unwrap())).collect();
        Format::new(ranks, RankOrder::OuterToInner)
    }

    #[test]
    fn a_compressed_rank_needs_compressed_ranks_below() {
        assert!(format(&["UOP", "CP"]).unwrap().compressed());
        assert!(!format(&["uop", "ub"]).unwrap().compressed());
        assert_eq!(
            format(&["uop", "cp", "uop"]),
            Err(FormatFault::CompressedAboveUncompressed { upper: 1, lower: 2 })
        );
        assert_eq!(format(&[]), Err(FormatFault::Empty));
        assert_eq!(format(&["b"; 17]), Err(FormatFault::TooManyRanks));
    }

    #[test]
    fn stated_widths_grow_to_a_divisor_of_the_store() {
        let stated =
            |bits| Rank { metadata_bits: Some(bits), ..Rank::new(RankFormat::Coordinates) };
        let format = Format::new(
            vec![stated(5), stated(0), stated(28), Rank::new(RankFormat::Bitmask)],
            RankOrder::OuterToInner,
        )
        .unwrap();
        let metadata = |rules| -> Vec<u64> {
            format.word_bits(6, 28, rules).iter().map(|bits| bits.metadata).collect()
        };
        // Divisors of 28: 1, 2, 4, 7, 14, 28.
        assert_eq!(metadata(Rules::Timeloop), [1, 28, 0, 7]);
        assert_eq!(metadata(Rules::Exact), [1, 28, 0, 5]);
        assert_eq!(format.word_bits(6, 28, Rules::Timeloop)[0].payload, 6);
    }
}
