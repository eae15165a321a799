//! Counts the adds of a network's layers from its actual weights, under two schemes and methods.
//!
//!     cargo run --release --example count_ops

use std::path::Path;

use signloop::{
    Result,
    method::{self, PlanOptions, PlanRequest},
    network::{
        quant::Scheme,
        workload::{self, WeightStore},
    },
};

fn main() -> Result<()> {
    // A shipped name, or the path of a workload file of your own.
    let (document, folder) = workload::open(Path::new("resnet20-cifar10"))?;
    let network = workload::from_document(&document, &folder)?;
    let options = PlanOptions::default();
    println!("layer,scheme,method,dense_macs,adds,density");
    for scheme in [Scheme::Binary, Scheme::SignedBinary] {
        let store = WeightStore::open(&network.weights, scheme, options.seed)?;
        for layer in network.quantized_layers().take(3) {
            let weights = store.layer(layer)?;
            let request = PlanRequest::of_layer(layer, &weights, &options);
            for name in ["zero-skip", "sum-merge"] {
                let method = method::find(name)?;
                let plan = method.plan(&request)?;
                // The counts are those of a program, and the program computes the layer.
                method.verify(&request, &plan, options.seed)?;
                println!(
                    "{},{scheme},{name},{},{},{:.3}",
                    layer.name,
                    layer.shape.dense_macs(),
                    plan.counts.adds,
                    weights.density()
                );
            }
        }
    }
    Ok(())
}
