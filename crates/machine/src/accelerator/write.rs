//! Writes an accelerator description, as [`super::read`] reads it.

use std::fmt::Write as _;

use super::{
    Accelerator, ActionEnergy, Compute, FormatSpec, RankSpec, Saf, Storage, StorageEnergy,
};
use signloop_base::config::quoted;

/// The description as TOML text, without `[problem]` and `[[mapping]]`.
#[must_use]
pub fn write(accelerator: &Accelerator) -> String {
    let mut text = String::from("kind = \"accelerator\"\n");
    let _ = writeln!(text, "name = {}", quoted(&accelerator.name));
    if !accelerator.description.is_empty() {
        let _ = writeln!(text, "description = {}", quoted(&accelerator.description));
    }
    for level in &accelerator.levels {
        text.push('\n');
        write_storage(&mut text, level);
    }
    text.push('\n');
    write_compute(&mut text, &accelerator.compute);
    text
}

fn write_storage(text: &mut String, level: &Storage) {
    let _ = writeln!(text, "[[storage]]\nname = {}", quoted(&level.name));
    let _ = writeln!(text, "source = {}", quoted(&level.source));
    optional(text, "capacity_words", level.capacity_words);
    let _ = writeln!(text, "word_bits = {}", level.word_bits);
    if level.block_words != 1 {
        let _ = writeln!(text, "block_words = {}", level.block_words);
    }
    write_instances(text, level.instances_x, level.instances_y);
    for (key, rate) in [
        ("read_words_per_cycle", level.read_words_per_cycle),
        ("write_words_per_cycle", level.write_words_per_cycle),
        ("shared_words_per_cycle", level.shared_words_per_cycle),
    ] {
        optional(text, key, rate.map(number));
    }
    if level.buffering > 1.0 {
        let _ = writeln!(text, "buffering = {}", number(level.buffering));
    }
    for (key, value, usual) in [
        ("multicast", level.multicast, true),
        ("decompresses", level.decompresses, false),
        ("compresses", level.compresses, false),
    ] {
        if value != usual {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    if let Some(store) = level.metadata {
        let depth = store.depth.map(|depth| format!(", depth = {depth}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "metadata = {{ word_bits = {}, width_bits = {}{depth} }}",
            store.word_bits, store.width_bits
        );
    }
    let _ = writeln!(text, "energy = {{ {} }}", energies(&level.energy).join(", "));
    for (tensor, format) in &level.formats {
        write_format(text, tensor, format);
    }
    for saf in &level.safs {
        write_saf(text, saf);
    }
}

fn write_compute(text: &mut String, compute: &Compute) {
    let _ = writeln!(text, "[compute]\nname = {}", quoted(&compute.name));
    let _ = writeln!(text, "source = {}", quoted(&compute.source));
    let _ = writeln!(text, "word_bits = {}", compute.word_bits);
    write_instances(text, compute.instances_x, compute.instances_y);
    for (key, value) in [("gates", compute.gates), ("skips", compute.skips)] {
        if value {
            let _ = writeln!(text, "{key} = true");
        }
    }
    let ActionEnergy { actual, gated, skipped } = compute.energy;
    let _ = write!(
        text,
        "energy = {{ compute_pj = {}, gated_pj = {}, skipped_pj = {}",
        number(actual),
        number(gated),
        number(skipped)
    );
    if compute.leak_pj_per_cycle != 0.0 {
        let _ = write!(text, ", leak_pj_per_cycle = {}", number(compute.leak_pj_per_cycle));
    }
    text.push_str(" }\n");
}

fn write_instances(text: &mut String, x: u64, y: u64) {
    for (key, count) in [("instances_x", x), ("instances_y", y)] {
        if count != 1 {
            let _ = writeln!(text, "{key} = {count}");
        }
    }
}

fn optional(text: &mut String, key: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        let _ = writeln!(text, "{key} = {value}");
    }
}

/// A float as TOML writes it, with the shortest digits that read back the same.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// The stated energies; what the reader would derive is left out.
fn energies(energy: &StorageEnergy) -> Vec<String> {
    let mut list = Vec::new();
    let mut say = |key: &str, value: f64, derived: f64| {
        if value != derived {
            list.push(format!("{key} = {}", number(value)));
        }
    };
    // `read_pj` is always asked for.
    say("read_pj", energy.read.actual, f64::NAN);
    say("gated_read_pj", energy.read.gated, 0.0);
    say("skipped_read_pj", energy.read.skipped, energy.read.gated);
    writes(&mut say, "", energy.fill, energy.update);
    say("metadata_read_pj", energy.metadata_read.actual, 0.0);
    say("gated_metadata_read_pj", energy.metadata_read.gated, 0.0);
    say("skipped_metadata_read_pj", energy.metadata_read.skipped, energy.metadata_read.gated);
    writes(&mut say, "metadata_", energy.metadata_fill, energy.metadata_update);
    say("decompress_pj", energy.decompress, 0.0);
    say("compress_pj", energy.compress, 0.0);
    say("leak_pj_per_cycle", energy.leak_per_cycle, 0.0);
    list
}

/// Fill and update, told together as `write` where they agree.
fn writes(
    say: &mut impl FnMut(&str, f64, f64),
    what: &str,
    fill: ActionEnergy,
    update: ActionEnergy,
) {
    let mut pair = |prefix: &str, fill: f64, update: f64, derived: f64| {
        if fill == update {
            say(&format!("{prefix}{what}write_pj"), fill, derived);
        } else {
            say(&format!("{prefix}{what}fill_pj"), fill, derived);
            say(&format!("{prefix}{what}update_pj"), update, derived);
        }
    };
    pair("", fill.actual, update.actual, 0.0);
    pair("gated_", fill.gated, update.gated, 0.0);
    if (fill.skipped, update.skipped) != (fill.gated, update.gated) {
        pair("skipped_", fill.skipped, update.skipped, f64::NAN);
    }
}

fn write_format(text: &mut String, tensor: &str, format: &FormatSpec) {
    let _ = writeln!(text, "\n[[storage.format]]\ntensor = {}", quoted(tensor));
    if format.inner_to_outer {
        text.push_str("order = \"inner-to-outer\"\n");
    }
    let ranks: Vec<String> = format.ranks.iter().map(rank).collect();
    let _ = writeln!(text, "ranks = [{}]", ranks.join(", "));
}

fn rank(rank: &RankSpec) -> String {
    let mut text = format!("{{ format = \"{}\"", rank.format.name());
    for (key, bits) in [("metadata_bits", rank.metadata_bits), ("payload_bits", rank.payload_bits)]
    {
        if let Some(bits) = bits {
            let _ = write!(text, ", {key} = {bits}");
        }
    }
    if !rank.flattens.is_empty() {
        let groups: Vec<String> =
            rank.flattens.iter().map(|group| format!("[{}]", list(group))).collect();
        let _ = write!(text, ", flattens = [{}]", groups.join(", "));
    }
    text + " }"
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn write_saf(text: &mut String, saf: &Saf) {
    let _ = writeln!(text, "\n[[storage.saf]]\nkind = \"{}\"", saf.kind.word());
    let options: Vec<String> = saf
        .options
        .iter()
        .map(|option| {
            format!(
                "{{ follower = {}, leaders = [{}] }}",
                quoted(&option.follower),
                list(&option.leaders)
            )
        })
        .collect();
    match (saf.options.as_slice(), options.as_slice()) {
        ([option], _) => {
            let _ = writeln!(text, "follower = {}", quoted(&option.follower));
            let _ = writeln!(text, "leaders = [{}]", list(&option.leaders));
        }
        (_, options) => {
            let _ = writeln!(text, "options = [{}]", options.join(", "));
        }
    }
}
