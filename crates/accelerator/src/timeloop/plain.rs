//! One spelling of what Timeloop's dialects spell in several ways, and the keys that it never reads.

use signloop_base::config::{Document, Key, Node, Table, Value};

/// Keys that Timeloop looks up nowhere, or that change no count, cycle or tabulated energy, by
/// section. The empty section is the top of a file.
const IGNORED: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "compound_components",
            "globals",
            "dumped_by_timeloop_front_end",
            "ERT_summary",
            "ART_summary",
            "action_counts",
        ],
    ),
    (
        "architecture",
        &[
            "subclass",
            "required_actions",
            "enabled",
            "n_banks",
            "num_banks",
            "n_ports",
            "num_ports",
            "n_rd_ports",
            "n_wr_ports",
            "n_rdwr_ports",
            "control_queue_depth",
            "multiplier_width",
            "adder_width",
            "metadata_counter_width",
            "reduction_supported",
            "concordant_compressed_tile_traversal",
            "metadata_block_size",
        ],
    ),
    ("problem", &["H", "W", "Hpad", "Wpad", "workload_tensor_size"]),
    ("mapping", &["stream"]),
    ("sparse_optimizations", &["compression_rate"]),
];

/// Other names of sections and of attributes.
const SECTIONS: &[(&str, &str)] = &[("arch", "architecture")];
const ATTRIBUTES: &[(&str, &str)] = &[
    ("word_bits", "datawidth"),
    ("word_width", "datawidth"),
    ("n_words", "block_size"),
    ("memory_width", "width"),
    ("data_storage_width", "width"),
    ("memory_depth", "depth"),
    ("data_storage_depth", "depth"),
    ("metadata_word_bits", "metadata_datawidth"),
    ("metadata_width", "metadata_storage_width"),
    ("metadata_depth", "metadata_storage_depth"),
];

/// Keys whose value is a word and never a number.
const WORDS: &[&str] = &["name", "target", "class", "factors", "permutation", "shape"];
/// Keys whose value is one of a few words, with `-` for `_` in older files.
const CHOICES: &[&str] = &["type", "distribution", "rank_application_order"];

/// Keys left out, as `section.key`, each once.
pub(super) type Ignored = Vec<String>;

/// Rewrites a file: `_` for `-` in keys, one name for each attribute, numbers for quoted numbers,
/// nothing for `null` and for keys that Timeloop never reads.
pub(super) fn plain(document: &Document, ignored: &mut Ignored) -> Document {
    let mut document = document.clone();
    let dimensions = dimensions(&document.root);
    let mut cleaner = Cleaner { section: String::new(), dimensions, ignored };
    cleaner.table(&mut document.root, SECTIONS, 0);
    document
}

struct Cleaner<'a> {
    /// Top-level key around the table.
    section: String,
    /// Dimensions of the problem, which may have the names of keys that are left out.
    dimensions: Vec<String>,
    ignored: &'a mut Ignored,
}

impl Cleaner<'_> {
    fn table(&mut self, table: &mut Table, aliases: &[(&str, &str)], depth: usize) {
        for index in 0..table.entries.len() {
            let name = underscored(&table.entries[index].0, aliases);
            // A key that is there twice keeps its name, and is refused.
            if table.get(&name).is_none() {
                table.entries[index].0.name = name;
            }
        }
        let section = self.section.clone();
        table.entries.retain_mut(|(key, node)| self.keeps(key, node, &section, depth));
        self.section = section;
    }

    fn keeps(&mut self, key: &Key, node: &mut Node, section: &str, depth: usize) -> bool {
        let name = key.name.as_str();
        // What is no word is the rest of a value that a comma has cut: `{factors: M=4,3 N=2}`.
        let no_value = matches!(&node.value, Value::Text(text) if text.is_empty())
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        // An empty list of directives stands beside the mapping in the front end's output.
        let no_mapping = depth == 0
            && name == "mapping"
            && matches!(&node.value, Value::Array(items) if items.is_empty());
        if no_mapping || no_value && name != "name" {
            return false;
        }
        let unread = IGNORED.iter().any(|(own, keys)| *own == section && keys.contains(&name));
        if unread && !self.dimensions.iter().any(|own| own == name) {
            let place =
                if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            if !self.ignored.contains(&place) {
                self.ignored.push(place);
            }
            return false;
        }
        if depth == 0 {
            name.clone_into(&mut self.section);
        }
        match &mut node.value {
            Value::Text(text) if CHOICES.contains(&name) => *text = text.replace('-', "_"),
            Value::Text(text) if !WORDS.contains(&name) => {
                if let Some(number) = number(text) {
                    node.value = number;
                }
            }
            Value::Table(table) => {
                let own = section == "architecture" && name == "attributes";
                self.table(table, if own { ATTRIBUTES } else { &[] }, depth + 1);
            }
            Value::Array(items) => self.array(items, depth + 1),
            _ => {}
        }
        if depth == 0 {
            self.section.clear();
        }
        true
    }

    fn array(&mut self, items: &mut [Node], depth: usize) {
        for item in items {
            match &mut item.value {
                Value::Table(table) => self.table(table, &[], depth),
                Value::Array(items) => self.array(items, depth),
                _ => {}
            }
        }
    }
}

fn dimensions(root: &Table) -> Vec<String> {
    let section = |table: &Table, key: &str| match &table.get(key)?.value {
        Value::Table(table) => Some(table.clone()),
        _ => None,
    };
    let shape = section(root, "problem").and_then(|problem| section(&problem, "shape"));
    let Some(Node { value: Value::Array(items), .. }) =
        shape.as_ref().and_then(|shape| shape.get("dimensions"))
    else {
        return Vec::new();
    };
    let names = items.iter().filter_map(|item| match &item.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn underscored(key: &Key, aliases: &[(&str, &str)]) -> String {
    let name = key.name.replace('-', "_");
    aliases.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| (*own).to_owned())
}

/// The number that a quoted text is.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(Value::Integer(number));
    }
    let digits = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    text.parse().ok().filter(|_| digits).map(Value::Float)
}
