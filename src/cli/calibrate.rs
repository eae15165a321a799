//! `signloop calibrate`.

use signloop_kernel::detect_isa;
use std::{fmt::Write as _, path::PathBuf};

use super::{
    common::{emit_and_tell, keep},
    kernels::effort,
    progress::spinner,
};
use crate::study::measure::{Calibration, Fit, Sample, calibrate};
use signloop_base::Result;
use signloop_kernel::pin;
use signloop_machine::to_toml;

/// Arguments of `signloop calibrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File to write the description of this machine to.
    #[arg(long, default_value = "arch/this-machine.toml")]
    out: PathBuf,
    /// Description that what cannot be measured is taken from, and marked unverified.
    #[arg(long, default_value = "epyc-7452")]
    base: PathBuf,
    /// Rounds at most, for each layer.
    #[arg(long, default_value_t = 60)]
    rounds: usize,
    /// Seconds at most, for each layer.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
}

/// Measures, writes, prints the residuals.
pub(super) fn run(arguments: &Args) -> Result<()> {
    keep(Some(&arguments.out), [arguments.base.as_path()])?;
    let progress = spinner();
    let _ = pin();
    let effort = effort(arguments.rounds, arguments.seconds)?;
    let found = calibrate(detect_isa()?, &arguments.base, effort, |part| {
        progress.set_message(part.to_owned());
        progress.tick();
    })?;
    progress.finish_and_clear();
    emit_and_tell(to_toml(&found.arch).as_bytes(), &arguments.out, &summary(&found))
}

fn summary(found: &Calibration) -> String {
    let core = &found.arch.core;
    let mut text = format!("{}\n", found.arch.description);
    let _ = writeln!(
        text,
        "clock {} GHz; a cycle: {} fp32 adds, {} multiply-adds, {} 16-bit adds, {} loads, {} stores of {} bits",
        core.clock_ghz.value,
        core.fp32_add_per_cycle.value,
        core.fma_per_cycle.value,
        core.int16_add_per_cycle.value,
        core.load_per_cycle.value,
        core.store_per_cycle.value,
        core.simd_bits.value
    );
    for cache in &found.arch.caches {
        let _ = writeln!(
            text,
            "{:?}: {} KiB, read {} B/cycle, write {} B/cycle",
            cache.level,
            cache.size_kib.value,
            cache.read_bytes_per_cycle.value,
            cache.write_bytes_per_cycle.value
        );
    }
    let _ = writeln!(text, "memory: {} GB/s", found.arch.dram.single_core_gb_s.value);
    for (name, (fit, samples)) in [("fp32", &found.fp32), ("int16", &found.int16)] {
        text.push_str(&residuals(name, fit, samples));
    }
    text
}

fn residuals(name: &str, fit: &Fit, samples: &[Sample]) -> String {
    let rates = &fit.rates;
    let mut text = format!(
        "\n{name} kernels, cycles: add {:.3}, load {:.3}, store {:.3}, end of a sum {:.2}, code byte from beyond L2 {:.4}, run {:.0}\n",
        rates.cycles_per_add.value,
        rates.cycles_per_load.value,
        rates.cycles_per_store.value,
        rates.cycles_per_finish.value,
        rates.cycles_per_far_code_byte.value,
        rates.cycles_per_run.value
    );
    for (sample, residual) in samples.iter().zip(&fit.residuals) {
        let _ = writeln!(text, "  {:<44} {:+6.1} %", sample.name, residual * 100.0);
    }
    let _ = writeln!(
        text,
        "residuals: mean {:.1} %, largest {:.1} %",
        fit.mean() * 100.0,
        fit.worst() * 100.0
    );
    text
}
