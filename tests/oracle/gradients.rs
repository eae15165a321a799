//! Are the trainer's gradients those of its own loss?

use std::path::Path;

use signloop::{
    network::workload::{self, Workload},
    train::{ActivationKind, Engine, Network, Role},
};

/// A stem that two readers share, a sum with a projection, one with a subsampled shortcut, one
/// of two plain maps, a depthwise layer, a grouped and dilated one, max pooling, and a hidden
/// linear layer over a map.
const EVERYTHING: &str = r#"
name = "everything"
[input]
channels = 2
height = 9
width = 8
[weights]
format = "synthetic"
[[layer]]
name = "stem"
kind = "conv"
out_channels = 4
kernel = 3
padding = 1
quantized = false
[[layer]]
name = "a1"
kind = "conv"
out_channels = 4
kernel = 3
padding = 1
[[layer]]
name = "a2"
kind = "conv"
out_channels = 4
kernel = 3
padding = 1
[[layer]]
name = "a"
kind = "add"
inputs = ["a2", "stem"]
[[layer]]
name = "b1"
kind = "conv"
out_channels = 6
kernel = 3
stride = 2
padding = 1
[[layer]]
name = "b2"
kind = "conv"
out_channels = 6
kernel = 3
padding = 1
[[layer]]
name = "projection"
kind = "conv"
input = "a"
out_channels = 6
kernel = 1
stride = 2
[[layer]]
name = "b"
kind = "add"
inputs = ["b2", "projection"]
[[layer]]
name = "c1"
kind = "conv"
out_channels = 8
kernel = 3
stride = 2
padding = 1
[[layer]]
name = "c"
kind = "add"
inputs = ["c1", "b"]
[[layer]]
name = "both"
kind = "add"
inputs = ["c", "c"]
[[layer]]
name = "depthwise"
kind = "depthwise"
kernel = 3
padding = 1
[[layer]]
name = "grouped"
kind = "conv"
out_channels = 8
kernel = 3
padding = 2
dilation = 2
groups = 2
[[layer]]
name = "max"
kind = "max-pool"
kernel = 2
stride = 1
[[layer]]
name = "hidden"
kind = "linear"
out_features = 7
[[layer]]
name = "logits"
kind = "linear"
out_features = 3
"#;

fn network(activation: ActivationKind, engine: Engine) -> Network {
    let workload: Workload = workload::parse("everything", EVERYTHING, Path::new("")).unwrap();
    Network::new(&workload, 12, activation, 7, engine).unwrap()
}

fn fill(network: &mut Network) -> Vec<u8> {
    for (index, value) in network.input().iter_mut().enumerate() {
        *value = ((index * 7919) % 1009) as f32 / 504.0 - 1.0;
    }
    (0..12).map(|image| (image * 5 % 3) as u8).collect()
}

/// Central differences along a fixed direction of every parameter tensor. A difference across
/// the corner of a ReLU is off by the share of activations that cross it, so the tight bound is
/// held with slopes of 0.9 below zero, and a loose one with the true corner.
#[test]
fn every_parameter_tensor_has_the_gradient_of_the_loss() {
    for (activation, share) in [(ActivationKind::Prelu, 0.01), (ActivationKind::Relu, 0.1)] {
        let mut network = network(activation, Engine::detect());
        let labels = fill(&mut network);
        for parameter in &mut network.parameters {
            if parameter.name.ends_with("prelu.weight") {
                parameter.values.fill(0.9);
            }
        }
        network.prepare(None, true).unwrap();
        network.forward(12, true);
        network.backward(&labels, None, None, 0.0);
        let parameters = network.parameters.clone();
        let mut checked = 0;
        for (index, parameter) in parameters.iter().enumerate() {
            if parameter.role == Role::Statistic {
                continue;
            }
            let direction: Vec<f32> = (0..parameter.values.len())
                .map(|place| if (place * 31 + index * 17) % 7 < 3 { 1.0 } else { -1.0 })
                .collect();
            let expected: f64 = direction
                .iter()
                .zip(&parameter.gradient)
                .map(|(d, g)| f64::from(*d) * f64::from(*g))
                .sum();
            let size: f64 = parameter.gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
            let mut difference = |step: f32| {
                let mut at = |step: f32| {
                    let moved = parameter.values.iter().zip(&direction);
                    let moved = moved.map(|(value, d)| value + step * d).collect();
                    network.parameters[index].values = moved;
                    network.prepare(None, false).unwrap();
                    network.forward(12, true);
                    network.score(&labels).mean_loss()
                };
                let slope = (at(step) - at(-step)) / (2.0 * f64::from(step));
                network.parameters[index].values.copy_from_slice(&parameter.values);
                slope
            };
            let found = difference(1e-4);
            assert!(
                (found - expected).abs() <= share * size.sqrt() + 2e-3,
                "{} {activation:?}: {found} against {expected}, norm {}",
                parameter.name,
                size.sqrt()
            );
            checked += 1;
        }
        assert!(checked >= 25, "{checked}");
    }
}

