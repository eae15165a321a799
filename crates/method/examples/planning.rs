//! What planning takes: processor time and memory of each method on one random layer, its plan
//! held against the dense product.
//!
//!     cargo run --release -p signloop-method --example planning -- ROWSxCOLUMNS SCHEME DENSITY [METHOD…]
//!     cargo run --release -p signloop-method --example planning -- 2560x6912 ternary 0.58 shared-sum
//!
//! `KxC@3` is a layer of 3 × 3 kernels over C channels. Time and memory are read from `/proc`, so
//! it runs on Linux. One method a run gives the memory of that method alone.

use std::{fs, process::ExitCode};

use signloop_method::{Method, PlanOptions, PlanRequest, find, registry};
use signloop_network::{
    quant::{Randomness, Scheme, synthesise},
    workload::LayerShape,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("planning: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [size, scheme, density, methods @ ..] = arguments else {
        return Err("expected ROWSxCOLUMNS SCHEME DENSITY [METHOD…]".to_owned());
    };
    let shape = shape(size)?;
    let scheme: Scheme = scheme.parse().map_err(|_| format!("{scheme} is no scheme"))?;
    let density: f64 = density.parse().map_err(|problem| format!("{density}: {problem}"))?;
    let randomness = Randomness { density, spread: 0.0, seed: 1 };
    let weights = synthesise(scheme, shape.weight_shape(), randomness)
        .map_err(|_| format!("no {scheme} weights of density {density}"))?;
    let methods: Vec<&dyn Method> = if methods.is_empty() {
        registry().iter().copied().filter(|method| method.is_slow()).collect()
    } else {
        let found =
            methods.iter().map(|name| find(name).map_err(|_| format!("{name} is no method")));
        found.collect::<Result<_, _>>()?
    };
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(&shape, &weights, &options);
    println!("method weights adds loads processor_seconds verify_seconds peak_mib");
    for method in methods {
        if let Err(reason) = method.applies(&request) {
            println!("{} does not apply: {reason}", method.name());
            continue;
        }
        let start = processor_seconds();
        let plan = method.plan(&request).map_err(|problem| problem.to_string())?;
        let planned = processor_seconds();
        let peak = peak_mib();
        method.verify(&request, &plan, 7).map_err(|problem| problem.to_string())?;
        println!(
            "{} {} {} {} {:.2} {:.2} {peak}",
            method.name(),
            weights.codes().len(),
            plan.counts.adds,
            plan.counts.loads,
            planned - start,
            processor_seconds() - planned,
        );
    }
    Ok(())
}

fn shape(text: &str) -> Result<LayerShape, String> {
    let (size, kernel) = text.split_once('@').unwrap_or((text, "1"));
    let (rows, columns) =
        size.split_once('x').ok_or_else(|| format!("{text}: expected ROWSxCOLUMNS"))?;
    let number = |text: &str| text.parse::<u64>().map_err(|problem| format!("{text}: {problem}"));
    let (rows, columns, kernel) = (number(rows)?, number(columns)?, number(kernel)?);
    let shape = if kernel == 1 {
        LayerShape::linear(1, columns, rows)
    } else {
        LayerShape::convolution(columns, rows, 14, kernel)
    };
    shape.map_err(|problem| problem.to_string())
}

/// Processor time of all threads so far: fields 14 and 15 of `/proc/self/stat`, in hundredths.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Most memory resident so far, in MiB.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
