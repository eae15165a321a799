//! Bytes on every link of the hierarchy, from the residency of each cache.

use super::{
    lru::LinkLines,
    nest::Nest,
    residency::{Capacity, Lines, Residency},
    work::RegisterTraffic,
};
use crate::cost::{MemoryLevel, Tensor, Traffic};
use signloop_base::{Error, Result};
use signloop_machine::{Cache, CacheLevel, CachePolicy, CpuArch};

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

/// Cache `index` as the analysis sees it.
///
/// A victim cache and the nearer cache together keep what one cache of both sizes would: its ways
/// are taken as its own plus the nearer cache's lines spread over its sets.
///
/// # Errors
/// The processor has no such cache.
pub fn effective(arch: &CpuArch, index: usize) -> Result<Capacity> {
    let cache = arch
        .caches
        .get(index)
        .ok_or_else(|| Error::Internal("a processor without caches".into()))?;
    let mut capacity = capacity(cache);
    if cache.policy.value == CachePolicy::Victim && index > 0 {
        let nearer = &arch.caches[index - 1];
        capacity.ways += nearer.sets() * nearer.ways.value / capacity.sets;
    }
    Ok(capacity)
}

/// Lines that a cache fetches and evicts dirty, one entry a buffer of the nest.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn below(arch: &CpuArch, nest: &Nest, index: usize) -> Result<Vec<Lines>> {
    let capacity = effective(arch, index)?;
    Residency::new(nest, capacity.line).lines(capacity)
}

/// Lines on the link below cache `index`, from what it and the next cache fetch and evict.
///
/// A victim cache is read for the lines that it still holds and written with every line that the
/// nearer cache evicts; what it no longer holds comes from beyond it.
#[must_use]
pub fn link(
    arch: &CpuArch,
    index: usize,
    lines: &[Lines],
    next: Option<&[Lines]>,
) -> Vec<LinkLines> {
    let victim =
        arch.caches.get(index + 1).is_some_and(|next| next.policy.value == CachePolicy::Victim);
    lines
        .iter()
        .enumerate()
        .map(|(buffer, lines)| match next.and_then(|next| next.get(buffer)) {
            Some(beyond) if victim => {
                LinkLines { reads: lines.fills.saturating_sub(beyond.fills), writes: lines.fills }
            }
            _ => LinkLines { reads: lines.fills, writes: lines.dirty },
        })
        .collect()
}

/// Lines on the link below each cache (to memory, for the last), one entry a buffer of the nest.
///
/// # Errors
/// A count does not fit in 64 bits.
pub fn links(arch: &CpuArch, nest: &Nest) -> Result<Vec<Vec<LinkLines>>> {
    let all = (0..arch.caches.len()).map(|index| below(arch, nest, index));
    Ok(links_of(arch, all.collect::<Result<_>>()?))
}

/// As [`links`], from what each cache by itself fetches and evicts.
#[must_use]
pub fn links_of(arch: &CpuArch, mut all: Vec<Vec<Lines>>) -> Vec<Vec<LinkLines>> {
    for index in 1..all.len() {
        let (nearer, farther) = all.split_at_mut(index);
        // A farther cache sees only what the nearer one misses.
        for (line, limit) in farther[0].iter_mut().zip(&nearer[index - 1]) {
            line.fills = line.fills.min(limit.fills);
            line.dirty = line.dirty.min(limit.dirty);
        }
    }
    (0..all.len())
        .map(|index| link(arch, index, &all[index], all.get(index + 1).map(Vec::as_slice)))
        .collect()
}

/// Lines read and written on a link.
///
/// # Errors
/// The sum does not fit in 64 bits.
pub fn link_total(link: &[LinkLines]) -> Result<u64> {
    link.iter()
        .flat_map(|lines| [lines.reads, lines.writes])
        .try_fold(0_u64, u64::checked_add)
        .ok_or(Error::Overflow("lines of a layer"))
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
