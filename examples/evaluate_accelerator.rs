//! Evaluates one mapping of one problem on an accelerator: accesses, cycles and energy.
//!
//!     cargo run --release --example evaluate_accelerator

use std::path::Path;

use signloop::{
    Result,
    accelerator::{mapping, model::evaluate, problem, sparse::Rules},
    base::config::Document,
    machine::accelerator,
    report::accelerator::{AcceleratorReport, table},
};

fn main() -> Result<()> {
    // One file holds all three here; each can stand in a file of its own.
    let path = "tests/cases/accelerator/20_dense_conv_spatial.toml";
    let document = Document::read(Path::new(path))?;
    let machine = accelerator::parse(&document)?;
    let shape = problem::parse(&document)?;
    let mapped = mapping::parse(&document, &shape, &machine.level_names())?;

    let found = evaluate(&machine, &shape, &mapped, Rules::Exact)?;
    print!("{}", table(&AcceleratorReport::new(&machine, &shape, &found, Rules::Exact)));

    // Loops in another order reuse other tensors.
    let mut turned = mapped.clone();
    for level in &mut turned.levels {
        level.temporal.reverse();
    }
    let other = evaluate(&machine, &shape, &turned, Rules::Exact)?;
    println!(
        "loops turned round: {} cycles and {:.0} pJ instead of {} and {:.0}",
        other.score.cycles, other.score.energy_pj, found.score.cycles, found.score.energy_pj
    );
    Ok(())
}
