//! The training log: one row an epoch.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Counted from 1.
    pub epoch: u64,
    /// At the epoch's last step.
    pub learning_rate: f64,
    /// Mean over the epoch, on augmented images, in nats.
    pub train_loss: f64,
    /// Mean over the epoch, on augmented images.
    pub train_accuracy: f64,
    /// After the epoch, in nats.
    pub test_loss: f64,
    /// After the epoch.
    pub test_accuracy: f64,
    /// Effectual share of the quantised weights after the epoch.
    pub density: f64,
    /// Training only, by the wall clock; not kept in checkpoints, which repeat to the byte.
    #[serde(skip)]
    pub images_per_second: Option<f64>,
}

/// All rows as CSV.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "epoch,learning_rate,train_loss_nats,train_accuracy,test_loss_nats,test_accuracy,density,\
         images_per_s\n",
    );
    for row in rows {
        let speed = row.images_per_second.map_or(String::new(), |speed| format!("{speed:.1}"));
        let _ = writeln!(text, "{},{speed}", repeatable(row));
    }
    text
}

/// The columns that repeat to the byte: all but the speed.
fn repeatable(row: &Row) -> String {
    format!(
        "{},{:.6e},{:.5},{:.5},{:.5},{:.5},{:.5}",
        row.epoch,
        row.learning_rate,
        row.train_loss,
        row.train_accuracy,
        row.test_loss,
        row.test_accuracy,
        row.density
    )
}

/// Takes the speeds of a resumed run's epochs from its log on disk, as far as that is its log.
pub(super) fn recover_speeds(rows: &mut [Row], text: &str) {
    for (row, line) in rows.iter_mut().zip(text.lines().skip(1)) {
        let speed = line.rsplit_once(',').filter(|(rest, _)| *rest == repeatable(row));
        row.images_per_second = speed.and_then(|(_, speed)| speed.parse().ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_come_back_from_the_log_of_the_same_run_only() {
        let row = |epoch, speed| Row {
            epoch,
            learning_rate: 0.003,
            train_loss: 1.5,
            train_accuracy: 0.5,
            test_loss: 1.25,
            test_accuracy: 0.625,
            density: 0.35,
            images_per_second: speed,
        };
        let text = csv(&[row(1, Some(614.25)), row(7, Some(500.0))]);
        let mut rows = [row(1, None), row(2, None), row(3, None)];
        recover_speeds(&mut rows, &text);
        assert_eq!(rows, [row(1, Some(614.2)), row(2, None), row(3, None)]);
    }
}
