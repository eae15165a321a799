//! Is the tool built as promised?

/// Counting code must stop and not wrap, in the builds that users run. This sees the flag that this
/// very build has; the manifest says it for release builds.
#[test]
fn overflow_checks_are_on() {
    let wrapped = std::panic::catch_unwind(|| std::hint::black_box(u64::MAX) + 1);
    assert!(wrapped.is_err(), "an overflow went unseen");
    let manifest: toml::Table = std::fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    let release = manifest["profile"]["release"].as_table().unwrap();
    assert_eq!(release["overflow-checks"].as_bool(), Some(true));
}

/// A count that leaves 64 bits is an error that names it, not a smaller number.
#[test]
fn a_count_that_does_not_fit_is_told() {
    let counts = signloop::method::OpCounts { adds: u64::MAX / 2, ..Default::default() };
    assert_eq!(counts.adds_total(2).unwrap(), u64::MAX - 1);
    let error = counts.adds_total(3).unwrap_err();
    assert!(error.to_string().contains("`adds`"), "{error}");
    assert_eq!(error.exit_code(), 2);
}
