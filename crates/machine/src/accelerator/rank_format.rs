//! How one rank of a compressed tensor is written, and the names of the ways.

/// How one rank of a fiber tree says where its nonzeros are (Sparseloop, MICRO 2022, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RankFormat {
    /// UOP: an array of offsets, one a coordinate and one more, as the row pointers of CSR.
    OffsetPairs,
    /// CP: the coordinate of every nonempty one, with its payload.
    Coordinates,
    /// RLE: the run of empty coordinates before every nonempty one.
    RunLength,
    /// B: a bit a coordinate; payloads of nonempty ones only.
    Bitmask,
    /// UB: a bit a coordinate; payloads of all.
    UncompressedBitmask,
}

/// The names of the formats in files.
pub const RANK_FORMATS: &[(&str, RankFormat)] = &[
    ("uop", RankFormat::OffsetPairs),
    ("cp", RankFormat::Coordinates),
    ("rle", RankFormat::RunLength),
    ("b", RankFormat::Bitmask),
    ("ub", RankFormat::UncompressedBitmask),
];

impl RankFormat {
    /// The format of a name, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let found = RANK_FORMATS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, format)| *format)
    }

    /// The name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        RANK_FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Whether its metadata are one bit a coordinate where no other width is stated.
    #[must_use]
    pub fn is_bitmask(self) -> bool {
        matches!(self, Self::Bitmask | Self::UncompressedBitmask)
    }

    /// Whether empty coordinates take no payload.
    #[must_use]
    pub fn compressed(self) -> bool {
        matches!(self, Self::Coordinates | Self::RunLength | Self::Bitmask)
    }
}
