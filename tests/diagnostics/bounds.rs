//! Inputs that ask for too much, or are something else than their name says: refused in seconds, in
//! bounded memory, and with a hint.

use std::path::Path;

use assert_cmd::Command;

use super::weights::NETWORK;

/// The program in a folder, with so much time.
fn signloop(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signloop"));
    command.current_dir(folder).timeout(std::time::Duration::from_secs(60));
    command
}

/// What a command says that refuses its input.
fn refused(command: &mut Command) -> String {
    let output = command.assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty(), "data was printed");
    String::from_utf8(output.stderr).unwrap()
}

fn stats(folder: &Path, network: &str, more: &[&str]) -> String {
    std::fs::write(folder.join("net.toml"), network).unwrap();
    let start = ["stats", "--workload", "net.toml", "--scheme", "binary"];
    refused(signloop(folder).args(start).args(more))
}

/// A key of thousands of parts took the stack.
#[test]
fn keys_of_very_many_parts() {
    let room = tempfile::tempdir().unwrap();
    let key = vec!["a"; 80_000].join(".");
    for text in [format!("{key} = 1\n{NETWORK}"), format!("{NETWORK}[{key}]\n")] {
        let told = stats(room.path(), &text, &[]);
        assert!(told.contains("a key has too many parts"), "{told}");
        assert!(told.contains("net.toml:"), "{told}");
    }
}

/// A scalar of a megabyte that is named 3,000 times would be 3 GB.
#[test]
fn aliases_of_long_scalars() {
    let room = tempfile::tempdir().unwrap();
    let text = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1_000_000), ["*a"; 3000].join(","));
    std::fs::write(room.path().join("y.yaml"), text).unwrap();
    let told = refused(signloop(room.path()).args(["import", "timeloop", "y.yaml"]));
    assert!(told.contains("copy too much text"), "{told}");
}

#[test]
fn weights_that_are_something_else() {
    let room = tempfile::tempdir().unwrap();
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 9\n";
    for (name, content, told_of, hint) in [
        ("w.safetensors", lfs.as_bytes(), "pointer of Git LFS", "git lfs pull"),
        ("w.pth", b"\x80\x02}q\x00.", "is a pickle", "safetensors.torch"),
        ("w.npz", b"PK\x03\x04\0\0\0\0archive/data.pkl", "is a pickle", "safetensors.torch"),
        ("w.npy.gz", b"\x1f\x8b\x08\0", "unknown kind", "gunzip"),
    ] {
        std::fs::write(room.path().join(name), content).unwrap();
        let told = stats(room.path(), NETWORK, &["--weights", name]);
        assert!(told.contains(told_of) && told.contains(hint), "{name}: {told}");
    }
    #[cfg(unix)]
    {
        let network = NETWORK.replace("\"synthetic\"", "\"npz\"\nfile = \"/dev/zero\"");
        let told = stats(room.path(), &network, &[]);
        assert!(told.contains("found a pipe or device"), "{told}");
        assert!(told.contains("put them into a file"), "{told}");
        // A text without end is left after 16 MiB.
        let told = refused(signloop(room.path()).args(["stats", "--workload", "/dev/zero"]));
        assert!(told.contains("more than 16777216 bytes"), "{told}");
    }
}

#[test]
fn marks_of_byte_order_are_passed_over_and_utf_16_is_told() {
    let room = tempfile::tempdir().unwrap();
    std::fs::write(room.path().join("net.toml"), format!("\u{feff}{NETWORK}")).unwrap();
    signloop(room.path()).args(["stats", "--workload", "net.toml"]).assert().success();
    let table = "\u{feff}series,effectual_params,top1_percent,label\na,100,80,b\n";
    std::fs::write(room.path().join("t.csv"), table).unwrap();
    let plot = ["plot", "accuracy", "--from", "t.csv", "--out", "figures"];
    signloop(room.path()).args(plot).assert().success();
    let wide: Vec<u8> =
        format!("\u{feff}{table}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(room.path().join("net.toml"), wide).unwrap();
    let told = refused(signloop(room.path()).args(["stats", "--workload", "net.toml"]));
    assert!(told.contains("UTF-16") && told.contains("iconv"), "{told}");
}

#[test]
fn memory_has_one_limit_that_an_option_sets() {
    let room = tempfile::tempdir().unwrap();
    let network = NETWORK.replace("out_features = 2", "out_features = 1000000");
    let told = stats(room.path(), &network, &["--max-memory", "1MiB"]);
    assert!(told.contains("3000000 weights"), "{told}");
    assert!(told.contains("--max-memory"), "{told}");
    signloop(room.path())
        .args(["stats", "--workload", "net.toml", "--scheme", "binary", "--max-memory", "1GiB"])
        .assert()
        .success();
    let told = stats(room.path(), NETWORK, &["--max-memory", "4 parsecs"]);
    assert!(told.contains("as `4GiB`"), "{told}");
}

#[test]
fn more_threads_than_anybody_has() {
    let room = tempfile::tempdir().unwrap();
    std::fs::write(room.path().join("net.toml"), NETWORK).unwrap();
    let told = refused(signloop(room.path()).env("RAYON_NUM_THREADS", "100000").args([
        "stats",
        "--workload",
        "net.toml",
    ]));
    assert!(told.contains("`RAYON_NUM_THREADS` asks for 100000 threads"), "{told}");
    let map = ["map", "--arch", "eyeriss", "--workload", "net.toml", "--threads", "100000"];
    let told = refused(signloop(room.path()).args(map));
    assert!(told.contains("100000 is not in 1..=1024"), "{told}");
}

/// A dimension named twice in an order was an internal error of the search.
#[test]
fn a_dimension_twice_in_an_order() {
    let room = tempfile::tempdir().unwrap();
    let constraint =
        "[[constraint]]\nlevel = \"psum_spad\"\norder = [\"P\", \"Q\", \"S\", \"Q\"]\n";
    std::fs::write(room.path().join("net.toml"), NETWORK).unwrap();
    std::fs::write(room.path().join("c.toml"), constraint).unwrap();
    let told = refused(signloop(room.path()).args([
        "map",
        "--arch",
        "eyeriss-v2-pe",
        "--workload",
        "net.toml",
        "--constraints",
        "c.toml",
    ]));
    assert!(told.contains("`Q` is named twice in `order`"), "{told}");
    assert!(told.contains("c.toml:3"), "{told}");
}

#[test]
fn an_exclusive_cache_is_a_victim_cache() {
    let room = tempfile::tempdir().unwrap();
    let shipped = std::fs::read_to_string("arch/epyc-7452.toml").unwrap();
    let text = shipped.replace("\"victim\"", "\"exclusive\"");
    assert_ne!(text, shipped, "the machine has no victim cache");
    std::fs::write(room.path().join("arch.toml"), text).unwrap();
    std::fs::write(room.path().join("net.toml"), NETWORK).unwrap();
    let told = refused(signloop(room.path()).args([
        "simulate",
        "--arch",
        "arch.toml",
        "--workload",
        "net.toml",
        "--scheme",
        "binary",
    ]));
    assert!(told.contains("write `victim`"), "{told}");
}
