//! Programs over planes: their execution at a pixel, and the adds outside the output map.

use super::{InputSpace, OpProgram, Shift, Term};
use crate::{Error, Result, workload::LayerShape};

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

    /// Adds of one image at positions outside the output map: a shared plane is computed wherever
    /// a reader wants it, which is the map moved by each of the reader's displacements.
    ///
    /// # Errors
    /// The count overflows.
    pub fn halo_adds(&self, height: u64, width: u64) -> Result<u64> {
        let mut wanted: Vec<Vec<Shift>> = vec![Vec::new(); self.nodes() as usize];
        let want = |wanted: &mut Vec<Vec<Shift>>, term: &Term, by: Shift| {
            if let Some(node) = term.source.checked_sub(self.inputs()) {
                let add = |a: i8, b: i8| a.checked_add(b).ok_or(Error::Overflow("displacement"));
                let (dy, dx) = (add(term.shift.dy, by.dy)?, add(term.shift.dx, by.dx)?);
                wanted[node as usize].push(Shift { dy, dx });
            }
            Ok::<(), Error>(())
        };
        for (term, _) in self.outputs().iter().flat_map(|output| &output.terms) {
            want(&mut wanted, term, Shift::default())?;
        }
        let map = height * width;
        let mut halo = 0_u64;
        // Readers come after what they read, so a node's displacements are complete when reached.
        for node in (0..self.nodes()).rev() {
            let mut shifts = std::mem::take(&mut wanted[node as usize]);
            shifts.sort_unstable();
            shifts.dedup();
            for term in self.node(node) {
                for shift in &shifts {
                    want(&mut wanted, term, *shift)?;
                }
            }
            let adds = self.node(node).len() as u64 - 1;
            let beyond = covered(&shifts, height as i64, width as i64).saturating_sub(map);
            halo = adds
                .checked_mul(beyond)
                .and_then(|adds| halo.checked_add(adds))
                .ok_or(Error::Overflow("halo adds"))?;
        }
        Ok(halo)
    }
}

/// Positions in the union of an `height` × `width` map moved by each of the shifts.
fn covered(shifts: &[Shift], height: i64, width: i64) -> u64 {
    let rows = |shift: &Shift| i64::from(shift.dy);
    let (Some(first), Some(last)) = (shifts.iter().map(rows).min(), shifts.iter().map(rows).max())
    else {
        return 0;
    };
    let mut total = 0;
    let mut starts: Vec<i64> = Vec::new();
    let mut row = first;
    while row < last + height {
        starts.clear();
        let reaches = |shift: &&Shift| (rows(shift)..rows(shift) + height).contains(&row);
        starts.extend(shifts.iter().filter(reaches).map(|shift| i64::from(shift.dx)));
        starts.sort_unstable();
        let mut end = i64::MIN;
        let mut length = 0;
        for start in &starts {
            length += start + width - (*start).max(end);
            end = start + width;
        }
        // Rows between two changes of the set of reaching shifts are alike.
        let change = shifts
            .iter()
            .flat_map(|shift| [rows(shift), rows(shift) + height])
            .filter(|change| *change > row)
            .min()
            .unwrap_or(last + height);
        total += length * (change - row);
        row = change;
    }
    total as u64
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_of_moved_maps_by_hand() {
        let shift = |dy, dx| Shift { dy, dx };
        assert_eq!(covered(&[shift(0, 0)], 4, 5), 20);
        // One column to the right adds a column of 4.
        assert_eq!(covered(&[shift(0, 0), shift(0, 1)], 4, 5), 24);
        // Diagonal: 2·20 less the overlap of 3·4.
        assert_eq!(covered(&[shift(0, 0), shift(1, 1)], 4, 5), 28);
        // Far apart: no overlap.
        assert_eq!(covered(&[shift(0, 0), shift(9, 9)], 4, 5), 40);
    }
}
