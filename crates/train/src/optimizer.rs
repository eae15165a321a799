//! Parameter updates: SGD with momentum, and Adam.

use rayon::prelude::*;

use super::parameter::{Parameter, Role};

/// Rule of the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// v ← μv + g + λw; w ← w − ηv, with μ = 0.9 (PyTorch's form, dampening 0).
    Sgd,
    /// Adam with β = (0.9, 0.999), ε = 1e-8; weight decay is decoupled (AdamW): w ← w − ηλw.
    Adam,
}

const MOMENTUM: f32 = 0.9;
const BETA: (f32, f32) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;

/// Moments of every parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// λ, applied to weights and latents only.
    pub weight_decay: f32,
    /// Whether latents are set back to ±1 after each update (BinaryConnect, Courbariaux et al. 2015):
    /// the surrogate's derivative ends there, so that those beyond would stay for good.
    pub clip: bool,
    /// Updates made.
    pub steps: u64,
    /// Per parameter: momentum, or Adam's first moment.
    pub first: Vec<Vec<f32>>,
    /// Per parameter: Adam's second moment; empty under SGD.
    pub second: Vec<Vec<f32>>,
}

impl Optimizer {
    /// All moments zero.
    #[must_use]
    pub fn new(rule: Rule, weight_decay: f32, clip: bool, parameters: &[Parameter]) -> Self {
        let zeros = |wanted: bool| {
            let len = |parameter: &Parameter| if wanted { parameter.gradient.len() } else { 0 };
            parameters.iter().map(|parameter| vec![0.0; len(parameter)]).collect()
        };
        let second = zeros(rule == Rule::Adam);
        Self { rule, weight_decay, clip, steps: 0, first: zeros(true), second }
    }

    /// One update with learning rate η from the gradients held by the parameters.
    pub fn step(&mut self, parameters: &mut [Parameter], rate: f32) {
        self.steps += 1;
        let Self { rule, weight_decay, clip, steps, first, second } = self;
        // Corrects the moments' start at zero (Kingma and Ba 2015).
        let power = (*steps).min(1 << 20) as i32;
        let correction = (1.0 - BETA.0.powi(power), 1.0 - BETA.1.powi(power));
        parameters
            .par_iter_mut()
            .zip(first)
            .zip(second)
            .filter(|((parameter, _), _)| parameter.role != Role::Statistic)
            .for_each(|((parameter, first), second)| {
                let decayed = matches!(parameter.role, Role::Latent | Role::Weight);
                let decay = if decayed { *weight_decay } else { 0.0 };
                let Parameter { values, gradient, .. } = parameter;
                match rule {
                    Rule::Sgd => {
                        for ((w, g), v) in values.iter_mut().zip(gradient).zip(first) {
                            *v = MOMENTUM * *v + (*g + decay * *w);
                            *w -= rate * *v;
                        }
                    }
                    Rule::Adam => {
                        let moments = first.iter_mut().zip(second);
                        for ((w, g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
                            *m += (1.0 - BETA.0) * (*g - *m);
                            *v += (1.0 - BETA.1) * (*g * *g - *v);
                            let step = (*m / correction.0) / ((*v / correction.1).sqrt() + EPSILON);
                            *w -= rate * (step + decay * *w);
                        }
                    }
                }
                if *clip && parameter.role == Role::Latent {
                    values.iter_mut().for_each(|w| *w = w.clamp(-1.0, 1.0));
                }
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Vec<Parameter> {
        let mut weight = Parameter::filled("w".into(), vec![1], 1.0, Role::Weight);
        weight.gradient = vec![0.5];
        let mut offset = Parameter::filled("b".into(), vec![1], 1.0, Role::Offset);
        offset.gradient = vec![-2.0];
        vec![weight, offset, Parameter::filled("m".into(), vec![1], 1.0, Role::Statistic)]
    }

    #[test]
    fn two_steps_of_sgd() {
        let mut parameters = parameters();
        let mut optimizer = Optimizer::new(Rule::Sgd, 0.1, false, &parameters);
        optimizer.step(&mut parameters, 0.1);
        // v = 0.5 + 0.1·1 = 0.6, w = 0.94; the offset is not decayed: 1 + 0.2.
        assert!((parameters[0].values[0] - 0.94).abs() < 1e-6);
        assert!((parameters[1].values[0] - 1.2).abs() < 1e-6);
        optimizer.step(&mut parameters, 0.1);
        // v = 0.9·0.6 + 0.5 + 0.094 = 1.134.
        assert!((parameters[0].values[0] - (0.94 - 0.1134)).abs() < 1e-6);
        assert_eq!(parameters[2].values, [1.0]);
    }

    #[test]
    fn the_first_step_of_adam_is_the_rate() {
        let mut parameters = parameters();
        let mut optimizer = Optimizer::new(Rule::Adam, 0.0, false, &parameters);
        optimizer.step(&mut parameters, 0.01);
        assert!((parameters[0].values[0] - 0.99).abs() < 1e-5);
        assert!((parameters[1].values[0] - 1.01).abs() < 1e-5);
    }

    /// Both go up by the rate, from 1; only the latent comes back.
    #[test]
    fn only_latents_are_clipped() {
        let mut parameters: Vec<Parameter> = [Role::Latent, Role::Weight]
            .map(|role| Parameter::filled("w".into(), vec![1], 1.0, role))
            .into();
        for parameter in &mut parameters {
            parameter.gradient = vec![-1.0];
        }
        for (clip, latent) in [(false, 1.1), (true, 1.0)] {
            let mut parameters = parameters.clone();
            Optimizer::new(Rule::Sgd, 0.0, clip, &parameters).step(&mut parameters, 0.1);
            assert!((parameters[0].values[0] - latent).abs() < 1e-6);
            assert!((parameters[1].values[0] - 1.1).abs() < 1e-6);
        }
    }
}
