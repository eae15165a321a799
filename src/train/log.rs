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
        let _ = writeln!(
            text,
            "{},{:.6e},{:.5},{:.5},{:.5},{:.5},{:.5},{}",
            row.epoch,
            row.learning_rate,
            row.train_loss,
            row.train_accuracy,
            row.test_loss,
            row.test_accuracy,
            row.density,
            row.images_per_second.map_or(String::new(), |speed| format!("{speed:.1}"))
        );
    }
    text
}