/// All engines give the same network: logits and gradients within single-precision noise.
#[test]
fn engines_train_the_same_network() {
    let run = |engine| {
        let mut network = network(ActivationKind::Relu, engine);
        let labels = fill(&mut network);
        network.prepare(None, true).unwrap();
        network.forward(12, true);
        let score = network.backward(&labels, None, None, 0.0);
        let gradients: Vec<f32> =
            network.parameters.iter().flat_map(|parameter| parameter.gradient.clone()).collect();
        (score.loss, gradients)
    };
    let results: Vec<_> = Engine::available().into_iter().map(run).collect();
    for (loss, gradients) in &results {
        assert!((loss - results[0].0).abs() < 1e-4);
        let largest = results[0].1.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        for (found, first) in gradients.iter().zip(&results[0].1) {
            assert!((found - first).abs() < 1e-4 * largest, "{found} {first}");
        }
    }
}

/// Every shipped network of small images can be built, and a small step down the gradient lowers
/// the loss of its batch (the large ones are only built, to keep the tests fast).
#[test]
fn shipped_networks_take_a_step() {
    use signloop::train::{Optimizer, Rule};
    let mut trained = 0;
    for (name, text) in workload::shipped() {
        let workload = workload::parse(name, text, Path::new("")).unwrap();
        if workload.input.height > 32 {
            continue;
        }
        let engine = Engine::detect();
        let mut network = Network::new(&workload, 8, ActivationKind::Relu, 1, engine).unwrap();
        let weights: usize = network.parameters.iter().map(|found| found.values.len()).sum();
        if weights > 1_000_000 {
            continue;
        }
        let labels = [3, 1, 4, 1, 5, 9, 2, 6];
        for (index, value) in network.input().iter_mut().enumerate() {
            *value = ((index * 7919) % 1009) as f32 / 504.0 - 1.0;
        }
        let mut optimizer = Optimizer::new(Rule::Sgd, 0.0, false, &network.parameters);
        let mut loss = || {
            network.prepare(None, true).unwrap();
            network.forward(8, true);
            let score = network.backward(&labels, None, None, 0.0);
            optimizer.step(&mut network.parameters, 1e-3);
            score.mean_loss()
        };
        let (before, after) = (loss(), loss());
        assert!(after < before, "{name}: {before} {after}");
        trained += 1;
    }
    assert!(trained >= 5, "{trained}");
}

#[test]
fn networks_that_cannot_be_trained_say_why() {
    let head = "name = \"n\"\n[input]\nchannels = 4\nheight = 8\nwidth = 8\n[weights]\nformat =                 \"synthetic\"\n";
    let refused = |layers: &str, batch| {
        let workload = workload::parse("n", &format!("{head}{layers}"), Path::new("")).unwrap();
        let engine = Engine::detect();
        Network::new(&workload, batch, ActivationKind::Relu, 1, engine).unwrap_err().to_string()
    };
    let conv = "[[layer]]\nname = \"c\"\nkind = \"conv\"\nout_channels = 4\nkernel = 3\n";
    let linear = "[[layer]]\nname = \"l\"\nkind = \"linear\"\nout_features = 2\n";
    let pool = "[[layer]]\nname = \"p\"\nkind = \"global-pool\"\n";
    assert!(refused(&format!("{conv}{pool}"), 1).contains("the last node must be a layer"));
    assert!(refused(&format!("{conv}{linear}"), 1 << 33).contains("more than 64 GiB"));
}
