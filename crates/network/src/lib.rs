//! Networks and their weights.
//!
//! [`quant`] holds quantised weights: schemes, tensors of codes, and how latents become codes.
//! [`workload`] holds layers, their shapes and precision, and where the weights come from: files
//! of this tool's, of PyTorch, NumPy and ONNX, or a seeded generator.

#![forbid(unsafe_code)]

pub mod quant;
pub mod workload;
