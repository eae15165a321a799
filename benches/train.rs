//! Images per second of one training step, alone. `benches/pytorch.py` runs this beside PyTorch.
//!
//! `cargo bench --bench train -- WORKLOAD BATCH THREADS STEPS [ENGINE]` prints one line a step:
//! milliseconds of wall clock. Peak memory in MiB follows on the last line.

use std::{path::Path, time::Instant};

use signloop::{
    network::{
        quant::{QuantizeOptions, Scheme},
        workload,
    },
    train::{ActivationKind, Engine, Network, Optimizer, Quantizer, Rule, Surrogate},
};

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let argument = |place: usize, default: &str| {
        arguments.get(place).cloned().unwrap_or_else(|| default.to_owned())
    };
    let number = |place, default| argument(place, default).parse::<usize>().expect("a number");
    let path = argument(0, "workloads/resnet20-cifar10.toml");
    let (batch, threads, steps) = (number(1, "64"), number(2, "2"), number(3, "10"));
    let engine = match argument(4, "").as_str() {
        "avx512" => Engine::Avx512,
        "avx2" => Engine::Avx2,
        "portable" => Engine::Portable,
        _ => Engine::detect(),
    };
    let workload = workload::load(Path::new(&path)).expect("a workload");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    eprintln!("engine {engine:?}");
    pool.install(|| {
        let activation = ActivationKind::Relu;
        let mut network = Network::new(&workload, batch, activation, 1, engine).expect("a network");
        let options = QuantizeOptions { scheme: Scheme::SignedBinary, ..Default::default() };
        let quantizer = Some(Quantizer { options, surrogate: Surrogate::Ede });
        let mut optimizer = Optimizer::new(Rule::Sgd, 1e-4, false, &network.parameters);
        for (index, value) in network.input().iter_mut().enumerate() {
            *value = ((index * 7919) % 1009) as f32 / 504.0 - 1.0;
        }
        let labels: Vec<u8> = (0..batch).map(|image| (image % 10) as u8).collect();
        for _ in 0..steps {
            let start = Instant::now();
            network.prepare(quantizer.as_ref(), true).expect("finite weights");
            let prepared = start.elapsed();
            network.forward(batch, true);
            let forward = start.elapsed();
            let score = network.backward(&labels, None, quantizer.as_ref(), 0.5);
            let backward = start.elapsed();
            optimizer.step(&mut network.parameters, 0.01);
            assert!(score.loss.is_finite());
            let all = start.elapsed();
            println!(
                "{:.3} ms (prepare {:.3}, forward {:.3}, backward {:.3}, update {:.3})",
                all.as_secs_f64() * 1e3,
                prepared.as_secs_f64() * 1e3,
                (forward - prepared).as_secs_f64() * 1e3,
                (backward - forward).as_secs_f64() * 1e3,
                (all - backward).as_secs_f64() * 1e3
            );
        }
    });
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kibibytes) =
            peak.and_then(|peak| peak.split_whitespace().next()?.parse::<f64>().ok())
        {
            println!("peak {:.1} MiB", kibibytes / 1024.0);
        }
    }
}
