use std::path::Path;

use assert_cmd::Command;

fn signloop(folder: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn case(name: &str) -> String {
    format!("{}/tests/cases/onnx/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn an_onnx_model_becomes_a_workload_that_simulates() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        signloop(folder.path(), &["import", "onnx", &case("small.onnx"), "--out", "net.toml"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "layer stem: weights [8, 3, 3, 3]",
        "layer fc1: weights [6, 12]",
        // MatMul keeps inputs × outputs; PyTorch and this tool the other way round.
        "layer head.MatMul: weights [4, 6]",
        "skipped bn1 (BatchNormalization): normalisation is counted",
        "skipped bias2 (Add): a bias is counted",
        "skipped flatten (Flatten)",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let workload = signloop::network::workload::load(&folder.path().join("net.toml")).unwrap();
    let layers: Vec<_> = workload.layers().collect();
    assert_eq!(layers.len(), 6);
    // Written by hand from make.py: 16×16 input, pooled to 8×8, then stride 2.
    let shapes: Vec<_> = layers
        .iter()
        .map(|layer| {
            let shape = &layer.shape;
            (shape.in_channels, shape.out_channels, shape.groups, shape.out_height())
        })
        .collect();
    assert_eq!(
        shapes,
        [(3, 8, 1, 16), (8, 8, 8, 8), (8, 8, 2, 8), (8, 12, 1, 4), (12, 6, 1, 1), (6, 4, 1, 1)]
    );
    let quantized: Vec<bool> = layers.iter().map(|layer| layer.quantized).collect();
    assert_eq!(quantized, [false, true, true, true, true, false]);
    // w2 is 6×4 with values (i − 12)/24; its transpose begins with rows 0, 1, 2 of column 0.
    let weights =
        signloop::network::workload::LatentFile::open(&folder.path().join("net.safetensors"))
            .unwrap();
    let head = weights.tensor("head.MatMul.weight").unwrap();
    assert_eq!(head.values[..3], [-12.0 / 24.0, -8.0 / 24.0, -4.0 / 24.0]);
    let simulated = signloop(
        folder.path(),
        &["simulate", "--arch", "apple-m1", "--workload", "net.toml", "--scheme", "ternary"],
    );
    assert!(simulated.status.success(), "{}", String::from_utf8_lossy(&simulated.stderr));
}

#[test]
fn a_shortcut_without_weights_is_part_of_the_add() {
    let bytes = std::fs::read(case("shortcut.onnx")).unwrap();
    let options = signloop::network::workload::onnx::Options { name: "n", ..Default::default() };
    let found = signloop::network::workload::onnx::import(&bytes, &options).unwrap();
    let (head, layers) = &found.toml;
    let text = format!("{head}[weights]\nformat = \"synthetic\"\n{layers}");
    let network = signloop::network::workload::parse("n.toml", &text, Path::new("")).unwrap();
    // The sum has the shape of the convolution that halves the map, not of the map it reads.
    let sum = network.nodes.iter().find(|node| node.name == "sum").unwrap();
    assert_eq!((sum.output.channels, sum.output.height, sum.output.width), (8, 8, 8));
    assert_eq!(sum.inputs, [Some(1), Some(0)]);
    let skipped: Vec<_> = found.skipped.iter().map(|skipped| skipped.node.as_str()).collect();
    assert_eq!(skipped, ["slice", "pad"]);
}

#[test]
fn what_onnx_can_say_and_a_workload_cannot_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        signloop(folder.path(), &["import", "onnx", &case("refused.onnx"), "--out", "net.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("`odd` (Det): the operator is not read"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    // Cut off anywhere, a model is bad input and never a panic.
    let bytes = std::fs::read(case("small.onnx")).unwrap();
    for end in (0..bytes.len()).step_by(7) {
        let cut = signloop::network::workload::onnx::import(&bytes[..end], &Default::default());
        assert!(cut.is_err() || end > bytes.len() / 2, "{end}");
    }
}

#[test]
fn state_dict_names_are_mapped_by_pattern() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // The ONNX test model's weights under the names of a wrapped PyTorch module.
    assert!(
        signloop(path, &["import", "onnx", &case("small.onnx"), "--out", "net.toml"])
            .status
            .success()
    );
    let file =
        signloop::network::workload::LatentFile::open(&path.join("net.safetensors")).unwrap();
    let mut dict: std::collections::BTreeMap<String, signloop::network::workload::LatentTensor> =
        file.names()
            .map(|name| (format!("module.{name}"), file.tensor(name).unwrap().clone()))
            .collect();
    let statistic =
        signloop::network::workload::LatentTensor { shape: vec![8], values: vec![0.5; 8] };
    dict.insert("module.bn1.running_mean".into(), statistic);
    std::fs::write(
        path.join("dict.safetensors"),
        signloop::network::workload::safetensors(&dict).unwrap(),
    )
    .unwrap();
    let import = |more: &[&str]| {
        let base = ["import", "weights", "dict.safetensors", "--workload", "net.toml"];
        signloop(path, &[&base[..], &["--out", "mine.toml"], more].concat())
    };
    let refused = import(&[]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("there is `module.dw.weight`: try --rename 'module.*=*'"), "{told}");
    assert!(!path.join("mine.toml").exists());
    let output = import(&["--rename", "module.*=*"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("layer dw: tensor `dw.weight`"), "{told}");
    assert!(told.contains("skipped tensor `bn1.running_mean`: a bias, a scale or"), "{told}");
    assert!(told.contains("skipped tensor `stem.weight`: its layer is not quantised"), "{told}");
    // The written file finds the weights by the pattern that it keeps.
    let stats = |workload: &str| {
        signloop(path, &["stats", "--workload", workload, "--format", "json"]).stdout
    };
    assert!(stats("net.toml") == stats("mine.toml") && !stats("net.toml").is_empty());
}

/// A field of a protocol buffer: its number, and bytes with their length before them.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 128 {
        field.push((length % 128) as u8 | 128);
        length /= 128;
    }
    field.push(length as u8);
    field.extend(bytes);
    field
}

/// A model of one 64×64 tensor and many nodes that read it, all of one name.
fn repeated(nodes: usize) -> Vec<u8> {
    // TensorProto: dims 64 and 64, data_type 1 (float), name, raw_data.
    let mut tensor = vec![8, 64, 8, 64, 16, 1];
    tensor.extend(field(8, b"w"));
    tensor.extend(field(9, &[0; 64 * 64 * 4]));
    let node = [field(1, b"x"), field(1, b"w"), field(2, b"x"), field(4, b"MatMul")].concat();
    // ValueInfoProto x of the shape 1×64.
    let dimensions = [field(1, &[8, 1]), field(1, &[8, 64])].concat();
    let shape = field(1, &field(2, &dimensions));
    let input = [field(1, b"x"), field(2, &shape)].concat();
    let mut graph = [field(5, &tensor), field(11, &input)].concat();
    graph.extend(field(1, &node).repeat(nodes));
    field(7, &graph)
}

#[test]
fn layers_that_share_their_weights_do_not_fill_the_memory() {
    let import = |nodes| {
        signloop::network::workload::onnx::import(&repeated(nodes), &Default::default())
            .map_err(|problems| problems.to_string())
    };
    let found = import(3).unwrap();
    assert_eq!(found.layers, ["matmul", "matmul-2", "matmul-3"]);
    // 60,000 layers take 1 GB as copies, from a file of 1 MB; each is told, soon.
    let begun = std::time::Instant::now();
    let problems = import(60_000).unwrap_err();
    assert!(problems.contains("too many layers share their weights"), "{problems}");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

/// Files made to break a reader: arithmetic beyond 64 bits, sizes that contradict each other, members
/// of an archive that share their bytes.
#[test]
fn hostile_imports_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let bad = |name: &str| format!("{}/tests/cases/bad-import/{name}", env!("CARGO_MANIFEST_DIR"));
    let weights = |name| {
        ["stats", "--workload", "mlp-mnist", "--scheme", "ternary", "--weights"]
            .map(str::to_owned)
            .into_iter()
            .chain([bad(name)])
            .collect::<Vec<_>>()
    };
    let onnx =
        |name| ["import", "onnx", &bad(name), "--out", "net.toml"].map(str::to_owned).to_vec();
    for (arguments, reason) in [
        (onnx("autopad-overflow.onnx"), "its weights say [3, 3]"),
        (onnx("kernel-contradicts.onnx"), "its weights say [3, 3]"),
        (weights("fc1.weight.npy"), "too large"),
        (weights("overlap.npz"), "members overlap"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = signloop(folder.path(), &arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(reason), "{arguments:?}: {told}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
