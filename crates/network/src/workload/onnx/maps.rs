//! Pools, sums, and operators that move values.

use super::{
    graph::Importer,
    layers::given,
    model::{Node, Size},
    refusal::Refusal,
    sizes::{broadcast, moved, pads, reduced_axes, slice},
    values::{Map, Value, natural},
    window::window,
};
use crate::workload::{MapShape, chain::added, write::Entry};
use signloop_base::config::quoted;

impl Importer<'_> {
    pub(super) fn pool(&mut self, node: &Node, shown: &str) -> Result<Vec<Value>, Refusal> {
        let map = self.map(node, 0)?;
        let [batch, channels, spatial @ ..] = &map.sizes[..] else {
            return Err(format!("it pools {:?}", map.sizes).into());
        };
        let mut axes = window(node, spatial, None)?;
        let stated = node.outputs.first().and_then(|name| self.stated.get(name));
        for (axis, stated) in axes.iter_mut().zip(stated.into_iter().flatten().skip(2)) {
            if axis.left_out && *stated == Size::Fixed(axis.out + 1) {
                axis.out += 1;
            }
        }
        let outs: Vec<u64> = axes.iter().map(|axis| axis.out).collect();
        let sizes = [&[*batch, *channels][..], &outs].concat();
        let shape = natural(&sizes, false);
        let plain = match axes[..] {
            [rows, columns] if node.op != "LpPool" => {
                let own = [rows.kernel, rows.stride, rows.begin, rows.end];
                let other = [columns.kernel, columns.stride, columns.begin, columns.end];
                let dilated = rows.dilation.max(columns.dilation) > 1 && rows.kernel > 1;
                let floor = |axis: super::window::Axis| {
                    (axis.size + 2 * axis.begin - axis.kernel) / axis.stride + 1 == axis.out
                };
                (own == other
                    && rows.begin == rows.end
                    && !dilated
                    && floor(rows)
                    && floor(columns))
                .then_some(rows)
            }
            _ => None,
        };
        let node_name;
        if let Some(rows) = plain {
            let source = self.view(&map, natural(&map.sizes, false));
            node_name = self.name(node, None);
            let kind = if node.op == "MaxPool" { "max-pool" } else { "average-pool" };
            let mut entry = self.entry(&node_name, kind, &source);
            entry.key("kernel", rows.kernel);
            entry.key("stride", rows.stride);
            entry.unless(0, "padding", rows.begin);
            self.finish(&node_name, entry);
        } else {
            // Pools are not counted; what follows needs the sizes only.
            node_name = self.name(node, None);
            self.rearranged(&node_name, &[&map.node], shape);
            self.skip(node, shown, "no pool of a workload has its window: its sizes are kept");
        }
        // The second output, where there is one, has the same sizes: indices.
        Ok(vec![given(node_name, shape, sizes, false); node.outputs.len().max(1)])
    }

    pub(super) fn global_pool(&mut self, node: &Node) -> Result<Value, Refusal> {
        let map = self.map(node, 0)?;
        let [batch, channels, spatial @ ..] = &map.sizes[..] else {
            return Err(format!("it pools {:?}", map.sizes).into());
        };
        let sizes = [&[*batch, *channels][..], &vec![1; spatial.len()]].concat();
        Ok(self.over_the_map(node, &map, sizes))
    }

    fn over_the_map(&mut self, node: &Node, map: &Map, sizes: Vec<u64>) -> Value {
        let wanted = natural(&map.sizes, false);
        let source = self.view(map, wanted);
        let name = self.name(node, None);
        let entry = self.entry(&name, "global-pool", &source);
        self.finish(&name, entry);
        given(name, MapShape { height: 1, width: 1, ..wanted }, sizes, false)
    }

    /// Two maps and more, added; a constant is a bias.
    pub(super) fn sum(&mut self, node: &Node, shown: &str) -> Result<Value, Refusal> {
        let maps = self.maps(node);
        let sizes = self.combined(node)?;
        let Some((first, rest)) = maps.split_first() else {
            return Err("it adds no activation".into());
        };
        if rest.is_empty() {
            self.skip(node, shown, "a bias is counted with the scale");
            return Ok(Value::Map(enlarged(first, sizes)));
        }
        let mut sum = first.clone();
        for next in rest {
            sum = self.added(node, &sum, next)?;
        }
        Ok(Value::Map(enlarged(&sum, sizes)))
    }

    fn added(&mut self, node: &Node, first: &Map, second: &Map) -> Result<Map, Refusal> {
        let sizes = broadcast(&first.sizes, &second.sizes)?;
        // Where one is a shortcut without weights, the add reads the larger map by itself.
        let by_itself = |one: &Map, other: &Map| {
            one.shortcut
                && !other.shortcut
                && one.sizes == other.sizes
                && other.is_whole()
                && added(other.shape, one.shape) == Ok(other.shape)
        };
        let (sources, like) = if by_itself(second, first) {
            ([first.node.clone(), second.node.clone()], first)
        } else if by_itself(first, second) {
            ([second.node.clone(), first.node.clone()], second)
        } else {
            let whole = |map: &&Map| map.sizes == sizes && map.is_whole();
            let like = [first, second].into_iter().find(whole);
            let shape = like.map_or_else(|| natural(&sizes, first.channels_last), |map| map.shape);
            let sources = [self.view(first, shape), self.view(second, shape)];
            let name = self.name(node, None);
            return Ok(self.sum_entry(&name, &sources, shape, sizes, like.unwrap_or(first)));
        };
        let name = self.name(node, None);
        Ok(self.sum_entry(&name, &sources, like.shape, sizes, like))
    }

    fn sum_entry(
        &mut self,
        name: &str,
        sources: &[String; 2],
        shape: MapShape,
        sizes: Vec<u64>,
        like: &Map,
    ) -> Map {
        let mut entry = Entry::new(name, "add");
        let names: Vec<String> = sources.iter().map(|source| quoted(source)).collect();
        entry.key("inputs", format!("[{}]", names.join(", ")));
        self.finish(name, entry);
        let channels_last = like.channels_last;
        Map { node: name.to_owned(), shape, sizes, channels_last, shortcut: false }
    }

    /// Products and choices element by element: gates, scales, activation functions in parts.
    pub(super) fn combine(&mut self, node: &Node, shown: &str) -> Result<Value, Refusal> {
        let maps = self.maps(node);
        let sizes = self.combined(node)?;
        let like = maps.iter().find(|map| map.sizes == sizes).or(maps.first());
        let like = like.ok_or("it reads no activation")?;
        let reason = if maps.len() == 1 {
            "a constant for each value is counted with the scale"
        } else {
            "what combines maps element by element, but for sums, is not counted"
        };
        self.skip(node, shown, reason);
        Ok(Value::Map(enlarged(like, sizes)))
    }

    fn maps(&self, node: &Node) -> Vec<Map> {
        let found = node.inputs.iter().filter_map(|name| match self.values.get(name) {
            Some(Value::Map(map)) => Some(map.clone()),
            _ => None,
        });
        found.collect()
    }

    /// The sizes of all inputs combined.
    fn combined(&self, node: &Node) -> Result<Vec<u64>, Refusal> {
        let seen = Self::seen(&self.values, node);
        (0..node.inputs.len())
            .try_fold(Vec::new(), |sizes, input| broadcast(&sizes, seen.sizes(input)?))
    }

    /// Operators that move values, or reduce axes: their sizes are kept for whoever reads them.
    pub(super) fn moved(&mut self, node: &Node, shown: &str) -> Result<Vec<Value>, Refusal> {
        let seen = Self::seen(&self.values, node);
        let outputs = moved(node, &seen)?.ok_or("it has no rule")?;
        let maps = self.maps(node);
        let first = maps.first().ok_or("it reads no activation")?;
        match node.op.as_str() {
            "ReduceMean" | "ReduceMax" | "ReduceSum" if first.sizes.len() == 4 => {
                let over = reduced_axes(node, &seen)?;
                let mut over = over.unwrap_or_default();
                over.sort_unstable();
                if over == [2, 3] {
                    let sizes = outputs.into_iter().next().unwrap_or_default();
                    let first = first.clone();
                    return Ok(vec![self.over_the_map(node, &first, sizes)]);
                }
            }
            "Concat" => {
                let sizes = outputs.into_iter().next().unwrap_or_default();
                let shape = natural(&sizes, first.channels_last);
                let sources: Vec<&str> = maps.iter().map(|map| map.node.as_str()).collect();
                let channels_last = first.channels_last;
                let name = self.name(node, None);
                self.rearranged(&name, &sources, shape);
                return Ok(vec![given(name, shape, sizes, channels_last)]);
            }
            _ => {}
        }
        let shortcut = (first.shortcut || first.is_whole())
            && matches!(node.op.as_str(), "Slice" | "Pad")
            && keeps_a_shortcut(node, &seen)?;
        let reason = match node.op.as_str() {
            _ if shortcut => "an add reads a larger map, and fewer channels, by itself",
            "Gather" if seen.constants[0].is_some() => "a look-up in a table is not counted",
            op if op.starts_with("Reduce") || op.starts_with("Arg") => "a reduction is not counted",
            _ => "it moves values; what reads it states its sizes",
        };
        // A look-up replaces each index by a row: channels are last then.
        let looked_up = node.op == "Gather" && seen.constants[0].is_some();
        let mut from = first.clone();
        from.channels_last |= looked_up;
        let values = outputs.into_iter().map(|sizes| {
            let mut map = from.with(sizes);
            map.shortcut = shortcut;
            Value::Map(map)
        });
        let values = values.collect();
        self.skip(node, shown, reason);
        Ok(values)
    }
}

