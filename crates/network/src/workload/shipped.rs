//! The workloads and weights inside the binary, so that a name works from any folder.

use std::path::Path;

/// The workload with trained weights.
pub const DEFAULT_WORKLOAD: &str = "resnet20-cifar10";

macro_rules! workloads {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../workloads/", $name, ".toml")))),*]
    };
}

static WORKLOADS: &[(&str, &str)] = workloads![
    "resnet20-cifar10",
    "resnet20-cifar10-synthetic",
    "resnet32-cifar10",
    "resnet18-imagenet",
    "resnet34-imagenet",
    "vgg-small-cifar10",
    "alexnet-svhn",
    "mlp-mnist",
    "resnet8-digits",
    "resnet8-fashion-mnist",
];

macro_rules! weights {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../workloads/weights/", $name)) as &[u8])),*]
    };
}

static WEIGHTS: &[(&str, &[u8])] = weights![
    "resnet20-cifar10-binary.safetensors",
    "resnet20-cifar10-signed-binary.safetensors",
    "resnet20-cifar10-ternary.safetensors",
];

/// Name and TOML text of every shipped workload.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    WORKLOADS
}

/// The description in a shipped file, which begins with name and description.
#[must_use]
pub fn described(content: &str) -> &str {
    content
        .lines()
        .find_map(|line| line.strip_prefix("description = \"")?.strip_suffix('"'))
        .unwrap_or_default()
}

/// The shipped weight file of a path that exists nowhere on disk.
pub(super) fn weights(path: &Path) -> Option<&'static [u8]> {
    if path.exists() {
        return None;
    }
    // A workload named, not given as a file, has an empty folder: `weights/NAME`.
    let name = path.strip_prefix("weights").ok()?.to_str()?;
    WEIGHTS.iter().find(|(own, _)| *own == name).map(|(_, bytes)| *bytes)
}
