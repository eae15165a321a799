//! `signloop list`.

use std::fmt::Write as _;

use super::common::emit;
use signloop_base::Result;
use signloop_machine as arch;
use signloop_method::registry;
use signloop_network::{
    quant::Scheme,
    workload::{self, described},
};

/// Prints the shipped machines, accelerators, workloads, methods and schemes.
pub(super) fn run() -> Result<()> {
    let mut text = String::from("archs\n");
    for (name, content) in arch::shipped() {
        let _ = writeln!(text, "  {name:<28} {}", described(content));
    }
    text.push_str("\naccelerators\n");
    for (name, content) in arch::accelerator::shipped() {
        let _ = writeln!(text, "  {name:<28} {}", described(content));
    }
    text.push_str("\nworkloads\n");
    for (name, content) in workload::shipped() {
        let _ = writeln!(text, "  {name:<28} {}", described(content));
    }
    text.push_str("\nmethods\n");
    for method in registry() {
        let _ = writeln!(text, "  {:<28} {}", method.name(), method.summary());
    }
    text.push_str("\nschemes\n");
    for scheme in Scheme::ALL {
        let _ = writeln!(text, "  {:<28} {}", scheme.name(), scheme.summary());
    }
    emit(&text, None)
}
