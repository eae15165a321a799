//! `signloop import weights`.

use std::{fmt::Write as _, path::PathBuf};

use super::super::common::{emit_and_tell, keep, load_workload};
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems, nearest},
};
use signloop_network::workload::{LatentFile, Rename, latent_weights, to_toml};

/// Arguments of `signloop import weights`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A state dict as .safetensors or .npz; docs/import.md says how to save one.
    weights: PathBuf,
    /// The network whose layers the weights are for: a TOML file or a shipped name.
    #[arg(long)]
    workload: PathBuf,
    /// Rename tensors: `*` matches any characters, as `module.*=*`. The first that matches counts.
    #[arg(long, value_name = "FROM=TO")]
    rename: Vec<Rename>,
    /// Workload file to write; it names the weights.
    #[arg(long)]
    out: PathBuf,
}

/// Finds a tensor for every quantised layer, tells what is left over, and writes the workload.
pub(super) fn run(arguments: &Args) -> Result<()> {
    keep(Some(&arguments.out), [arguments.weights.as_path()])?;
    let workload = load_workload(&arguments.workload)?;
    let file = LatentFile::open(&arguments.weights)?.renamed(&arguments.rename)?;
    let mut problems = Problems::new();
    let mut text = String::new();
    let mut used = Vec::new();
    for layer in workload.quantized_layers() {
        let shape = layer.shape.weight_shape();
        let expected = [shape.filters, shape.channels, shape.kernel_height, shape.kernel_width];
        let wanted: Vec<usize> = match file.shape(&layer.tensor) {
            Some(found) if found.len() == 2 => expected[..2].to_vec(),
            _ => expected.to_vec(),
        };
        match file.tensor(&layer.tensor) {
            Ok(tensor) if tensor.shape == wanted => {
                let _ = writeln!(text, "layer {}: tensor `{}`", layer.name, layer.tensor);
                used.push(layer.tensor.as_str());
            }
            Ok(tensor) => {
                let (name, found) = (&layer.tensor, &tensor.shape);
                problems.push(
                    Problem::new(format!(
                        "tensor `{name}` has the shape {found:?}, layer `{}` needs {wanted:?}",
                        layer.name
                    ))
                    .in_file(file.name()),
                );
            }
            Err(problem) => {
                problems.push(match hint(&file, &layer.tensor, &expected) {
                    // It says what the file's own hint says, and what to do.
                    Some(hint) => Problem::new(problem.message()).in_file(file.name()).hint(hint),
                    None => problem.hint("rename tensors with --rename, as 'module.*=*'"),
                });
            }
        }
    }
    problems.into_result(())?;
    let fp32: Vec<&str> = workload
        .layers()
        .filter(|layer| !layer.quantized)
        .map(|layer| layer.tensor.as_str())
        .collect();
    for name in file.names().filter(|name| !used.contains(name)) {
        let reason = match file.shape(name) {
            _ if fp32.contains(&name) => "its layer is not quantised",
            None => "its values cannot be read as weights",
            Some([] | [_]) => "a bias, a scale or a statistic of a normalisation",
            Some(_) => "no layer of the workload is named so",
        };
        let _ = writeln!(text, "skipped tensor `{name}`: {reason}");
    }
    let beside = relative(&arguments.weights, &arguments.out);
    let toml = to_toml(&workload, &latent_weights(&beside, &arguments.rename));
    let _ = writeln!(text, "wrote {}", arguments.out.display());
    emit_and_tell(toml.as_bytes(), &arguments.out, &text)
}

/// Which renaming would find a tensor: of a wrapped module, or of one with the right shape.
fn hint(file: &LatentFile, wanted: &str, shape: &[usize]) -> Option<String> {
    let wrapped =
        file.names().find_map(|name| name.strip_suffix(wanted).map(|front| (name, front)));
    if let Some((name, front)) = wrapped.filter(|(_, front)| front.ends_with('.')) {
        return Some(format!("there is `{name}`: try --rename '{front}*=*'"));
    }
    let fitting = file.names().filter(|name| file.shape(name) == Some(shape));
    let near = nearest(wanted, fitting)?;
    Some(format!("`{near}` has the right shape: try --rename '{near}={wanted}'"))
}

/// The weights as seen from the workload's folder: by name where they lie in it, else in full.
fn relative(weights: &std::path::Path, out: &std::path::Path) -> PathBuf {
    let folder = |path: &std::path::Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(std::path::Path::new(".")).canonicalize().ok()
    };
    let full = weights.canonicalize().unwrap_or_else(|_| weights.to_owned());
    match (folder(out), full.parent()) {
        (Some(out), Some(parent)) if out == parent => {
            full.file_name().map_or_else(|| full.clone(), PathBuf::from)
        }
        _ => full,
    }
}
