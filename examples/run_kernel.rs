//! Compiles the program of one layer to machine code (or portable loops), runs it, and holds the
//! result against the reference.
//!
//!     cargo run --release --example run_kernel

use signloop::kernel::options_here;
use signloop::{
    Error, Result,
    kernel::{Activations, Buffer, Finishing, Input, Kernel, Output, Reference, reference_fp32},
    method::{self, PlanOptions, PlanRequest},
    network::{
        quant::{Randomness, Scheme, synthesise},
        workload::{LayerKind, LayerShape},
    },
};

fn main() -> Result<()> {
    let shape = LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: 32,
        out_channels: 32,
        in_height: 16,
        in_width: 16,
        kernel_height: 3,
        kernel_width: 3,
        stride: 1,
        padding: 1,
        dilation: 1,
        groups: 1,
    }
    .checked()
    .map_err(|error| Error::Internal(error.to_string()))?;
    let randomness = Randomness { density: 0.35, spread: 0.0, seed: 1 };
    let weights = synthesise(Scheme::SignedBinary, shape.weight_shape(), randomness)?;

    // What is counted is what runs: the kernel is built from the method's own program.
    let options = PlanOptions::default();
    let request = PlanRequest::of_shape(&shape, &weights, &options);
    let plan = method::find("row-pattern")?.plan(&request)?;
    let finishing = Finishing::Scaled;
    let kernel = Kernel::build(
        &shape,
        &weights,
        &plan.programs,
        &options_here(Activations::Fp32, finishing)?,
    )?;

    // Activations lie in planes with zero borders; `pack` and `unpack` translate.
    let map: Vec<f32> =
        (0..shape.input_elements()).map(|at| (at * 37 % 101) as f32 / 101.0).collect();
    let mut input = Buffer::new(kernel.input_layout().len());
    kernel.input_layout().pack(&map, &mut input);
    let mut planes = Buffer::<f32>::new(kernel.output_layout().len());
    let mut workspace = kernel.workspace(1);
    kernel.run(Input::Fp32(&input), Output::Fp32(&mut planes), &mut workspace)?;
    let mut output = vec![0.0; shape.output_elements() as usize];
    kernel.output_layout().unpack(&planes, &mut output);

    let Reference::Fp32(right, _) = reference_fp32(&shape, &weights, &[], finishing, &map) else {
        return Err(Error::Internal("an fp32 reference has fp32 values".to_owned()));
    };
    let differences = output.iter().zip(&right).map(|(found, right)| (found - right).abs());
    let furthest = differences.fold(0.0, f32::max);
    println!("instruction set      {}", kernel.isa().name());
    println!("adds a position      {} of {} dense", plan.counts.adds, shape.dense_macs());
    println!("machine code         {} bytes", kernel.code_bytes());
    println!("largest difference   {furthest:.1e}");
    assert!(furthest < 1e-3, "the kernel does not compute the layer");
    Ok(())
}
