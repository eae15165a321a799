//! A description of this machine: measured rates, bandwidths and kernel rates.

use std::path::Path;

use super::{
    fit::{Fit, Sample, fit},
    machine::cache_bytes,
    subject::{Build, Subject},
    timer::{Effort, interleave},
    work::work_of,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_kernel::{
    Activations, Isa,
    probe::{Probe, Stream, bandwidth, clock_ghz, rate},
};
use signloop_machine::{self as arch, CpuArch, KernelRates, Sourced};
use signloop_network::{
    quant::{Randomness, Scheme, synthesise},
    workload::{Layer, LayerShape, OperandBits},
};

/// Layers that kernel rates are fitted on: channels, filters, map size, kernel size. None is a
/// layer of a shipped network, so that a cross-check does not judge the fit on its own samples.
const SHAPES: [(u64, u64, u64, u64); 9] = [
    (48, 72, 44, 3),
    (80, 80, 40, 3),
    (96, 144, 24, 3),
    (160, 112, 30, 3),
    (224, 176, 15, 3),
    (288, 208, 12, 3),
    (320, 320, 9, 3),
    (448, 448, 7, 3),
    (384, 192, 14, 1),
];

/// A calibrated description and what its fits leave over.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// The description.
    pub arch: CpuArch,
    /// Fit of the fp32 kernels and its samples.
    pub fp32: (Fit, Vec<Sample>),
    /// Fit of the integer kernels and its samples.
    pub int16: (Fit, Vec<Sample>),
}

/// Measures this machine. What cannot be measured (energies, latencies, policies) is taken from
/// `base` and marked unverified.
///
/// # Errors
/// The processor has no vector unit that the kernels use, or `base` cannot be read.
pub fn calibrate(
    isa: Isa,
    base: &Path,
    effort: Effort,
    mut progress: impl FnMut(&str),
) -> Result<Calibration> {
    if isa == Isa::Scalar {
        return Err(Problem::new("calibration needs AVX2 or AVX-512")
            .hint("on other processors write the description by hand, from a shipped one")
            .into());
    }
    let mut arch = arch::load(base)?;
    unverify(&mut arch);
    arch.name = "this-machine".into();
    arch.description = format!("{}, calibrated", super::Machine::now(None).processor);
    progress("clock and ports");
    let clock = clock_ghz();
    core(&mut arch, isa, clock)?;
    progress("bandwidths");
    caches(&mut arch, isa, clock)?;
    let mut fits = Vec::new();
    for activations in [Activations::Fp32, Activations::Unsigned { bits: 8 }] {
        let samples = samples(isa, activations, clock, effort, &mut progress)?;
        let source = format!(
            "measured: least squares over {} kernels by `signloop calibrate`",
            samples.len()
        );
        fits.push((fit(&samples, &source), samples));
    }
    let (Some(int16), Some(fp32)) = (fits.pop(), fits.pop()) else {
        return Err(signloop_base::Error::Internal("two fits".into()));
    };
    arch.kernel = Some(KernelRates { fp32: fp32.0.rates.clone(), int16: int16.0.rates.clone() });
    Ok(Calibration { arch, fp32, int16 })
}

fn measured<T>(value: T, how: &str) -> Sourced<T> {
    Sourced::new(value, format!("measured: {how}, by `signloop calibrate`"))
}

/// Three decimals are what repeats.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn core(arch: &mut CpuArch, isa: Isa, clock: f64) -> Result<()> {
    let per_cycle = |probe, how: &str| -> Result<Sourced<f64>> {
        Ok(measured(rounded(rate(isa, probe)? / clock), how))
    };
    let core = &mut arch.core;
    core.clock_ghz = measured(
        rounded(clock),
        "chain of dependent exclusive ors and multiplications, 4 cycles a link",
    );
    core.simd_bits = measured(isa.vector_bytes() as u64 * 8, "widest instruction set of the CPU");
    core.vector_registers =
        measured(if isa == Isa::Avx512 { 32 } else { 16 }, "widest instruction set of the CPU");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    core.cores = measured(threads as u64, "processors online");
    core.int8_add_per_cycle = per_cycle(Probe::Int8Add, "adds from registers")?;
    core.int16_add_per_cycle = per_cycle(Probe::Int16Add, "adds from registers")?;
    core.int32_add_per_cycle = per_cycle(Probe::Int32Add, "adds from registers")?;
    core.fp32_add_per_cycle =
        per_cycle(Probe::Fp32AddAlternating, "adds from registers, adder and FMA unit in turn")?;
    core.fma_per_cycle = per_cycle(Probe::MultiplyAdd, "multiply-adds from registers")?;
    core.logic_per_cycle = per_cycle(Probe::Logic, "exclusive or from registers")?;
    core.load_per_cycle = per_cycle(Probe::Load, "aligned vector loads from L1")?;
    core.store_per_cycle = per_cycle(Probe::Store, "aligned vector stores to L1")?;
    Ok(())
}

