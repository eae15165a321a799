//! Programs over planes: their execution at a pixel.

use super::{InputSpace, OpProgram, Term};
use signloop_base::{Error, Result};
use signloop_network::workload::LayerShape;

/// Values of nodes already computed: place and value, by node. A node is read at few places.
type Known = Vec<Vec<((i64, i64), i64)>>;

impl OpProgram {
    /// Runs a plane program at output pixel (y, x). `read(plane, y, x)` gives an input at lattice
    /// position (y, x) of a plane, zero outside the map.
    ///
    /// # Errors
    /// The program is over patches, or a sum overflows.
    pub fn evaluate_at(
        &self,
        read: &dyn Fn(u32, i64, i64) -> i64,
        (y, x): (i64, i64),
    ) -> Result<Vec<i64>> {
        if self.space() != InputSpace::Planes {
            return Err(Error::Internal("a plane program is needed".into()));
        }
        let mut known: Known = vec![Vec::new(); self.nodes() as usize];
        self.outputs()
            .iter()
            .map(|output| {
                output.terms.iter().try_fold(0_i64, |sum, (term, factor)| {
                    let value = self.term_at(read, &mut known, term, (y, x))?;
                    value
                        .checked_mul(i64::from(*factor))
                        .and_then(|value| sum.checked_add(value))
                        .ok_or(Error::Overflow("partial sum"))
                })
            })
            .collect()
    }

    fn term_at(
        &self,
        read: &dyn Fn(u32, i64, i64) -> i64,
        known: &mut Known,
        term: &Term,
        (y, x): (i64, i64),
    ) -> Result<i64> {
        let (y, x) = (y + i64::from(term.shift.dy), x + i64::from(term.shift.dx));
        let value = match term.source.checked_sub(self.inputs()) {
            None => read(term.source, y, x),
            Some(node) => match known[node as usize].iter().find(|known| known.0 == (y, x)) {
                Some((_, value)) => *value,
                None => {
                    let mut sum = 0_i64;
                    for inner in self.node(node) {
                        let value = self.term_at(read, known, inner, (y, x))?;
                        sum = sum.checked_add(value).ok_or(Error::Overflow("partial sum"))?;
                    }
                    known[node as usize].push(((y, x), sum));
                    sum
                }
            },
        };
        term.signed(value).ok_or(Error::Overflow("partial sum"))
    }
}

/// Reads a plane of one group of an input map (channels × rows × columns of the whole layer) as a
/// plane program sees it: plane (c·stride + row phase)·stride + column phase at lattice position
/// (y, x) is input pixel (y·stride + row phase, x·stride + column phase).
#[must_use]
pub fn plane_value(shape: &LayerShape, group: u64, input: &[i64], at: (u32, i64, i64)) -> i64 {
    let (plane, y, x) = at;
    let stride = shape.stride as i64;
    let plane = i64::from(plane);
    let (channel, phase) = (plane / (stride * stride), plane % (stride * stride));
    let (row, column) = (y * stride + phase / stride, x * stride + phase % stride);
    if row < 0 || column < 0 || row >= shape.in_height as i64 || column >= shape.in_width as i64 {
        return 0;
    }
    let channel = group * (shape.in_channels / shape.groups) + channel as u64;
    input[((channel * shape.in_height + row as u64) * shape.in_width + column as u64) as usize]
}
