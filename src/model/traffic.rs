//! Bytes on every link of the hierarchy, from the residency of each cache.

use super::{
    MemoryLevel, Tensor, Traffic,
    lru::LinkLines,
    nest::Nest,
    residency::{Capacity, Lines, Residency},
    work::RegisterTraffic,
};
use crate::{
    Error, Result,
    arch::{Cache, CacheLevel, CachePolicy, CpuArch},
};

/// A cache as the analysis and the oracle see it.
#[must_use]
pub fn capacity(cache: &Cache) -> Capacity {
    Capacity { sets: cache.sets(), ways: cache.ways.value, line: cache.line_bytes.value }
}

/// The name of a cache level as a place that bytes come from.
#[must_use]
pub fn memory_level(level: CacheLevel) -> MemoryLevel {
    match level {
        CacheLevel::L1 => MemoryLevel::L1,
        CacheLevel::L2 => MemoryLevel::L2,
        CacheLevel::L3 => MemoryLevel::L3,
    }
}

/// Lines on the link below each cache (to memory, for the last), one entry a buffer of the nest.
///
/// A victim cache and the nearer cache together keep what one cache of both sizes would: its ways
/// are taken as its own plus the nearer cache's lines spread over its sets. It is read for the
/// lines that it still holds and written with every line that the nearer cache evicts.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn links(arch: &CpuArch, nest: &Nest) -> Result<Vec<Vec<LinkLines>>> {
    let buffers = nest.buffers.len();
    let Some(first) = arch.caches.first() else {
        return Err(Error::Internal("a processor without caches".into()));
    };
    let mut residency = Residency::new(nest, first.line_bytes.value);
    let mut below: Vec<Vec<Lines>> = Vec::with_capacity(arch.caches.len());
    for (index, cache) in arch.caches.iter().enumerate() {
        let mut capacity = capacity(cache);
        if cache.policy.value == CachePolicy::Victim && index > 0 {
            let nearer = &arch.caches[index - 1];
            capacity.ways += nearer.sets() * nearer.ways.value / capacity.sets;
        }
        let mut lines = residency.lines(capacity)?;
        if let Some(nearer) = below.last() {
            // A farther cache sees only what the nearer one misses.
            for (line, limit) in lines.iter_mut().zip(nearer) {
                line.fills = line.fills.min(limit.fills);
                line.dirty = line.dirty.min(limit.dirty);
            }
        }
        below.push(lines);
    }
    let mut links = Vec::with_capacity(below.len());
    for (index, lines) in below.iter().enumerate() {
        let victim =
            arch.caches.get(index + 1).is_some_and(|next| next.policy.value == CachePolicy::Victim);
        links.push(
            (0..buffers)
                .map(|buffer| {
                    let Lines { fills, dirty } = lines[buffer];
                    if victim {
                        // What the victim cache no longer holds comes from beyond it.
                        LinkLines { reads: fills - below[index + 1][buffer].fills, writes: fills }
                    } else {
                        LinkLines { reads: fills, writes: dirty }
                    }
                })
                .collect(),
        );
    }
    Ok(links)
}

/// Bytes on each link, memory first: the key by which blockings are compared.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn outermost_first(links: &[Vec<LinkLines>]) -> Result<Vec<u64>> {
    links
        .iter()
        .rev()
        .map(|link| {
            link.iter()
                .flat_map(|lines| [lines.reads, lines.writes])
                .try_fold(0_u64, u64::checked_add)
                .ok_or(Error::Overflow("lines of a layer"))
        })
        .collect()
}

/// The traffic table: registers to L1, then every link outwards; rows of zero bytes are left out.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn table(
    arch: &CpuArch,
    nest: &Nest,
    registers: &[RegisterTraffic],
    links: &[Vec<LinkLines>],
) -> Result<Vec<Traffic>> {
    let mut rows = Vec::with_capacity(16);
    for tensor in Tensor::ALL {
        for entry in registers.iter().filter(|entry| entry.tensor == tensor) {
            rows.push(Traffic {
                level: MemoryLevel::L1,
                tensor,
                read_bytes: entry.read_bytes,
                write_bytes: entry.write_bytes,
            });
        }
    }
    for (index, link) in links.iter().enumerate() {
        let level =
            arch.caches.get(index + 1).map_or(MemoryLevel::Dram, |next| memory_level(next.level));
        let line = arch.caches[index].line_bytes.value;
        let to_bytes =
            |lines: u64| lines.checked_mul(line).ok_or(Error::Overflow("bytes of a layer"));
        for tensor in Tensor::ALL {
            for (buffer, lines) in nest.buffers.iter().zip(link) {
                if buffer.tensor == tensor {
                    rows.push(Traffic {
                        level,
                        tensor,
                        read_bytes: to_bytes(lines.reads)?,
                        write_bytes: to_bytes(lines.writes)?,
                    });
                }
            }
        }
    }
    rows.retain(|row| row.read_bytes > 0 || row.write_bytes > 0);
    Ok(rows)
}

/// Bytes read and written at a level, all tensors together.
///
/// # Errors
/// The sum does not fit in 64 bits.
pub fn level_bytes(traffic: &[Traffic], level: MemoryLevel) -> Result<(u64, u64)> {
    traffic
        .iter()
        .filter(|row| row.level == level)
        .try_fold((0_u64, 0_u64), |(read, write), row| {
            Some((read.checked_add(row.read_bytes)?, write.checked_add(row.write_bytes)?))
        })
        .ok_or(Error::Overflow("bytes of a layer"))
}
