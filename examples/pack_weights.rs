//! Quantises latent weights of your own and packs them, one bit a weight and a sign a filter.
//!
//!     cargo run --release --example pack_weights -- weights.safetensors packed.safetensors
//!
//! Without arguments it makes a small file to start from, in a temporary folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use signloop::{
    Error, Result,
    network::{
        quant::{PackedWeights, QuantizeOptions, Scheme, WeightShape, quantize, write_packed},
        workload::{LatentFile, LatentTensor, safetensors},
    },
};

fn main() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|error| Error::io("make", Path::new("."), error))?;
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (from, to) = match (arguments.next(), arguments.next()) {
        (Some(from), Some(to)) => (from, to),
        _ => (start(folder.path())?, folder.path().join("packed.safetensors")),
    };
    let file = LatentFile::open(&from)?;
    let options = QuantizeOptions { scheme: Scheme::SignedBinary, ..QuantizeOptions::default() };
    let mut tensors = BTreeMap::new();
    for name in file.names() {
        // Only convolutions: K×C×R×S.
        let tensor = file.tensor(name)?;
        let [filters, channels, kernel_height, kernel_width] = tensor.shape[..] else { continue };
        let shape = WeightShape { filters, channels, kernel_height, kernel_width };
        tensors.insert(name.to_owned(), quantize(&tensor.values, shape, &options)?);
    }
    write_packed(&to, options.scheme, "packed by an example", &tensors)?;

    let bytes = std::fs::read(&to).map_err(|error| Error::io("read", &to, error))?;
    let packed = PackedWeights::parse(&to.display().to_string(), &bytes)?;
    for (name, tensor) in packed.iter() {
        println!(
            "{name}: {} weights, {} effectual, density {:.3}",
            tensor.codes().len(),
            tensor.effectual(),
            tensor.density()
        );
    }
    println!("{} bytes packed", bytes.len());
    Ok(())
}

/// A file with one convolution, as PyTorch's `safetensors` would write it.
fn start(folder: &Path) -> Result<PathBuf> {
    let shape = vec![16, 8, 3, 3];
    let values = (0..16 * 8 * 9).map(|at: u32| ((at * 7919) % 1009) as f32 / 504.5 - 1.0).collect();
    let tensors = BTreeMap::from([("conv1.weight".to_owned(), LatentTensor { shape, values })]);
    let path = folder.join("weights.safetensors");
    std::fs::write(&path, safetensors(&tensors)?).map_err(|e| Error::io("write", &path, e))?;
    Ok(path)
}
