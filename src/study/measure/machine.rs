//! The machine that a measurement was taken on, as far as it tells.

use signloop_kernel::widest_isa;
use std::{fs, path::Path};

use serde::Serialize;

use signloop_kernel::Isa;

/// State of the machine at the time of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Processor as the system names it.
    pub processor: String,
    /// Processors online.
    pub processors: usize,
    /// Processor that the measuring thread was pinned to, if it could be.
    pub pinned_to: Option<usize>,
    /// Widest instruction set of the kernels.
    pub widest_isa: Isa,
    /// Load average over one minute before the measurement, if known.
    pub load_average: Option<f64>,
    /// Frequency governor, if the system tells.
    pub governor: Option<String>,
    /// `measured (powercap)` where energy counters can be read, otherwise `modelled`.
    pub energy: String,
}

impl Machine {
    /// Reads the state.
    #[must_use]
    pub fn now(pinned_to: Option<usize>) -> Self {
        let text = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let processor = text("/proc/cpuinfo")
            .and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("model name"))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            })
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Self {
            processor,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            pinned_to,
            widest_isa: widest_isa(),
            load_average: text("/proc/loadavg")
                .and_then(|text| text.split(' ').next()?.parse().ok()),
            governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            energy: if energy_uj().is_some() { "measured (powercap)" } else { "modelled" }.into(),
        }
    }
}

/// Microjoules of the first package's counter, where the system lets us read it.
#[must_use]
pub fn energy_uj() -> Option<u64> {
    let path = Path::new("/sys/class/powercap/intel-rapl:0/energy_uj");
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Bytes of a cache of the first processor by level (1 to 3), from sysfs.
#[must_use]
pub fn cache_bytes(level: u32) -> Option<usize> {
    (0..8).find_map(|index| {
        let folder = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
        let read = |name: &str| {
            fs::read_to_string(format!("{folder}/{name}")).ok().map(|text| text.trim().to_owned())
        };
        let own: u32 = read("level")?.parse().ok()?;
        if own != level || read("type")? == "Instruction" {
            return None;
        }
        Some(read("size")?.strip_suffix('K')?.parse::<usize>().ok()? * 1024)
    })
}
