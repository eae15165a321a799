//! One layer ready to run: a kernel or a dense competitor with its buffers.

use crate::{
    Result,
    diagnostics::Problem,
    kernel::{
        Activations, Buffer, DenseFp32, Finishing, Input, Isa, Kernel, KernelOptions, Output,
        Workspace, ports,
    },
    method::{PlanOptions, PlanRequest, find, shared_sum::row_pattern_program},
    quant::QuantizedTensor,
    workload::{Layer, LayerShape, OperandBits},
};

/// What is measured besides methods: fp32 matrix product.
pub const GEMM: &str = "gemm-fp32";

/// A runnable layer.
pub struct Subject {
    /// Method or competitor.
    pub name: String,
    /// The compiled kernel, if it is one of ours.
    pub kernel: Option<Kernel>,
    body: Body,
}

enum Body {
    Fp32 { input: Buffer<f32>, output: Buffer<f32>, workspace: Workspace },
    Unsigned { input: Buffer<u8>, output: Buffer<u8>, workspace: Workspace },
    Gemm { dense: DenseFp32, input: Vec<f32>, output: Vec<f32> },
}

/// How subjects are built.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// Activations; outputs are of the same type.
    pub activations: Activations,
    /// Instruction set.
    pub isa: Isa,
    /// Threads.
    pub threads: usize,
    /// Second-level cache.
    pub cache_bytes: usize,
}

impl Subject {
    /// Plans, compiles and fills the input.
    ///
    /// # Errors
    /// The method does not run the layer, or the layer is too large for a kernel.
    pub fn new(
        layer: &Layer,
        weights: &QuantizedTensor,
        method: &str,
        build: &Build,
    ) -> Result<Self> {
        let shape = &layer.shape;
        if method == GEMM {
            let dense = DenseFp32::new(shape, weights);
            let input = (0..shape.input_elements()).map(|index| pixel(index).into()).collect();
            let output = vec![0.0; shape.output_elements() as usize];
            return Ok(Self {
                name: method.to_owned(),
                kernel: None,
                body: Body::Gemm { dense, input, output },
            });
        }
        let finishing = match build.activations {
            Activations::Fp32 => Finishing::Relu,
            Activations::Unsigned { .. } => Finishing::Requantised,
        };
        let options = KernelOptions {
            activations: build.activations,
            finishing,
            isa: build.isa,
            engine: None,
            output_padding: shape.padding,
            bias: Vec::new(),
            tile: None,
            cache_bytes: build.cache_bytes,
        };
        let programs = programs(layer, weights, method, build)?;
        let kernel = Kernel::build(shape, weights, &programs, &options)?;
        let workspace = kernel.workspace(build.threads);
        let (inputs, outputs) = (kernel.input_layout().len(), kernel.output_layout().len());
        let map: Vec<u8> = (0..shape.input_elements()).map(pixel).collect();
        let body = match build.activations {
            Activations::Fp32 => {
                let mut input = Buffer::new(inputs);
                let map: Vec<f32> = map.into_iter().map(f32::from).collect();
                kernel.input_layout().pack(&map, &mut input);
                Body::Fp32 { input, output: Buffer::new(outputs), workspace }
            }
            Activations::Unsigned { bits } => {
                let mut input = Buffer::new(inputs);
                let map: Vec<u8> = map.into_iter().map(|value| value >> (8 - bits)).collect();
                kernel.input_layout().pack(&map, &mut input);
                Body::Unsigned { input, output: Buffer::new(outputs), workspace }
            }
        };
        Ok(Self { name: method.to_owned(), kernel: Some(kernel), body })
    }

    /// Runs once.
    ///
    /// # Errors
    /// Never, once built; the kernel's own checks are passed on.
    pub fn run(&mut self) -> Result<(), Problem> {
        match (&mut self.body, &self.kernel) {
            (Body::Fp32 { input, output, workspace }, Some(kernel)) => {
                kernel.run(Input::Fp32(input), Output::Fp32(output), workspace)
            }
            (Body::Unsigned { input, output, workspace }, Some(kernel)) => {
                kernel.run(Input::Unsigned(input), Output::Unsigned(output), workspace)
            }
            (Body::Gemm { dense, input, output }, _) => {
                dense.run(input, output);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A made-up activation: times do not depend on the values.
fn pixel(index: u64) -> u8 {
    (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// The method's programs, one a group, for [`Kernel::build`]; `row-pattern` is cut for the registers
/// of the instruction set.
///
/// # Errors
/// No method has the name, or no kernel runs it.
pub fn programs(
    layer: &Layer,
    weights: &QuantizedTensor,
    method: &str,
    build: &Build,
) -> Result<Vec<std::sync::Arc<crate::method::OpProgram>>> {
    let shape: &LayerShape = &layer.shape;
    if method == "row-pattern" {
        let ports = ports(build.isa, build.activations);
        let groups = shape.groups as usize;
        return Ok((0..groups)
            .map(|group| row_pattern_program(weights.group(group, groups), &ports).into())
            .collect());
    }
    let bits = OperandBits { weight: weights.scheme().bits_per_weight(), ..layer.bits };
    let options = PlanOptions::default();
    let request = PlanRequest { shape, weights, bits, options: &options };
    let method = find(method)?;
    method.applies(&request).map_err(Problem::new)?;
    let plan = method.plan(&request)?;
    if plan.programs.is_empty() {
        let message = format!("`{}` is counted, but no kernel runs it", method.name());
        return Err(Problem::new(message).into());
    }
    Ok(plan.programs)
}
