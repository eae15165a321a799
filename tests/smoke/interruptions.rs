//! What is left of a training run that was killed, stopped, or ran out of disk or of numbers?

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use signloop::train::checkpoint::Checkpoint;

use super::train::{SMALL, bytes, fail, succeed, train};

const RESULTS: [&str; 3] = ["checkpoint.safetensors", "weights.safetensors", "fits.csv"];

fn checkpoint(folder: &Path) -> PathBuf {
    folder.join("checkpoint.safetensors")
}

fn assert_same_results(left: &Path, right: &Path) {
    for name in RESULTS {
        assert!(bytes(left, name) == bytes(right, name), "{name}");
    }
}

/// Waits until a run has written its first checkpoint, or has ended.
fn await_checkpoint(child: &mut Child, folder: &Path) {
    while !checkpoint(folder).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A run that is killed once it has a checkpoint.
fn killed(folder: &Path, arguments: &[&str]) {
    let mut child = train(folder, arguments).spawn().unwrap();
    await_checkpoint(&mut child, folder);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_that_is_there_is_only_resumed_and_under_the_same_settings() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    killed(&folder, &SMALL);
    let kept = bytes(&folder, RESULTS[0]);
    fail(&mut train(&folder, &SMALL), "holds a run already");
    let other = ["--epochs", "5", "--train-images", "256", "--seed", "2", "--resume"];
    fail(&mut train(&folder, &other), "`seed` was 1, now it is 2");
    fail(&mut train(&folder, &other), "`epochs` was 4, now it is 5");
    assert!(bytes(&folder, RESULTS[0]) == kept);
}

/// Killed again and again after 3, 6, 9, ... milliseconds: while reading data, in a step, in an
/// evaluation, in a write, wherever it falls. Each run goes on where the last checkpoint is.
#[test]
fn a_run_killed_at_many_moments_ends_in_the_same_bytes() {
    let room = tempfile::tempdir().unwrap();
    let (whole, broken) = (room.path().join("whole"), room.path().join("broken"));
    succeed(&mut train(&whole, &SMALL));
    let mut kills = 0;
    for delay in 1.. {
        let mut command = train(&broken, &SMALL);
        let mut child = command.arg("--resume").stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(3 * delay));
        if child.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if checkpoint(&broken).exists() {
            Checkpoint::open(&checkpoint(&broken)).unwrap();
        }
    }
    assert!(kills > 0, "the first run ended before it could be killed");
    assert_same_results(&whole, &broken);
}

/// Everything behind the last checkpoint is made again: the log, the packed weights, the fits.
#[test]
fn a_run_killed_after_its_last_checkpoint_is_finished() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    succeed(&mut train(&folder, &SMALL));
    let before: Vec<Vec<u8>> = RESULTS.iter().map(|name| bytes(&folder, name)).collect();
    let log = String::from_utf8(bytes(&folder, "log.csv")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    std::fs::write(folder.join("log.csv"), lines[..lines.len() - 1].join("\n")).unwrap();
    std::fs::remove_file(folder.join("weights.safetensors")).unwrap();
    std::fs::remove_file(folder.join("fits.csv")).unwrap();
    succeed(train(&folder, &SMALL).arg("--resume"));
    for (name, before) in RESULTS.iter().zip(before) {
        assert!(bytes(&folder, name) == before, "{name}");
    }
    // Only the speed of the epoch whose line was lost is gone.
    let again = String::from_utf8(bytes(&folder, "log.csv")).unwrap();
    let again: Vec<&str> = again.lines().collect();
    let (last, rest) = lines.split_last().unwrap();
    assert_eq!(again[..rest.len()], *rest);
    assert_eq!(again.last().unwrap().rsplit_once(',').unwrap().0, last.rsplit_once(',').unwrap().0);
}

/// Ctrl-C is SIGINT: the run stops before its next step, says how to go on, and exits with 130.
#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on_and_ends_in_the_same_bytes() {
    let room = tempfile::tempdir().unwrap();
    let (whole, broken) = (room.path().join("whole"), room.path().join("broken"));
    let arguments = ["--epochs", "30", "--train-images", "64"];
    succeed(&mut train(&whole, &arguments));
    let mut command = train(&broken, &arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    await_checkpoint(&mut child, &broken);
    let signal = ["-c", "kill -INT \"$0\"", &child.id().to_string()].map(str::to_owned);
    succeed(Command::new("sh").args(signal));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(output.stdout.is_empty());
    assert!(text.contains("of 30; the same command with --resume goes on"), "{text}");
    assert!(!broken.join("weights.safetensors").exists());
    succeed(train(&broken, &arguments).arg("--resume"));
    assert_same_results(&whole, &broken);
}

/// A limit on file sizes stands in for a full disk: writes fail part-way.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_last_checkpoint() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    let arguments = ["--epochs", "300", "--train-images", "64"];
    killed(&folder, &arguments);
    let kept = bytes(&folder, RESULTS[0]);
    for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let resume = train(&folder, &arguments);
    let mut limited = Command::new("sh");
    // 16 blocks of 512 bytes.
    limited.args(["-c", "ulimit -f 16; exec \"$0\" \"$@\" --resume"]);
    limited.arg(resume.get_program()).args(resume.get_args());
    fail(&mut limited, "failed to write");
    assert!(bytes(&folder, RESULTS[0]) == kept);
    // Nothing half-written stays.
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["checkpoint.safetensors", "log.csv"]);
}

/// The summary cannot be printed, but everything is on disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_loses_no_result() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = train(&folder, &["--epochs", "1", "--train-images", "64"]);
    fail(command.stdout(full), "failed to write `standard output`");
    assert!(RESULTS.iter().all(|name| folder.join(name).exists()));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("file");
    std::fs::write(&file, "").unwrap();
    fail(&mut train(&file.join("run"), &SMALL), "failed to create");
}

#[test]
fn a_loss_that_is_no_number_ends_the_run() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    let wild = ["--epochs", "2", "--optimizer", "sgd", "--rate", "1e30", "--scale", "one"];
    fail(&mut train(&folder, &wild), "is not a number in epoch 1");
    assert!(!checkpoint(&folder).exists());
}

/// At this rate the weights double over some epochs before the loss overflows: the checkpoint of
/// the last good epoch stays, and is a whole one.
#[test]
fn a_late_loss_that_is_no_number_keeps_the_last_checkpoint() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("run");
    let arguments = ["--epochs", "200", "--train-images", "64", "--optimizer", "sgd"];
    let wild = [&arguments[..], &["--schedule", "constant", "--rate", "100"]].concat();
    let output = train(&folder, &wild).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    let kept = Checkpoint::open(&checkpoint(&folder)).unwrap().header;
    let sentence = format!("the checkpoint of epoch {} is kept", kept.epoch);
    assert!(text.contains("the loss is not a number in") && text.contains(&sentence), "{text}");
    assert!(text.contains("a smaller --rate"), "{text}");
    assert_eq!(kept.log.len() as u64, kept.epoch);
    assert!(kept.log.iter().all(|row| row.train_loss.is_finite() && row.test_loss.is_finite()));
    assert!(!folder.join("weights.safetensors").exists());
    // It repeats: going on fails in the same place and harms nothing.
    let before = bytes(&folder, RESULTS[0]);
    fail(train(&folder, &wild).arg("--resume"), &sentence);
    assert!(bytes(&folder, RESULTS[0]) == before);
}