fn caches(arch: &mut CpuArch, isa: Isa, clock: f64) -> Result<()> {
    let mut nearer = [0.0, 0.0];
    for (level, cache) in (1..).zip(&mut arch.caches) {
        if let Some(bytes) = cache_bytes(level) {
            // A cache of whole sets: sysfs may tell a share of a larger one.
            let kib = bytes as u64 / 1024;
            let way = cache.line_bytes.value * cache.ways.value;
            if kib > 0 && (kib * 1024).is_multiple_of(way) {
                cache.size_kib = measured(kib, "sysfs");
            }
        }
        // Half of the cache, and not more than 12 MiB, which neighbours may share.
        let bytes = (cache.size_bytes() as usize / 2).min(12 << 20);
        for (stream, nearer) in [Stream::Read, Stream::Write].into_iter().zip(&mut nearer) {
            let cycles = clock / bandwidth(isa, stream, bytes)?;
            // A level that does not overlap adds its time to that of the nearer ones.
            let own = if cache.overlaps.value { cycles } else { cycles - *nearer };
            let rate = rounded(1.0 / own.max(cycles / 16.0));
            *nearer = cycles;
            let how = format!("stream over {} KiB", bytes / 1024);
            match stream {
                Stream::Read => cache.read_bytes_per_cycle = measured(rate, &how),
                Stream::Write => cache.write_bytes_per_cycle = measured(rate, &how),
            }
        }
    }
    let far = arch.caches.iter().map(|cache| cache.size_bytes() as usize).max().unwrap_or(0);
    let bytes = (far * 4).clamp(64 << 20, 256 << 20);
    let single = rounded(bandwidth(isa, Stream::Read, bytes)?);
    arch.dram.single_core_gb_s = measured(single, &format!("reads over {} MiB", bytes >> 20));
    if arch.dram.peak_gb_s.value < single {
        arch.dram.peak_gb_s = measured(single, "one core reaches it");
    }
    arch.dram.penalty_cycles_per_line =
        measured(0.0, "the single-core bandwidth includes the latency");
    Ok(())
}

/// Marks every constant of the base description as not verified for this machine.
fn unverify(arch: &mut CpuArch) {
    fn mark<T>(constant: &mut Sourced<T>, base: &str) {
        constant.source = format!("unverified: of {base}: {}", constant.source).into();
    }
    let base = arch.name.clone();
    macro_rules! each {
        ($from:expr, $($field:ident)*) => { $(mark(&mut $from.$field, &base);)* };
    }
    each!(arch.core, popcount_words_per_cycle);
    for cache in &mut arch.caches {
        each!(cache, size_kib ways line_bytes full_duplex latency_cycles shared_by_cores policy
            overlaps access_bytes read_pj_per_access write_pj_per_access);
    }
    each!(arch.dram, channels peak_gb_s overlaps row_hit_pj_per_bit activation_nj row_bytes
        background_mw);
    each!(arch.energy, int8_add_pj int16_add_pj int32_add_pj fp32_add_pj fp32_mul_pj logic64_pj
        popcount64_pj instruction_overhead_pj static_w);
}

/// Kernels of all shapes, schemes and methods, timed.
fn samples(
    isa: Isa,
    activations: Activations,
    clock: f64,
    effort: Effort,
    progress: &mut impl FnMut(&str),
) -> Result<Vec<Sample>> {
    let cache_bytes = cache_bytes(2).unwrap_or(1 << 20);
    let build = Build { activations, isa, threads: 1, cache_bytes };
    let mut samples = Vec::new();
    for (channels, filters, size, kernel) in SHAPES {
        let name = format!("{channels}-{filters} {kernel}x{kernel} {size}x{size}");
        progress(&name);
        let layer = layer(channels, filters, size, kernel)?;
        let mut subjects = Vec::new();
        for scheme in Scheme::ALL {
            let density = if scheme == Scheme::Ternary { 0.5 } else { 0.35 };
            let random = Randomness { density, spread: 0.0, seed: channels };
            let weights = synthesise(scheme, layer.shape.weight_shape(), random)?;
            for method in ["row-pattern", "zero-skip"] {
                subjects.push((
                    format!("{name} {scheme} {method}"),
                    Subject::new(&layer, &weights, method, &build)?,
                ));
            }
        }
        let mut runs: Vec<Box<dyn FnMut() -> Result<(), Problem> + '_>> = subjects
            .iter_mut()
            .map(|(_, subject)| -> Box<dyn FnMut() -> Result<(), Problem> + '_> {
                Box::new(|| subject.run())
            })
            .collect();
        let times = interleave(&mut runs, effort)?;
        drop(runs);
        for ((name, subject), times) in subjects.into_iter().zip(times) {
            if let Some(kernel) = &subject.kernel {
                let work = work_of(kernel, cache_bytes);
                samples.push(Sample { name, work, cycles: times.min_us * clock * 1e3 });
            }
        }
    }
    Ok(samples)
}

fn layer(channels: u64, filters: u64, size: u64, kernel: u64) -> Result<Layer> {
    let shape = LayerShape::convolution(channels, filters, size, kernel)
        .map_err(|error| signloop_base::Error::Internal(error.to_string()))?;
    let bits = OperandBits { activation: 8, weight: 1, accumulator: 32, output: 8 };
    let name = format!("{channels}-{filters}");
    Ok(Layer { tensor: name.clone(), name, shape, quantized: true, bits })
}
