//! Graphs of tests/cases/onnx; `make.py` there says what each is.

use std::path::{Path, PathBuf};

use super::{Imported, Options, import};
use crate::workload::{Workload, parse};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/onnx")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn options() -> Options<'static> {
    Options { name: "net", file: "net.onnx", ..Options::default() }
}

/// The import and the workload that it writes.
fn read(name: &str, options: &Options<'_>) -> (Imported, Workload) {
    let imported = import(&bytes(name), options).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (head, layers) = &imported.toml;
    let text = format!("{head}[weights]\nformat = \"synthetic\"\n{layers}");
    let workload = parse(name, &text, Path::new("")).unwrap_or_else(|e| panic!("{name}: {e}"));
    (imported, workload)
}

fn refused(name: &str, options: &Options<'_>) -> String {
    import(&bytes(name), options).expect_err(name).to_string()
}

/// Positions and products of each layer.
fn counted(workload: &Workload) -> Vec<(u64, u64)> {
    let counts = workload.layers().map(|layer| {
        let positions = layer.shape.positions();
        (positions, positions * layer.shape.dense_macs())
    });
    counts.collect()
}

/// Positions by hand: rows × columns × batch; products: positions × filters × taps.
#[test]
fn sizes_are_those_of_the_graph() {
    for (name, right) in [
        // A 1×1 map and an 8×8 map are added: what follows has 64 positions.
        ("gc_add2.onnx", vec![(64, 64 * 8 * 27), (1, 64), (64, 64 * 8 * 72)]),
        // The mean over columns leaves 8 rows of one pixel.
        ("rm18_axis3.onnx", vec![(64, 64 * 8 * 27), (8, 8 * 10 * 8)]),
        // 5×5 pixels, each with 4 channels to 3 filters × 4 taps.
        ("transposed.onnx", vec![(25, 25 * 4 * 3 * 4)]),
        ("batch8.onnx", vec![(8 * 1024, 8 * 1024 * 8 * 27)]),
        ("dynbatch.onnx", vec![(1024, 1024 * 8 * 27)]),
        ("mlp_seq.onnx", vec![(16, 16 * 32 * 64), (16, 16 * 64 * 32)]),
        // (246 − 15) / 4 + 1 = 58.
        ("conv1d.onnx", vec![(58, 58 * 8 * 60)]),
        // Rows: 16 + 1 + 0 − 2; columns: 16 + 2 + 3 − 2.
        ("asym_pad.onnx", vec![(15 * 19, 15 * 19 * 4 * 27)]),
        // Half of 7 and of 5, rounded up.
        ("autopad_s2.onnx", vec![(4 * 3, 4 * 3 * 4 * 9)]),
        ("sign.onnx", vec![(64, 64 * 8 * 27), (64, 64 * 8 * 72)]),
        ("wsign.onnx", vec![(64, 64 * 8 * 27)]),
        ("bipolar.onnx", vec![(64, 64 * 8 * 27), (64, 64 * 8 * 72)]),
        ("constnode.onnx", vec![(64, 64 * 8 * 27)]),
        ("identity.onnx", vec![(64, 64 * 3 * 27), (64, 64 * 3 * 27)]),
        ("f64_doubledata.onnx", vec![(36, 36 * 8 * 27)]),
        ("swish.onnx", vec![(64, 64 * 8 * 27), (64, 64 * 8 * 72)]),
        ("joined.onnx", vec![(64, 64 * 8 * 27), (64, 64 * 8 * 72), (64, 64 * 8 * 144)]),
        ("concat.onnx", vec![(256, 256 * 8 * 3), (256, 256 * 4 * 11)]),
        // 6 positions; 2 heads × 6 × 6 × 4 products of activations, twice.
        ("attention.onnx", vec![(6, 384), (6, 288), (6, 288), (6, 384)]),
    ] {
        let (imported, workload) = read(name, &options());
        assert_eq!(counted(&workload), right, "{name}");
        for layer in &imported.layers {
            assert!(imported.tensors.contains_key(&format!("{layer}.weight")), "{name} {layer}");
        }
    }
}

#[test]
fn what_is_taken_for_granted_is_told() {
    let told = |name| read(name, &options()).0.notes.join("\n");
    assert!(told("batch8.onnx").contains("the batch is fixed by the model: 8"));
    assert!(told("dynbatch.onnx").contains("1 is taken; --dim N=8"));
    assert!(told("transposed.onnx").contains("3 filters x 4 taps"));
    assert!(told("attention.onnx").contains("`scores` (MatMul) multiplies two activations"));
    let sizes = [("N".to_owned(), 4)];
    let (imported, workload) = read("dynbatch.onnx", &Options { sizes: &sizes, ..options() });
    assert_eq!((workload.input.batch, counted(&workload)[0].0), (4, 4096));
    assert!(imported.notes.is_empty(), "{:?}", imported.notes);
    let sizes = [("M".to_owned(), 4)];
    let told = refused("dynbatch.onnx", &Options { sizes: &sizes, ..options() });
    assert!(told.contains("--dim names `M`") && told.contains("[N, 3, 32, 32]"), "{told}");
    let told = refused("mlp_seq.onnx", &Options { input: Some(&[32, 1]), ..options() });
    assert!(told.contains("--input says 32") && told.contains("[1, 16, 32]"), "{told}");
    let told = refused("mlp_seq.onnx", &Options { input: Some(&[32, 1, 1]), ..options() });
    assert!(told.contains("--input gives 3 sizes"), "{told}");
}