/// A map under sizes that a constant may have enlarged.
fn enlarged(map: &Map, sizes: Vec<u64>) -> Map {
    if map.sizes == sizes { map.clone() } else { map.with(sizes) }
}

/// Whether a `Slice` takes every s-th pixel of all, or a `Pad` adds channels of zeros.
fn keeps_a_shortcut(node: &Node, seen: &super::sizes::Seen<'_>) -> Result<bool, Refusal> {
    let sizes = seen.sizes(0)?;
    if sizes.len() != 4 {
        return Ok(false);
    }
    if node.op == "Slice" {
        let cuts = slice(node, seen)?;
        let all = |cut: &super::sizes::Cut, size: u64| {
            cut.start == 0 && cut.step > 0 && cut.count == size.div_ceil(cut.step as u64)
        };
        return Ok(cuts.iter().zip(sizes).all(|(cut, size)| all(cut, *size))
            && cuts[0].step == 1
            && cuts[1].step == 1
            && cuts[2].step == cuts[3].step);
    }
    let pads = pads(node, seen)?;
    let constant = node.texts.get("mode").is_none_or(|mode| mode == "constant");
    let none = |at: usize| pads[at] == (0, 0);
    Ok(constant && none(0) && none(2) && none(3) && pads[1].0 >= 0 && pads[1].1 >= 0)
}
