//! What follows a convolution per channel: batch normalisation (Ioffe and Szegedy 2015) or a bias,
//! its coefficients on the way forward and its gradients on the way back.

use super::{
    block::{Activation, Block, Offset, State},
    parameter::Parameter,
    pass::Pass,
    space::{Workspace, images_per_chunk},
};

/// ε of batch normalisation, and the weight of a new batch in the running statistics (PyTorch).
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl Block {
    /// Scale and shift of every channel; in training also the running statistics.
    pub(super) fn coefficients(
        &mut self,
        pass: Pass,
        parameters: &mut [Parameter],
        channels: usize,
        positions: usize,
        work: &Workspace,
    ) {
        let State { mean, inverse, scale, shift, .. } = &mut self.state;
        mean.resize(channels, 0.0);
        inverse.resize(channels, 1.0);
        scale.resize(channels, 1.0);
        shift.resize(channels, 0.0);
        match self.offset {
            Offset::None => {}
            Offset::Bias(bias) => shift.copy_from_slice(&parameters[bias].values),
            Offset::Norm(gamma) => {
                let [gamma, beta, running_mean, running_variance] =
                    &mut parameters[gamma..gamma + 4]
                else {
                    unreachable!("four tensors of a normalisation")
                };
                let chunks = pass.images.div_ceil(images_per_chunk(pass.images));
                let sums = work.total(chunks, if pass.training { 2 * channels } else { 0 });
                let count = positions as f64;
                for k in 0..channels {
                    let running = &mut running_mean.values[k];
                    let running_variance = &mut running_variance.values[k];
                    let (mut average, mut variance) =
                        (f64::from(*running), f64::from(*running_variance));
                    if pass.training {
                        let distance = sums[k] / count;
                        average += distance;
                        let batch = (sums[channels + k] / count - distance * distance).max(0.0);
                        let unbiased = batch * count / (count - 1.0).max(1.0);
                        let old = f64::from(*running);
                        *running = (old + MOMENTUM * (average - old)) as f32;
                        *running_variance = (variance + MOMENTUM * (unbiased - variance)) as f32;
                        variance = batch;
                    }
                    inverse[k] = 1.0 / (variance + EPSILON).sqrt();
                    mean[k] = average as f32;
                    let factor = f64::from(gamma.values[k]) * inverse[k];
                    scale[k] = factor as f32;
                    shift[k] = (f64::from(beta.values[k]) - average * factor) as f32;
                }
            }
        }
    }

    /// Writes the gradients of bias, γ, β and slopes. Returns a, b, c with ∂/∂y = a·g + b·y + c.
    ///
    /// With t = y − mean, s = 1/√(var + ε), S₁ = Σg, S₂ = Σg·t over M positions (Ioffe and
    /// Szegedy 2015): ∂y = γs·(g − S₁/M − t·s²·S₂/M).
    pub(super) fn offset_gradients(
        &self,
        parameters: &mut [Parameter],
        sums: &[f64],
        positions: usize,
    ) -> [Vec<f32>; 3] {
        let channels = sums.len() / 3;
        let (first, rest) = sums.split_at(channels);
        let (second, slopes) = rest.split_at(channels);
        let write = |parameter: &mut Parameter, values: &[f64]| {
            for (gradient, value) in parameter.gradient.iter_mut().zip(values) {
                *gradient = *value as f32;
            }
        };
        if let Activation::Prelu(index) = self.activation {
            write(&mut parameters[index], slopes);
        }
        let (mut a, mut b, mut c) = (vec![1.0; channels], vec![0.0; channels], vec![0.0; channels]);
        match self.offset {
            Offset::None => {}
            Offset::Bias(bias) => write(&mut parameters[bias], first),
            Offset::Norm(index) => {
                let count = positions as f64;
                for k in 0..channels {
                    let inverse = self.state.inverse[k];
                    let factor = f64::from(parameters[index].values[k]) * inverse;
                    let slope = -factor * inverse * inverse * second[k] / count;
                    a[k] = factor as f32;
                    b[k] = slope as f32;
                    c[k] =
                        (-factor * first[k] / count - slope * f64::from(self.state.mean[k])) as f32;
                    parameters[index].gradient[k] = (second[k] * inverse) as f32;
                }
                write(&mut parameters[index + 1], first);
            }
        }
        [a, b, c]
    }
}
