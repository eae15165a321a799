use std::process::{Command, Stdio};

fn signloop() -> Command {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
}

fn stdout(arguments: &[&str]) -> String {
    let output = signloop().args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    for arguments in [
        &["stats", "--workload", "resnet20-cifar10"][..],
        &["list"],
        &["sweep", "examples/sweeps/l2-energies.toml"],
        &["completions", "bash"],
    ] {
        let mut child = signloop()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {:?}", output.status);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = signloop().arg("list").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
}

#[test]
fn colour_is_for_those_who_want_it() {
    let shown = |variables: &[(&str, &str)]| {
        let mut command = signloop();
        command.env_remove("NO_COLOR").args(["stats", "--workload", "no-such-network"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        output.stderr.contains(&0x1b)
    };
    assert!(shown(&[("CLICOLOR_FORCE", "1")]), "the test must be able to fail");
    assert!(!shown(&[]), "standard error is no terminal here");
    assert!(!shown(&[("NO_COLOR", "1")]));
}

#[test]
fn the_version_names_the_commit_where_there_is_one() {
    let version = stdout(&["--version"]);
    let name = concat!("signloop ", env!("CARGO_PKG_VERSION"));
    let rest = version.trim().strip_prefix(name).unwrap();
    let commit = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    assert!(
        rest.is_empty()
            || commit.is_some_and(|commit| {
                commit.len() >= 9 && commit.chars().all(|c| c.is_ascii_hexdigit())
            }),
        "{version}"
    );
}

#[test]
fn schemas_completions_and_manual_pages_are_printed() {
    for name in [
        "arch",
        "accelerator",
        "mapping",
        "workload",
        "sweep",
        "report",
        "accelerator-report",
        "map-report",
    ] {
        let file = std::fs::read_to_string(format!("docs/{name}.schema.json")).unwrap();
        assert_eq!(stdout(&["schema", name]), file);
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&["completions", shell]).contains("simulate"), "{shell}");
    }
    assert!(stdout(&["man"]).contains(".TH signloop 1"));
    let folder = tempfile::tempdir().unwrap();
    let pages = stdout(&["man", "--out", folder.path().to_str().unwrap()]);
    for page in ["signloop.1", "signloop-simulate.1", "signloop-sweep.1"] {
        assert!(pages.contains(page), "{page} is not among\n{pages}");
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
}