#[test]
fn every_refusal_names_node_operator_reason_and_way_out() {
    let told = refused("stale.onnx", &options());
    assert!(told.contains("`a` (Conv): its output `h` comes out as [1, 4, 8, 8]"), "{told}");
    assert!(told.contains("the model states [1, 4, 6, 6]") && told.contains("help"), "{told}");
    let told = refused("refused.onnx", &options());
    for part in [
        "`uneven` (Conv): its strides are 2 and 1, which differ",
        "export it with equal strides",
        "`odd` (Det): the operator is not read",
        "`own` (Conv): its weights `x` are no constant",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    // What follows from a fault is not told again.
    assert!(!told.contains("`last`") && !told.contains("`after`"), "{told}");
}

/// The weights of a layer.
fn weights(imported: &Imported, layer: &str) -> Vec<f32> {
    imported.tensors[&format!("{layer}.weight")].values.clone()
}

#[test]
fn weights_of_every_storage_form_are_the_same() {
    let (imported, _) = read("storage.onnx", &options());
    assert_eq!(imported.layers.len(), 14);
    for layer in &imported.layers {
        // 3×2 as stored, 2×3 as filters × inputs.
        assert_eq!(weights(&imported, layer), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0], "{layer}");
    }
}

#[test]
fn weights_behind_operators_are_computed() {
    let (imported, _) = read("dequantised.onnx", &options());
    assert_eq!(weights(&imported, "fc"), [0.5, -1.0, 1.5, 8.0, 10.0, -256.0]);
    // Identity hands weights on; both layers have names of their own.
    let (imported, _) = read("identity.onnx", &options());
    assert_eq!(imported.layers, ["a", "b"]);
    assert_eq!(weights(&imported, "a"), weights(&imported, "b"));
    // Sign · alpha: one magnitude in each filter, of both signs.
    let (imported, _) = read("wsign.onnx", &options());
    for filter in weights(&imported, "a").chunks(27) {
        let alpha = filter[0].abs();
        assert!(alpha > 0.0 && filter.iter().all(|value| value.abs() == alpha), "{filter:?}");
        assert!(filter.contains(&alpha) && filter.contains(&-alpha), "{filter:?}");
    }
    // BipolarQuant: plus or minus the scale.
    let (imported, _) = read("bipolar.onnx", &options());
    let values = weights(&imported, "b");
    let scale = values[0].abs();
    assert!(scale > 0.0 && values.iter().all(|value| value.abs() == scale));
    assert!(values.contains(&scale) && values.contains(&-scale));
}

#[test]
fn external_values_are_read_beside_the_model_only() {
    let place = folder();
    let beside = Options { folder: Some(&place), ..options() };
    let (imported, _) = read("beside.onnx", &beside);
    // 108 values (i − 54) / 108.
    assert_eq!(weights(&imported, "a")[..2], [-0.5, -53.0 / 108.0]);
    assert_eq!(weights(&imported, "a").len(), 108);
    let told = refused("beside.onnx", &options());
    assert!(told.contains("`conv") || told.contains("(Conv)"), "{told}");
    assert!(told.contains("the model was given as bytes"), "{told}");
    let told = refused("leaves.onnx", &beside);
    assert!(told.contains("outside the folder of the model"), "{told}");
    // Cut off, absent, or no file at all.
    let other = tempfile::tempdir().unwrap();
    let moved = Options { folder: Some(other.path()), ..options() };
    assert!(refused("beside.onnx", &moved).contains("cannot be read"));
    std::fs::write(other.path().join("outside.data"), [0; 400]).unwrap();
    assert!(refused("beside.onnx", &moved).contains("bytes 0 to 0+432"));
    std::fs::remove_file(other.path().join("outside.data")).unwrap();
    std::fs::create_dir(other.path().join("outside.data")).unwrap();
    assert!(refused("beside.onnx", &moved).contains("no plain file"));
    #[cfg(unix)]
    {
        std::fs::remove_dir(other.path().join("outside.data")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", other.path().join("outside.data")).unwrap();
        assert!(refused("beside.onnx", &moved).contains("outside the folder"));
    }
}

/// Any byte changed, or the end cut off: words, never a panic.
#[test]
fn damaged_models_are_refused_or_read() {
    for name in ["attention.onnx", "storage.onnx", "shortcut.onnx", "dequantised.onnx"] {
        let whole = bytes(name);
        for at in 0..whole.len() {
            let _ = import(&whole[..at], &options());
            for value in [0, 1, 127, 255] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = import(&damaged, &options());
            }
        }
    }
}
