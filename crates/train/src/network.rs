//! A trainable network, built from the same workload that the simulator reads.
//!
//! Normalisation and activations are not nodes of a workload; they follow from its shape:
//! every layer is followed by a batch normalisation and an activation, except that
//! * a layer read by nothing but a sum has no activation (the sum has one, as in ResNet), and
//! * the last layer has a bias instead of both (it gives the logits).

use rayon::prelude::*;

use super::{
    convolution::Convolution,
    density::Density,
    engine::Engine,
    loss::{Score, Teacher, cross_entropy},
    parameter::Parameter,
    pass::Pass,
    slot::Slot,
    space::Workspace,
    surrogate::Quantizer,
    unit::Unit,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_network::quant::{QuantizedTensor, WeightShape};

/// The activation function of every block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationKind {
    /// max(x, 0).
    Relu,
    /// With a learned slope per channel below zero, 0.25 at first (He et al. 2015).
    Prelu,
}

/// Network, parameters and memory for batches of one size.
#[derive(Debug)]
pub struct Network {
    /// All parameters, in the order of the layers.
    pub parameters: Vec<Parameter>,
    pub(super) units: Vec<Unit>,
    pub(super) slots: Vec<Slot>,
    pub(super) work: Workspace,
    pub(super) engine: Engine,
    pub(super) batch: usize,
}

impl Network {
    /// Values of one input image.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.slots[0].len()
    }

    /// Classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.slots.last().map_or(0, Slot::len)
    }

    /// Room for a batch of input images (NHWC), to be filled before a pass.
    pub fn input(&mut self) -> &mut [f32] {
        &mut self.slots[0].values
    }

    /// The logits of the last pass: batch × classes.
    #[must_use]
    pub fn logits(&self) -> &[f32] {
        self.slots.last().map_or(&[], |slot| &slot.values)
    }

    /// Quantises the latents and lays all weights out for the tiles. Call it after every change
    /// of the weights. Without a quantiser the latents are used as they are.
    ///
    /// # Errors
    /// A weight is NaN or infinite.
    pub fn prepare(&mut self, quantizer: Option<&Quantizer>, training: bool) -> Result<Density> {
        let (parameters, engine) = (&self.parameters, self.engine);
        let counts: Vec<Result<Density, Problem>> = self
            .units
            .par_iter_mut()
            .map(|unit| {
                let Unit::Block(block) = unit else { return Ok(Density::default()) };
                let Some(convolution) = &mut block.convolution else {
                    return Ok(Density::default());
                };
                let parameter = &parameters[convolution.weight];
                let mut density = Density::default();
                match quantizer {
                    Some(quantizer) if convolution.quantized => {
                        let shape = convolution.geometry.weight_shape();
                        let effective = &mut convolution.effective;
                        let tensor = quantizer.apply(&parameter.values, shape, effective).map_err(
                            |problem| {
                                let message = problem.message();
                                Problem::new(format!("`{}`: {message}", parameter.name))
                            },
                        )?;
                        density.effectual = tensor.effectual();
                        density.total = tensor.codes().len() as u64;
                    }
                    _ => convolution.effective.copy_from_slice(&parameter.values),
                }
                convolution.pack(engine, training);
                Ok(density)
            })
            .collect();
        let mut sum = Density::default();
        for count in counts {
            let count = count?;
            sum.effectual += count.effectual;
            sum.total += count.total;
        }
        Ok(sum)
    }

    /// From the input to the logits.
    pub fn forward(&mut self, images: usize, training: bool) {
        assert!(images <= self.batch, "more images than there is room for");
        let pass = Pass { images, training, engine: self.engine };
        for unit in &mut self.units {
            unit.forward(pass, &mut self.parameters, &mut self.slots, &mut self.work);
        }
    }

    /// Loss of the last pass against labels, and a teacher's logits with their share of the loss.
    #[must_use]
    pub fn score(&self, labels: &[u8]) -> Score {
        let logits = &self.logits()[..labels.len() * self.classes()];
        cross_entropy(logits, labels, None, None)
    }

    /// All gradients of the mean loss of the last pass (which must have been a training pass).
    /// `teacher` holds logits of the same images and their share of the loss. `progress` from
    /// 0 to 1 sets the width of EDE.
    pub fn backward(
        &mut self,
        labels: &[u8],
        teacher: Option<(&[f32], f32)>,
        quantizer: Option<&Quantizer>,
        progress: f64,
    ) -> Score {
        let images = labels.len();
        let pass = Pass { images, training: true, engine: self.engine };
        let last = self.slots.len() - 1;
        let logits = &self.slots[last];
        let used = images * logits.len();
        let mut gradient = self.work.take(logits.values.len());
        let teacher = teacher.map(|(logits, share)| Teacher { logits, share });
        let score =
            cross_entropy(&logits.values[..used], labels, teacher, Some(&mut gradient[..used]));
        self.slots[last].gradient = Some(gradient);
        for unit in self.units.iter_mut().rev() {
            unit.backward(pass, &mut self.parameters, &mut self.slots, &mut self.work);
        }
        for slot in &mut self.slots {
            if let Some(unused) = slot.gradient.take() {
                self.work.give(unused);
            }
        }
        if let Some(quantizer) = quantizer {
            let shapes: Vec<Option<WeightShape>> = {
                let mut shapes = vec![None; self.parameters.len()];
                for convolution in self.convolutions().filter(|found| found.quantized) {
                    shapes[convolution.weight] = Some(convolution.geometry.weight_shape());
                }
                shapes
            };
            self.parameters.par_iter_mut().zip(shapes).for_each(|(parameter, shape)| {
                if let Some(shape) = shape {
                    let Parameter { values, gradient, .. } = parameter;
                    quantizer.backward(values, shape, progress, gradient);
                }
            });
        }
        score
    }

    fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        self.units.iter().filter_map(|unit| match unit {
            Unit::Block(block) => block.convolution.as_ref(),
            Unit::Pool(_) => None,
        })
    }

    /// The quantised layers' tensors by name.
    ///
    /// # Errors
    /// A latent is NaN or infinite.
    pub fn quantized(&self, quantizer: &Quantizer) -> Result<Vec<(String, QuantizedTensor)>> {
        self.convolutions()
            .filter(|convolution| convolution.quantized)
            .map(|convolution| {
                let parameter = &self.parameters[convolution.weight];
                let shape = convolution.geometry.weight_shape();
                let tensor = signloop_network::quant::quantize(
                    &parameter.values,
                    shape,
                    &quantizer.options,
                )?;
                Ok((parameter.name.clone(), tensor))
            })
            .collect()
    }
}
