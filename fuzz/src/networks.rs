//! Networks: workload files, ONNX models, name patterns.

use std::{path::Path, sync::LazyLock};

use signloop::{
    machine as arch,
    machine::CpuArch,
    method::{Execution, OpCounts, WeightStorage},
    network::workload::{self, Rename, Workload},
    study::{Counted, cost_of},
};

use super::{accepted, text};

static MACHINE: LazyLock<CpuArch> =
    LazyLock::new(|| arch::load(Path::new("epyc-7452")).expect("a shipped machine"));

const WEIGHTS: &str = "[weights]\nformat = \"synthetic\"\n";

/// A network that is accepted can be written and read again, and its layers evaluated.
pub fn workload(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(network) = accepted(workload::parse("fuzz.toml", &text, Path::new(""))) else {
        return;
    };
    let written = workload::to_toml(&network, WEIGHTS);
    let again = workload::parse("again.toml", &written, Path::new("")).expect("a workload");
    assert_eq!(format!("{:?}", again.nodes), format!("{:?}", network.nodes));
    evaluate(&MACHINE, &network, 2);
}

/// Costs of the first layers, each run in every way there is.
pub(super) fn evaluate(machine: &CpuArch, network: &Workload, layers: usize) {
    for layer in network.layers().take(layers) {
        let (macs, length) = (layer.shape.dense_macs(), layer.shape.filter_len());
        for execution in [Execution::Gemm, Execution::BitSerial, Execution::Program] {
            let counts = OpCounts {
                adds: macs - layer.shape.out_channels,
                multiplies: macs,
                scale_muls: layer.shape.out_channels,
                logic_ops: macs.div_ceil(64),
                popcounts: macs.div_ceil(64),
                loads: macs,
                stores: layer.shape.out_channels,
                peak_live: length,
                ..OpCounts::default()
            };
            let storage = WeightStorage { weight_bits: macs, scale_bits: 32, metadata_bits: macs };
            let counted = Counted { execution, counts: &counts, storage: &storage, slots: None };
            let cost = cost_of(machine, layer, layer.bits, &counted);
            if let Some(cost) = accepted(cost) {
                let total = cost.energy.total.0;
                assert!(total.is_finite() && total >= 0.0, "{total} pJ");
                assert!(cost.cycles.total.0.is_finite());
            }
        }
    }
}

/// An ONNX model that is accepted gives a workload file that parses or is refused in words.
pub fn onnx(data: &[u8]) {
    let options = workload::onnx::Options { name: "fuzz", fp32: &[0, -1], ..Default::default() };
    match workload::onnx::import(data, &options) {
        Ok(imported) => {
            let (head, layers) = &imported.toml;
            let text = format!("{head}{WEIGHTS}{layers}");
            if let Some(network) = accepted(workload::parse("fuzz.toml", &text, Path::new(""))) {
                // Products of two activations are layers without weights.
                assert!(network.layers().count() >= imported.layers.len());
            }
            for layer in &imported.layers {
                assert!(imported.tensors.contains_key(&format!("{layer}.weight")));
            }
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}

/// `FROM=TO`, then names, one a line.
pub fn rename(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let mut lines = text.lines();
    let Ok(rename) = lines.next().unwrap_or_default().parse::<Rename>() else { return };
    let (from, to) = rename.parts();
    assert_eq!(Rename::new(from, to).as_ref(), Ok(&rename));
    for name in lines {
        let _ = rename.apply(name);
    }
}
