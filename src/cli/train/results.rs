//! What a finished run leaves behind.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use crate::{
    Result,
    cli::common::emit,
    diagnostics::Problem,
    quant::write_packed,
    report::write_atomically,
    train::{CHECKPOINT, Recipe, Session, fits},
    workload::Workload,
};

/// File of the packed weights in a run's folder.
const WEIGHTS: &str = "weights.safetensors";
/// File of the distribution fits.
const FITS: &str = "fits.csv";

/// Writes packed weights and fits; prints a summary.
pub(super) fn finish(
    session: &Session<'_>,
    workload: &Workload,
    recipe: &Recipe,
    folder: &Path,
) -> Result<()> {
    let Some(last) = session.log().last() else {
        return Err(Problem::new("--epochs 0 trains nothing").into());
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {} on {}: test accuracy {:.2} %, loss {:.4} nats, density {:.3}, {} epochs, seed {}",
        workload.name,
        recipe.scheme(),
        session.dataset().name,
        100.0 * last.test_accuracy,
        last.test_loss,
        last.density,
        recipe.epochs,
        recipe.seed
    );
    let file = |name: &str| folder.join(name).display().to_string();
    let _ = writeln!(text, "checkpoint: {}", file(CHECKPOINT));
    let _ = writeln!(text, "log: {}", file(crate::train::LOG));
    if let Some(quantizer) = &recipe.quantizer {
        let named = session.network().quantized(quantizer)?;
        let parameters = &session.network().parameters;
        let latents = |name: &str| {
            let found = parameters.iter().find(|parameter| parameter.name == name);
            found.map_or(&[][..], |parameter| parameter.values.as_slice())
        };
        let layers = named.iter().map(|(name, tensor)| (name.as_str(), latents(name), tensor));
        write_atomically(&folder.join(FITS), fits::csv(layers).as_bytes())?;
        let settings: Vec<String> =
            recipe.fields().into_iter().map(|(key, value)| format!("{key} {value}")).collect();
        let provenance = format!(
            "trained by signloop {}: {} on {}, test accuracy {:.2} %; {}",
            env!("CARGO_PKG_VERSION"),
            workload.name,
            session.dataset().name,
            100.0 * last.test_accuracy,
            settings.join(", ")
        );
        let tensors: BTreeMap<_, _> = named.into_iter().collect();
        let path = folder.join(WEIGHTS);
        write_packed(&path, quantizer.options.scheme, &provenance, &tensors)?;
        let _ = writeln!(text, "distribution fits: {}", file(FITS));
        let _ = writeln!(text, "packed weights: {} (for `simulate --weights`)", path.display());
    }
    emit(&text, None)
}
