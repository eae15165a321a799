//! Runs a sweep, or one shard of it, in chunks that are written in order.

use std::{io::Write, ops::Range, path::Path};

use rayon::prelude::*;

use super::{
    evaluate::rows,
    grid::Shard,
    inputs::Sweep,
    journal::Journal,
    manifest::{FORMAT, Manifest},
    output::Form,
    plans::Plans,
    recover::Head,
    row::header,
};
use signloop_base::{Error, Result, diagnostics::Problem, files};

/// Most points of one chunk. Smaller sweeps have smaller chunks, so that threads share them.
const MAX_CHUNK: u64 = 512;
/// Combinations planned at once, so that planning fills all threads.
const PLANNED_AHEAD: u64 = 256;

/// What happens, for a progress display. An error of the listener ends the run; what is written
/// by then is gone on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many points are done already, of so many.
    Begun {
        /// Points that an earlier run wrote.
        done: u64,
        /// Points of this shard.
        all: u64,
    },
    /// So many more combinations of network, scheme and method are planned.
    Planned(u64),
    /// So many more points are written.
    Written(u64),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Points of the shard.
    pub points: u64,
    /// Of them, written by earlier runs.
    pub resumed: u64,
}

/// Runs a shard into a file, going on where an earlier run was stopped. A file named `.parquet`
/// becomes that when all rows are there.
///
/// A finished file of the same sweep and shard is left as it is.
///
/// # Errors
/// A file cannot be written, is one that the sweep reads, or something foreign is in the way; or
/// weights do not fit a network.
pub fn run(
    sweep: &Sweep,
    shard: Shard,
    out: &Path,
    event: &(dyn Fn(Event) -> Result<()> + Sync),
) -> Result<Outcome> {
    if out.exists() && !out.is_file() {
        let name = out.display().to_string();
        return Err(Problem::new("the rows need a file, and this is none")
            .in_file(&name)
            .hint("leave `--out` away to print them")
            .into());
    }
    let form = Form::of(out)?;
    let points = shard.points(sweep.grid.points());
    let all = points.end - points.start;
    if is_finished(sweep, shard, out)? {
        event(Event::Begun { done: all, all })?;
        return Ok(Outcome { points: all, resumed: all });
    }
    files::may_write(out)?;
    Manifest::may_write(out)?;
    let head = Head {
        format: FORMAT.to_owned(),
        sweep: format!("{:032x}", sweep.hash()),
        shard: shard.index,
        shards: shard.count,
    };
    let header = header(sweep);
    let mut journal = Journal::open(out, &head, &header, points.start)?;
    let next = journal.next_point().min(points.end);
    let resumed = next - points.start;
    event(Event::Begun { done: resumed, all })?;
    let ran = in_chunks(sweep, next..points.end, event, &mut |wave| {
        for chunk in wave {
            journal.append(&chunk.rows, chunk.end_point)?;
        }
        journal.sync()
    });
    if let Err(error) = ran {
        if matches!(error, Error::Input(_) | Error::Internal(_)) {
            // It would end so again: there is nothing to go on with.
            drop(journal);
            Journal::discard(out)?;
        }
        return Err(error);
    }
    // A manifest of older rows must not stand beside newer ones, not even for a moment.
    match std::fs::remove_file(Manifest::beside(out)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &Manifest::beside(out), error));
        }
        _ => {}
    }
    let (bytes, xxh3) = journal.finish(out, form)?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        sweep: head.sweep,
        shard: shard.index,
        shards: shard.count,
        first_point: points.start,
        end_point: points.end,
        all_points: sweep.grid.points(),
        header_bytes: if form == Form::Csv { header.len() as u64 } else { 0 },
        bytes,
        xxh3,
    };
    manifest.write(out)?;
    Ok(Outcome { points: all, resumed })
}

/// Writes the rows of a shard to a stream, without a journal.
///
/// # Errors
/// The stream is closed, or weights do not fit a network.
pub fn stream(
    sweep: &Sweep,
    shard: Shard,
    out: &mut dyn Write,
    event: &(dyn Fn(Event) -> Result<()> + Sync),
) -> Result<Outcome> {
    let points = shard.points(sweep.grid.points());
    let all = points.end - points.start;
    let failed = |error| Error::io("write", Path::new("standard output"), error);
    event(Event::Begun { done: 0, all })?;
    out.write_all(header(sweep).as_bytes()).map_err(failed)?;
    in_chunks(sweep, points, event, &mut |wave| {
        wave.iter().try_for_each(|chunk| out.write_all(&chunk.rows)).map_err(failed)
    })?;
    out.flush().map_err(failed)?;
    Ok(Outcome { points: all, resumed: 0 })
}

/// Rows of contiguous points.
struct Chunk {
    rows: Vec<u8>,
    /// The point after the last.
    end_point: u64,
}

/// Evaluates points in waves of chunks and hands each wave on in order.
fn in_chunks(
    sweep: &Sweep,
    points: Range<u64>,
    event: &(dyn Fn(Event) -> Result<()> + Sync),
    write: &mut dyn FnMut(&[Chunk]) -> Result<()>,
) -> Result<()> {
    let threads = rayon::current_num_threads() as u64;
    let chunk = (sweep.grid.points() / (8 * threads)).clamp(1, MAX_CHUNK);
    let inner = sweep.grid.arch_variants;
    let mut plans = Plans::default();
    let mut at = points.start;
    while at < points.end {
        // At least two chunks a thread, so that one slow chunk leaves few idle.
        let end = (at + 4 * threads * chunk).min(points.end);
        let needed = at / inner..(end - 1) / inner + 1;
        if needed.clone().any(|outer| plans.get(outer).is_none()) {
            let last = (points.end - 1) / inner + 1;
            let ahead = needed.start..(needed.start + PLANNED_AHEAD).min(last).max(needed.end);
            plans.ensure(sweep, ahead, &|count| event(Event::Planned(count)))?;
        }
        let starts: Vec<u64> = (at..end).step_by(chunk as usize).collect();
        let wave = starts
            .into_par_iter()
            .map(|start| {
                let end_point = (start + chunk).min(end);
                Ok(Chunk { rows: rows(sweep, &plans, start..end_point)?, end_point })
            })
            .collect::<Result<Vec<_>>>()?;
        write(&wave)?;
        event(Event::Written(end - at))?;
        at = end;
    }
    Ok(())
}

/// Whether the file holds this shard already, whole and unchanged.
fn is_finished(sweep: &Sweep, shard: Shard, out: &Path) -> Result<bool> {
    let path = Manifest::beside(out);
    if !out.exists() || !path.exists() {
        return Ok(false);
    }
    // A broken manifest means that the file is made again.
    let Ok(manifest) = Manifest::read_own(out) else { return Ok(false) };
    if manifest.sweep != format!("{:032x}", sweep.hash())
        || (manifest.shard, manifest.shards) != (shard.index, shard.count)
    {
        return Ok(false);
    }
    let mut ignored = std::io::sink();
    let found = super::merge::copy_checked(out, &manifest, false, &mut ignored, None);
    match found {
        Ok(()) => Ok(true),
        Err(Error::Input(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
