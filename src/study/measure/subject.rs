//! One layer ready to run: a kernel or a dense competitor with its buffers.

use super::programs::{programs, split_engine};
use signloop_base::{Result, diagnostics::Problem};
use signloop_kernel::forced_engine;
use signloop_kernel::{
    Activations, BitPackedKernel, Buffer, DenseFp32, DenseInt8, Finishing, Input, Isa, Kernel,
    KernelOptions, Output, Workspace,
};
use signloop_network::{quant::QuantizedTensor, workload::Layer};

/// What is measured besides methods: fp32 matrix product.
pub const GEMM: &str = "gemm-fp32";
/// And 8-bit dense convolution.
pub const DENSE_INT8: &str = "dense-int8";
/// The same on the tiles of AMX, where the processor has them.
pub const DENSE_AMX: &str = "dense-amx";

/// Whether a name is that of a dense competitor, which runs under this activation type alone.
#[must_use]
pub fn competitor(name: &str) -> Option<Activations> {
    match name {
        GEMM => Some(Activations::Fp32),
        DENSE_INT8 | DENSE_AMX => Some(Activations::Unsigned { bits: 8 }),
        _ => None,
    }
}

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
    Int8 { dense: DenseInt8, input: Buffer<u8>, output: Buffer<u8> },
    BitPacked { kernel: BitPackedKernel, input: Vec<u8>, output: Vec<u8> },
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
        let map: Vec<u8> = (0..shape.input_elements()).map(pixel).collect();
        if method == DENSE_INT8 || method == DENSE_AMX {
            let dense = match method {
                DENSE_AMX => DenseInt8::amx(shape, weights)?,
                _ => DenseInt8::new(shape, weights, build.isa)?,
            };
            let (input, output) = (dense.pack(&map), dense.output());
            let body = Body::Int8 { dense, input, output };
            return Ok(Self { name: method.to_owned(), kernel: None, body });
        }
        let finishing = match build.activations {
            Activations::Fp32 => Finishing::Relu,
            Activations::Unsigned { .. } => Finishing::Requantised,
        };
        let (plain, engine) = split_engine(method)?;
        let mut options = KernelOptions {
            activations: build.activations,
            finishing,
            isa: build.isa,
            engine: engine.or(forced_engine()?),
            output_padding: shape.padding,
            bias: Vec::new(),
            tile: None,
            cache_bytes: build.cache_bytes,
        };
        if plain == "bit-packed" {
            let kernel = BitPackedKernel::build(shape, weights, &options)?;
            let shift = 8 - build.activations.greatest().count_ones();
            let input = (0..shape.input_elements()).map(|index| pixel(index) >> shift).collect();
            let output = vec![0; shape.output_elements() as usize];
            let body = Body::BitPacked { kernel, input, output };
            return Ok(Self { name: method.to_owned(), kernel: None, body });
        }
        let programs = programs(layer, weights, plain, &mut options)?;
        let kernel = Kernel::build(shape, weights, &programs, &options)?;
        let workspace = kernel.workspace(build.threads);
        let (inputs, outputs) = (kernel.input_layout().len(), kernel.output_layout().len());
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
            (Body::Int8 { dense, input, output }, _) => {
                dense.run(input, output);
                Ok(())
            }
            (Body::BitPacked { kernel, input, output }, _) => {
                kernel.run(Input::Unsigned(input), Output::Unsigned(output))
            }
            _ => Ok(()),
        }
    }
}

/// A made-up activation: times do not depend on the values.
fn pixel(index: u64) -> u8 {
    (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}
