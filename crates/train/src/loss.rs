//! Softmax cross-entropy, with or without the probabilities of a teacher.

/// Loss and hits of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Sum over images of the loss, in nats.
    pub loss: f64,
    /// Images whose largest logit is the label's.
    pub correct: u64,
    /// Images.
    pub images: u64,
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.correct += other.correct;
        self.images += other.images;
    }
}

impl Score {
    /// Mean loss in nats.
    #[must_use]
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.images.max(1) as f64
    }

    /// Share of hits.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

/// A teacher's logits, and the share of its cross-entropy in the loss (1: the labels are unused).
#[derive(Debug, Clone, Copy)]
pub(super) struct Teacher<'a> {
    pub logits: &'a [f32],
    pub share: f32,
}

/// Cross-entropy of logits (images × classes) against labels and teacher; writes the gradient
/// of the mean loss if one is wanted. Without a teacher the target is the label alone.
pub(super) fn cross_entropy(
    logits: &[f32],
    labels: &[u8],
    teacher: Option<Teacher<'_>>,
    mut gradient: Option<&mut [f32]>,
) -> Score {
    let classes = logits.len() / labels.len().max(1);
    let mut score = Score::default();
    let mut target = vec![0.0_f32; classes];
    let mut own = vec![0.0_f32; classes];
    for (image, label) in labels.iter().enumerate() {
        let logits = &logits[image * classes..][..classes];
        let label = usize::from(*label);
        target.fill(0.0);
        target[label] = 1.0;
        if let Some(teacher) = teacher {
            softmax(&teacher.logits[image * classes..][..classes], &mut target);
            target.iter_mut().for_each(|share| *share *= teacher.share);
            target[label] += 1.0 - teacher.share;
        }
        let log_sum = softmax(logits, &mut own);
        let expected: f64 = logits.iter().zip(&target).map(|(z, share)| f64::from(z * share)).sum();
        score.loss += log_sum - expected;
        // The first of equal maxima; a NaN anywhere is a miss.
        let best = (0..classes)
            .fold(0, |best, class| if logits[class] > logits[best] { class } else { best });
        score.correct += u64::from(best == label && logits[label].is_finite());
        if let Some(gradient) = gradient.as_deref_mut() {
            let gradient = &mut gradient[image * classes..][..classes];
            for ((gradient, own), target) in gradient.iter_mut().zip(&own).zip(&target) {
                *gradient = (own - target) / labels.len() as f32;
            }
        }
    }
    score.images = labels.len() as u64;
    score
}

/// Probabilities of logits; returns ln Σ exp(logit).
fn softmax(logits: &[f32], probabilities: &mut [f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f32;
    for (probability, logit) in probabilities.iter_mut().zip(logits) {
        *probability = (logit - largest).exp();
        sum += *probability;
    }
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
    f64::from(largest) + f64::from(sum).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_cost_the_log_of_the_classes() {
        let score = cross_entropy(&[2.0; 8], &[0, 3], None, None);
        assert!((score.mean_loss() - 4.0_f64.ln()).abs() < 1e-6);
        assert_eq!((score.correct, score.images), (1, 2));
    }

    #[test]
    fn the_gradient_is_the_finite_difference() {
        let logits = [0.3, -1.2, 0.7, 0.1, 0.9, -0.4];
        let other = [1.0, 0.2, -0.3, 0.0, 0.5, 0.6];
        for share in [0.0, 0.7, 1.0] {
            let teacher = Some(Teacher { logits: &other, share });
            let mut gradient = [0.0; 6];
            cross_entropy(&logits, &[2, 0], teacher, Some(&mut gradient));
            for place in 0..6 {
                let at = |step: f32| {
                    let mut moved = logits;
                    moved[place] += step;
                    cross_entropy(&moved, &[2, 0], teacher, None).mean_loss()
                };
                let difference = (at(0.01) - at(-0.01)) / 0.02;
                assert!((difference - f64::from(gradient[place])).abs() < 1e-4, "{place}");
            }
        }
    }
}
