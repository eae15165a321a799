//! Machines: processors, accelerators, mapped problems, Timeloop's files.

use std::path::Path;

use signloop::{
    accelerator::{mapper, mapping, model::evaluate, problem, sparse::Rules, timeloop},
    base::config::{Document, TableReader},
    machine as arch,
    machine::accelerator,
    network::workload,
    report::accelerator::{AcceleratorReport, csv, table},
};

use super::{accepted, networks, text};

/// A processor that is accepted can be written, read again, and evaluated.
pub fn arch(data: &[u8]) {
    let Some(document) = document(data) else { return };
    let _ = arch::kind(&document).map_err(|error| error.to_string());
    let Some(machine) = accepted(arch::parse(&document)) else { return };
    let again = Document::parse("again.toml", arch::to_toml(&machine));
    assert_eq!(arch::parse(&again.expect("TOML")).expect("a processor"), machine);
    let network = workload::load(Path::new("workloads/resnet8-digits.toml"));
    let network = network.or_else(|_| {
        let (_, text) = workload::shipped()[0];
        workload::parse("shipped.toml", text, Path::new(""))
    });
    let network = network.expect("a shipped network");
    networks::evaluate(&machine, &network, 1);
}

/// An accelerator that is accepted can be written and read again.
pub fn accelerator(data: &[u8]) {
    let Some(document) = document(data) else { return };
    let _ = accepted(mapper::parse_constraints(&document));
    let Some(machine) = accepted(accelerator::parse(&document)) else { return };
    let again = Document::parse("again.toml", accelerator::write(&machine));
    assert_eq!(accelerator::parse(&again.expect("TOML")).expect("an accelerator"), machine);
}

/// A mapped problem can be written, read again, evaluated and reported.
pub fn mapping(data: &[u8]) {
    let Some(document) = document(data) else { return };
    let Some(problem) = accepted(problem::parse(&document)) else { return };
    let again = Document::parse("again.toml", problem::write(&problem)).expect("TOML");
    assert_eq!(problem::parse(&again).expect("a problem"), problem);
    let Some(machine) = accepted(accelerator::parse(&document)) else { return };
    if !TableReader::root(&document).has("mapping") {
        return;
    }
    let names = machine.level_names();
    let Some(mapped) = accepted(mapping::parse(&document, &problem, &names)) else { return };
    let again = Document::parse("again.toml", mapping::write(&mapped, &problem, &names));
    let again = mapping::parse(&again.expect("TOML"), &problem, &names).expect("a mapping");
    assert_eq!(again, mapped);
    report(&machine, &problem, &mapped);
}

/// Timeloop's YAML: what is accepted becomes TOML that is accepted.
pub fn timeloop(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(document) = accepted(Document::parse_yaml("fuzz.yaml", text)) else { return };
    let Some(imported) = accepted(timeloop::parse(&[document])) else { return };
    let again = Document::parse("again.toml", imported.to_toml()).expect("TOML");
    let machine = accelerator::parse(&again).expect("an accelerator");
    let shape = problem::parse(&again).expect("a problem");
    if let Some(mapped) = &imported.mapping {
        let read = mapping::parse(&again, &shape, &machine.level_names()).expect("a mapping");
        assert_eq!(&read, mapped);
        report(&imported.accelerator, &imported.problem, mapped);
    }
}

fn report(
    machine: &accelerator::Accelerator,
    problem: &problem::Problem,
    mapped: &mapping::Mapping,
) {
    for rules in [Rules::Exact, Rules::Timeloop] {
        let Some(found) = accepted(evaluate(machine, problem, mapped, rules)) else { continue };
        let report = AcceleratorReport::new(machine, problem, &found, rules);
        let json = serde_json::to_string(&report).expect("JSON");
        assert!(!table(&report).is_empty() && !csv(&report).is_empty() && !json.is_empty());
    }
}

fn document(data: &[u8]) -> Option<Document> {
    accepted(Document::parse("fuzz.toml", text(data)?))
}
