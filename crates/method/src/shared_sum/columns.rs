//! What a weight's column reads: a value of the patch, or a plane at a shift.

use super::super::{InputSpace, Shift, Term, sums::Packing};
use signloop_network::workload::LayerShape;

/// Most rows and columns of positions.
const MOST_EXTENT: u32 = 40;

/// Operands of the columns of one group's matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Patch values or planes.
    pub space: InputSpace,
    /// Number of inputs.
    pub inputs: u32,
    /// Input and position (not negative, relative to `base`) of every column.
    pub operands: Vec<(u32, Shift)>,
    /// Added to the shift of every input once the sums are shared.
    pub base: Shift,
    /// Rows and columns of positions.
    pub extent: (u32, u32),
}

impl Columns {
    /// Column n is value n of the patch.
    pub fn patch(columns: usize) -> Self {
        let operands = (0..columns as u32).map(|input| (input, Shift::default())).collect();
        Self {
            space: InputSpace::Patch,
            inputs: columns as u32,
            operands,
            base: Shift::default(),
            extent: (1, 1),
        }
    }

    /// Column (c, r, s) is plane (c, phase) at a shift. Kernel row r reads input row
    /// `y·stride + r·dilation − padding`; with q = r·dilation − padding that is row y + ⌊q/stride⌋
    /// of phase q mod stride, and columns alike. Plane index: (c·stride + row phase)·stride +
    /// column phase. `None` if a shift does not fit in 8 bits, or the kernel reaches too far.
    pub fn planes(shape: &LayerShape) -> Option<Self> {
        let stride = i64::try_from(shape.stride).ok()?;
        let axis = |taps: u64| -> Option<Vec<(u32, i8)>> {
            (0..taps)
                .map(|tap| {
                    let offset = i64::try_from(tap * shape.dilation).ok()?
                        - i64::try_from(shape.padding).ok()?;
                    let shift = i8::try_from(offset.div_euclid(stride)).ok()?;
                    Some((offset.rem_euclid(stride) as u32, shift))
                })
                .collect()
        };
        let (rows, columns) = (axis(shape.kernel_height)?, axis(shape.kernel_width)?);
        let span = |taps: &[(u32, i8)]| {
            let least = taps.iter().map(|tap| tap.1).min().unwrap_or(0);
            let most = taps.iter().map(|tap| tap.1).max().unwrap_or(0);
            (least, (i32::from(most) - i32::from(least) + 1) as u32)
        };
        let ((top, height), (left, width)) = (span(&rows), span(&columns));
        let channels = u32::try_from(shape.in_channels / shape.groups).ok()?;
        let phases = u32::try_from(shape.stride.checked_mul(shape.stride)?).ok()?;
        let inputs = channels.checked_mul(phases)?;
        // Three times the extent are the positions that the halo of a map is counted on.
        if height > MOST_EXTENT || width > MOST_EXTENT || inputs > 1 << 24 {
            return None;
        }
        let mut operands = Vec::with_capacity(shape.filter_len() as usize);
        for channel in 0..channels {
            for (row_phase, dy) in &rows {
                for (column_phase, dx) in &columns {
                    let plane = (channel * shape.stride as u32 + row_phase) * shape.stride as u32
                        + column_phase;
                    operands.push((plane, Shift { dy: dy - top, dx: dx - left }));
                }
            }
        }
        Some(Self {
            space: InputSpace::Planes,
            inputs,
            operands,
            base: Shift { dy: top, dx: left },
            extent: (height, width),
        })
    }

    /// The packing of these positions.
    pub fn packing(&self) -> Packing {
        Packing::new(self.extent.0, self.extent.1)
    }

    /// The operand of a column.
    pub fn term(&self, column: usize, negative: bool) -> Term {
        let (source, shift) = self.operands[column];
        Term { source, negative, shift }
    }
}
