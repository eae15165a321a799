//! Products of two activations, as attention has them.

use super::{
    graph::Importer,
    layers::given,
    model::Node,
    refusal::{Refusal, refuse},
    sizes::{broadcast, product},
    values::Value,
};
use crate::workload::MapShape;

impl Importer<'_> {
    /// One matrix times another for each image and head: a 1×1 convolution with a group for each,
    /// in fp32, since neither side is a weight that could be quantised before.
    pub(super) fn product_of_maps(&mut self, node: &Node, shown: &str) -> Result<Value, Refusal> {
        let (mut first, mut second) = (self.map(node, 0)?, self.map(node, 1)?);
        if node.op == "Gemm" {
            for (map, key) in [(&mut first, "transA"), (&mut second, "transB")] {
                if node.flag(key) && map.sizes.len() == 2 {
                    *map = map.with(vec![map.sizes[1], map.sizes[0]]);
                }
            }
        }
        let ([lead @ .., rows, inner], [other_lead @ .., other_inner, columns]) =
            (&first.sizes[..], &second.sizes[..])
        else {
            return refuse(
                format!("it multiplies {:?} and {:?}", first.sizes, second.sizes),
                "activations of two or more dimensions are read: give both a Reshape before",
            );
        };
        if inner != other_inner {
            return Err(format!("it multiplies {:?} and {:?}", first.sizes, second.sizes).into());
        }
        let lead = broadcast(lead, other_lead)?;
        let groups = product(&lead)?;
        let wanted =
            MapShape { batch: 1, channels: product(&[groups, *inner])?, height: *rows, width: 1 };
        let source = self.view(&first, wanted);
        let name = self.name(node, None);
        let mut entry = self.entry(&name, "conv", &source);
        let filters = product(&[groups, *columns])?;
        entry.key("in_channels", wanted.channels);
        entry.key("out_channels", filters);
        entry.key("kernel", 1);
        entry.unless(1, "groups", groups);
        entry.key("quantized", false);
        self.finish(&name, entry);
        self.has_layers = true;
        self.notes.push(format!(
            "`{shown}` ({}) multiplies two activations: written as a layer in fp32 with a group for \
             each of {groups} products; the second activation counts as its weights",
            node.op
        ));
        let sizes = [&lead[..], &[*rows, *columns]].concat();
        Ok(given(name, MapShape { channels: filters, ..wanted }, sizes, true))
    }
}
