//! Weights and checkpoints.

use std::{collections::BTreeMap, path::Path};

use signloop::{
    network::{
        quant::{PackedWeights, WeightShape, quantize, weight_stats},
        workload::{LatentFile, LatentTensor, Rename},
    },
    train::{Optimizer, Parameter, Role, Rule, checkpoint::Checkpoint},
};

use super::accepted;

pub fn safetensors(data: &[u8]) {
    latent("fuzz.safetensors", data);
}

pub fn npz(data: &[u8]) {
    latent("fuzz.npz", data);
}

pub fn npy(data: &[u8]) {
    latent("fuzz.npy", data);
}

/// Tensors that are accepted have the values that their shape says; they can be written, and
/// quantised unless a value is not finite.
fn latent(name: &str, data: &[u8]) {
    let Some(file) = accepted(LatentFile::parse(Path::new(name), data)) else { return };
    let mut tensors = BTreeMap::new();
    for name in file.names() {
        match file.tensor(name) {
            Ok(tensor) => {
                assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
                assert_eq!(file.shape(name), Some(tensor.shape.as_slice()));
                quantised(tensor);
                tensors.insert(name.to_owned(), tensor.clone());
            }
            Err(problem) => assert!(!problem.message().is_empty()),
        }
    }
    if name.ends_with(".safetensors") {
        let bytes = signloop::network::workload::safetensors(&tensors).expect("a safetensors file");
        let again = LatentFile::parse(Path::new(name), &bytes).expect("a safetensors file");
        assert_eq!(again.names().count(), tensors.len());
    }
    let _ = accepted(file.renamed(&[Rename::new("*.w*", "*").expect("a pattern")]));
}

fn quantised(tensor: &LatentTensor) {
    let size = |at: usize| tensor.shape.get(at).copied().unwrap_or(1);
    let shape = WeightShape {
        filters: size(0),
        channels: size(1),
        kernel_height: size(2),
        kernel_width: tensor.shape.iter().skip(3).product(),
    };
    for scheme in signloop::network::quant::Scheme::ALL {
        let options = signloop::network::quant::QuantizeOptions { scheme, ..Default::default() };
        match quantize(&tensor.values, shape, &options) {
            Ok(weights) => assert_eq!(weights.codes().len(), tensor.values.len()),
            Err(problem) => assert!(!problem.message().is_empty()),
        }
    }
}

/// Packed weights that are accepted have statistics.
pub fn packed(data: &[u8]) {
    let recognised = PackedWeights::recognises(data);
    let Some(packed) = accepted(PackedWeights::parse("fuzz.safetensors", data)) else { return };
    assert!(recognised);
    for (name, tensor) in packed.iter() {
        assert_eq!(packed.tensor(name).expect("a tensor of the file"), tensor);
        if tensor.codes().len() <= 1 << 16 && !tensor.codes().is_empty() {
            let stats = weight_stats(tensor);
            assert!(stats.effectual <= tensor.codes().len() as u64);
        }
    }
}

/// A checkpoint that is accepted fills a network, or is refused.
pub fn checkpoint(data: &[u8]) {
    let Some(opened) = accepted(Checkpoint::parse("fuzz".to_owned(), data.to_vec())) else {
        return;
    };
    let parameter = |name: &str, shape: &[usize], role| {
        let len = shape.iter().product();
        let gradient = if role == Role::Statistic { Vec::new() } else { vec![0.0; len] };
        Parameter {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: vec![0.0; len],
            gradient,
            role,
        }
    };
    let mut parameters =
        [parameter("a.weight", &[2, 3], Role::Latent), parameter("a.mean", &[2], Role::Statistic)];
    for rule in [Rule::Sgd, Rule::Adam] {
        let mut optimizer = Optimizer::new(rule, 0.0, false, &parameters);
        let _ = accepted(opened.restore(&mut parameters, Some(&mut optimizer)));
    }
    opened.check_same_run(&opened.header).expect("the same run");
    assert_eq!(opened.hash().len(), 32);
}
