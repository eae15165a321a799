//! Entries with one thing changed, by accident (a byte) or on purpose (a number, or a byte, and the
//! checksum with it): whatever they say, what comes out is the plan that the method makes.

use std::path::{Path, PathBuf};

use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::{Method, Plan, PlanOptions, PlanRequest, registry};
use signloop_network::{
    quant::{QuantizedTensor, Scheme},
    workload::{LayerKind, LayerShape},
};

/// Where the payload begins: behind magic, key and checksum.
const PAYLOAD: usize = 40;
/// Changes of each of four kinds, for each of six methods.
const CHANGES: u64 = 50;

fn layer() -> (LayerShape, QuantizedTensor) {
    let shape = LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: 3,
        out_channels: 4,
        in_height: 5,
        in_width: 5,
        kernel_height: 2,
        kernel_width: 3,
        stride: 1,
        padding: 1,
        dilation: 1,
        groups: 1,
    };
    let shape = shape.checked().unwrap();
    let codes = (0..72).map(|at| [1, -1, 0, 1, 1, 0, -1][at * at % 7]).collect();
    let weights =
        QuantizedTensor::new(Scheme::Ternary, shape.weight_shape(), codes, vec![1.0; 4]).unwrap();
    (shape, weights)
}

/// All that a plan is used for. Programs are held against the dense product elsewhere; a changed
/// one that is right and counts the same is as good.
fn facts(plan: &Plan) -> impl PartialEq + std::fmt::Debug + use<> {
    (plan.execution, plan.counts, plan.storage, plan.programs.len())
}

fn only_entry(folder: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(folder).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    path
}

fn repair(entry: &mut [u8]) {
    let checksum = xxh3_64(&entry[PAYLOAD..]).to_le_bytes();
    entry[PAYLOAD - 8..PAYLOAD].copy_from_slice(&checksum);
}

/// The entry with one number of its header replaced: 0, one more, or the largest.
fn with_another_number(entry: &[u8], random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let (mut length, mut at, mut shift) = (0_usize, PAYLOAD, 0);
    loop {
        length |= usize::from(entry[at] & 0x7f) << shift;
        shift += 7;
        at += 1;
        if entry[at - 1] < 0x80 {
            break;
        }
    }
    let text = std::str::from_utf8(&entry[at..at + length]).unwrap();
    let is_digit = |c: char| c.is_ascii_digit();
    let starts: Vec<usize> = text.match_indices(is_digit).map(|(place, _)| place).collect();
    let start = starts[random.next_u64() as usize % starts.len()];
    let end = start + text[start..].find(|c| !is_digit(c)).unwrap();
    let start = text[..start].rfind(|c| !is_digit(c)).unwrap() + 1;
    let number: u64 = text[start..end].parse().unwrap();
    let other = match random.next_u64() % 3 {
        0 => 0,
        1 => number + 1,
        _ => u64::MAX,
    };
    let header = format!("{}{other}{}", &text[..start], &text[end..]);
    let mut changed = entry[..PAYLOAD].to_vec();
    changed.extend([(header.len() & 0x7f) as u8 | 0x80, (header.len() >> 7) as u8]);
    changed.extend(header.as_bytes());
    changed.extend(&entry[at + length..]);
    changed
}

fn searching_methods() -> impl Iterator<Item = &'static dyn Method> {
    registry().iter().copied().filter(|method| method.is_slow())
}

#[test]
fn whatever_is_changed_the_plan_is_the_methods_own() {
    let (shape, weights) = layer();
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(&shape, &weights, &options);
    let mut methods = 0;
    for method in searching_methods() {
        methods += 1;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(methods);
        let folder = tempfile::tempdir().unwrap();
        let cache = PlanCache::new(folder.path().to_owned(), 1 << 30);
        let fresh = facts(&cache.plan(method, &request).unwrap());
        let path = only_entry(folder.path());
        let sound = std::fs::read(&path).unwrap();
        assert_eq!(facts(&cache.plan(method, &request).unwrap()), fresh);
        assert_eq!(cache.damaged(), 0, "{}: a sound entry is refused", method.name());
        for change in 0..4 * CHANGES {
            let mut entry = match change % 4 {
                0 | 1 => {
                    let mut entry = sound.clone();
                    let place = random.next_u64() as usize % entry.len();
                    entry[place] ^= 1 + (random.next_u64() % 255) as u8;
                    entry
                }
                _ => with_another_number(&sound, &mut random),
            };
            if change % 2 == 1 {
                repair(&mut entry);
            }
            std::fs::write(&path, &entry).unwrap();
            let found = cache.plan(method, &request).unwrap();
            assert_eq!(facts(&found), fresh, "{} change {change}", method.name());
            let right = verify_on_other_inputs(&found, &request);
            assert!(right, "{} change {change}: a wrong program", method.name());
        }
        assert!(cache.damaged() > 2 * CHANGES, "{}: nothing is refused", method.name());
    }
    assert!(methods > 3, "no method keeps plans");
}

fn verify_on_other_inputs(plan: &Plan, request: &PlanRequest<'_>) -> bool {
    crate::verify(&plan.programs, request.shape, request.weights, 4, 0x5eed).unwrap()
}

/// A pipe would be waited for, a link leads elsewhere: both are told of and planned past.
#[cfg(unix)]
#[test]
fn only_plain_files_are_entries() {
    let (shape, weights) = layer();
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(&shape, &weights, &options);
    let method = crate::find("shared-sum").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = PlanCache::new(folder.path().to_owned(), 1 << 30);
    let fresh = facts(&cache.plan(method, &request).unwrap());
    let path = only_entry(folder.path());
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    assert_eq!(facts(&cache.plan(method, &request).unwrap()), fresh);
    assert_eq!(cache.damaged(), 1);
    std::fs::remove_file(&path).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
    assert_eq!(facts(&cache.plan(method, &request).unwrap()), fresh);
    assert_eq!(cache.damaged(), 2);
    assert!(path.symlink_metadata().unwrap().is_file(), "the entry is not replaced");
}
