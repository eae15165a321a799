//! Does a wrong processor description say what is wrong, where, and what to do?

use std::path::Path;

use signloop::{Error, machine as arch};

/// The problems of a file, as a terminal without colour shows them.
fn rendered(path: &Path) -> String {
    match arch::load(path) {
        Ok(arch) => panic!("{} was read as `{}`", path.display(), arch.name),
        Err(error @ Error::Input(_)) => {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn every_bad_description_has_its_message() {
    let mut names: Vec<_> = std::fs::read_dir("tests/cases/bad-arch")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    names.sort();
    assert!(names.len() >= 20);
    for path in names {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({ snapshot_path => "snapshots/bad-arch", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(stem, rendered(&path));
        });
    }
}

#[test]
fn missing_files_and_directories() {
    insta::with_settings!({ snapshot_path => "snapshots/bad-arch", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("no-such-name", rendered(Path::new("xeon-gold-6262")));
        insta::assert_snapshot!(
            "no-such-file",
            rendered(Path::new("tests/cases/bad-arch/unknown-keys.toml"))
        );
        insta::assert_snapshot!("a-directory", rendered(Path::new("tests/cases/bad-arch")));
    });
}

#[test]
fn the_kind_is_known_without_reading_the_rest() {
    use signloop::base::config::Document;
    let document = |text: &str| Document::parse("test.toml", text.to_owned()).unwrap();
    assert_eq!(arch::kind(&document("kind = \"cpu\"")).unwrap(), arch::ArchKind::Cpu);
    let other = arch::kind(&document("kind = \"accelerator\"\nrest = 1")).unwrap();
    assert_eq!(other, arch::ArchKind::Accelerator);
    assert!(arch::kind(&document("kind = 3")).is_err());
    assert!(arch::kind(&document("name = \"x\"")).is_err());
}
