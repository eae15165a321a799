//! Activations in memory: planes with shared zero borders, pixels one after the other.
//!
//! A block of lanes is a run of pixels in a plane, over row ends and image ends, so that every
//! weight reads its input at one constant distance. Rows are `pitch` values apart; the zeros
//! between two rows are the right border of one and the left border of the next, likewise those
//! between images. A layer of stride s reads s·s phase planes a channel: pixel (y, x) of the
//! padded map is at (y/s, x/s) of phase (y mod s, x mod s).

use serde::Serialize;

use signloop_base::diagnostics::Problem;
use signloop_network::workload::LayerShape;

/// Positions are rounded up to a multiple of this, and of a block's lanes.
const LANES: u64 = 64;

/// Where each value of an activation map lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct PlaneLayout {
    /// Channels.
    pub channels: u64,
    /// Images.
    pub images: u64,
    /// Rows of the map.
    pub height: u64,
    /// Columns of the map.
    pub width: u64,
    /// Zeros on each side.
    pub padding: u64,
    /// Stride of the reader: phase planes are stride² a channel.
    pub stride: u64,
    /// Values from one row of a plane to the next.
    pub pitch: u64,
    /// Rows from one image of a plane to the next.
    pub image_rows: u64,
    /// Values from one plane to the next.
    pub plane: u64,
}

impl PlaneLayout {
    /// Index of a value.
    #[must_use]
    pub fn index(&self, channel: u64, image: u64, row: u64, column: u64) -> u64 {
        let (row, column) = (row + self.padding, column + self.padding);
        let phase = row % self.stride * self.stride + column % self.stride;
        (channel * self.stride * self.stride + phase) * self.plane
            + (image * self.image_rows + row / self.stride) * self.pitch
            + column / self.stride
    }

    /// Values of the whole buffer.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.channels * self.stride * self.stride * self.plane) as usize
    }

    /// Whether the buffer is empty (it never is: a map has at least one value).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies an image × channel × row × column map into planes; borders are left as they are.
    ///
    /// # Panics
    /// A slice has the wrong length.
    pub fn pack<T: Copy>(&self, map: &[T], planes: &mut [T]) {
        assert_eq!(planes.len(), self.len(), "planes of this layout");
        self.each_row(map.len(), |from, to| {
            if self.stride == 1 {
                let width = self.width as usize;
                planes[to..to + width].copy_from_slice(&map[from..from + width]);
            } else {
                let (channel, image, row) = self.place(from as u64);
                for column in 0..self.width {
                    let to = self.index(channel, image, row, column) as usize;
                    planes[to] = map[from + column as usize];
                }
            }
        });
    }

    /// Copies planes back to an image × channel × row × column map.
    ///
    /// # Panics
    /// A slice has the wrong length.
    pub fn unpack<T: Copy>(&self, planes: &[T], map: &mut [T]) {
        assert_eq!(planes.len(), self.len(), "planes of this layout");
        self.each_row(map.len(), |to, from| {
            let (channel, image, row) = self.place(to as u64);
            for column in 0..self.width {
                let from = match self.stride {
                    1 => from + column as usize,
                    _ => self.index(channel, image, row, column) as usize,
                };
                map[to + column as usize] = planes[from];
            }
        });
    }

    /// Channel, image and row of an index of a row-major map.
    fn place(&self, index: u64) -> (u64, u64, u64) {
        let row = index / self.width;
        let plane = row / self.height;
        (plane % self.channels, plane / self.channels, row % self.height)
    }

    /// Calls with the index of every row in the map and in the planes.
    fn each_row(&self, length: usize, mut visit: impl FnMut(usize, usize)) {
        let values = self.images * self.channels * self.height * self.width;
        assert_eq!(length as u64, values, "a map of this layout");
        for from in (0..values).step_by(self.width as usize) {
            let (channel, image, row) = self.place(from);
            visit(from as usize, self.index(channel, image, row, 0) as usize);
        }
    }
}

/// Input and output planes of a layer, and where each weight reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// Input planes.
    pub input: PlaneLayout,
    /// Output planes.
    pub output: PlaneLayout,
    /// Positions of the flattened output, borders between rows included.
    pub positions: u64,
    /// Distance of every weight of a group (C, R, S order) from the position, in values.
    pub taps: Vec<u64>,
}

impl Geometry {
    /// The geometry of a layer whose blocks have so many lanes. `output_padding` zeros are left
    /// around the output for the next layer. `line` is how many lanes a cache line holds.
    ///
    /// # Errors
    /// The planes do not fit in memory.
    pub fn new(
        shape: &LayerShape,
        output_padding: u64,
        line: u64,
        lanes: u64,
    ) -> Result<Self, Problem> {
        let stride = shape.stride;
        let (out_rows, out_columns) = (shape.out_height(), shape.out_width());
        let size = |size: u64, out: u64| match stride {
            // Borders are shared, if there is room for the output between two rows.
            1 => (size + shape.padding).max(out),
            _ => (size + 2 * shape.padding).div_ceil(stride),
        };
        let pitch = size(shape.in_width, out_columns).max(out_columns + output_padding);
        let image_rows = size(shape.in_height, out_rows).max(out_rows + output_padding);
        let reach = |tap: u64| (tap * shape.dilation / stride, tap * shape.dilation % stride);
        let positions = ((shape.batch - 1) * image_rows + out_rows - 1) * pitch + out_columns;
        let covered = positions.next_multiple_of(LANES).max(positions.next_multiple_of(lanes));
        let last =
            covered + reach(shape.kernel_height - 1).0 * pitch + reach(shape.kernel_width - 1).0;
        let padded = shape.in_height.div_ceil(stride) + 2 * shape.padding.div_ceil(stride) + 1;
        let rows = (shape.batch - 1) * image_rows + padded.max(image_rows + shape.padding);
        let input = PlaneLayout {
            channels: shape.in_channels,
            images: shape.batch,
            height: shape.in_height,
            width: shape.in_width,
            padding: shape.padding,
            stride,
            pitch,
            image_rows,
            plane: plane(last.max(rows * pitch + shape.padding), line),
        };
        let lead = output_padding * (pitch + 1);
        let end = (covered + lead)
            .max(((shape.batch - 1) * image_rows + out_rows + 2 * output_padding) * pitch + lead);
        let output = PlaneLayout {
            channels: shape.out_channels,
            images: shape.batch,
            height: out_rows,
            width: out_columns,
            padding: output_padding,
            stride: 1,
            pitch,
            image_rows,
            plane: plane(end, line),
        };
        for (name, layout, planes) in [("input", &input, stride * stride), ("output", &output, 1)] {
            let values =
                layout.channels.checked_mul(planes).and_then(|n| n.checked_mul(layout.plane));
            if values.is_none_or(|values| values > 1 << 31) {
                return Err(Problem::new(format!("the {name} planes exceed 2^31 values")));
            }
        }
        let mut taps = Vec::with_capacity(shape.filter_len() as usize);
        for channel in 0..shape.in_channels / shape.groups {
            for row in 0..shape.kernel_height {
                for column in 0..shape.kernel_width {
                    let ((y, row_phase), (x, column_phase)) = (reach(row), reach(column));
                    let phase = row_phase * stride + column_phase;
                    let plane = channel * stride * stride + phase;
                    taps.push(plane * input.plane + y * pitch + x);
                }
            }
        }
        Ok(Self { input, output, positions, taps })
    }

    /// Whether a flattened position is a pixel of the output, not a border.
    #[must_use]
    pub fn is_pixel(&self, position: u64) -> bool {
        let (row, column) = (position / self.output.pitch, position % self.output.pitch);
        let (image, row) = (row / self.output.image_rows, row % self.output.image_rows);
        column < self.output.width && row < self.output.height && image < self.output.images
    }
}

/// Values of a plane: whole lines, and an odd number of them, so that planes spread over the
/// sets of a cache.
fn plane(values: u64, line: u64) -> u64 {
    (values.div_ceil(line) | 1) * line
}

#[cfg(test)]
mod tests {
    use super::*;
    use signloop_network::workload::LayerKind;

    fn shape(size: u64, kernel: u64, stride: u64, padding: u64, dilation: u64) -> LayerShape {
        LayerShape {
            kind: LayerKind::Conv,
            batch: 2,
            in_channels: 3,
            out_channels: 2,
            in_height: size,
            in_width: size + 1,
            kernel_height: kernel,
            kernel_width: kernel,
            stride,
            padding,
            dilation,
            groups: 1,
        }
        .checked()
        .unwrap()
    }

    #[test]
    fn every_weight_reads_the_pixel_that_a_convolution_reads() {
        for (kernel, stride, padding, dilation) in [
            (3, 1, 1, 1),
            (3, 2, 1, 1),
            (1, 1, 0, 1),
            (1, 2, 0, 1),
            (1, 1, 1, 1),
            (5, 3, 2, 1),
            (3, 2, 3, 2),
            (2, 1, 0, 2),
        ] {
            let shape = shape(7, kernel, stride, padding, dilation);
            for output_padding in 0..2 {
                let geometry = Geometry::new(&shape, output_padding, 16, 96).unwrap();
                let input = &geometry.input;
                let map: Vec<u32> = (1..=shape.input_elements() as u32).collect();
                let mut planes = vec![0; input.len()];
                input.pack(&map, &mut planes);
                let mut back = vec![0; map.len()];
                input.unpack(&planes, &mut back);
                assert_eq!(map, back);
                for image in 0..shape.batch {
                    for oy in 0..shape.out_height() {
                        for ox in 0..shape.out_width() {
                            let position = (image * input.image_rows + oy) * input.pitch + ox;
                            assert!(geometry.is_pixel(position) && position < geometry.positions);
                            for (tap, distance) in geometry.taps.iter().enumerate() {
                                let (c, rest) = (
                                    tap as u64 / (kernel * kernel),
                                    tap as u64 % (kernel * kernel),
                                );
                                let y =
                                    (oy * stride + rest / kernel * dilation).checked_sub(padding);
                                let x =
                                    (ox * stride + rest % kernel * dilation).checked_sub(padding);
                                let expected = match (y, x) {
                                    (Some(y), Some(x))
                                        if y < shape.in_height && x < shape.in_width =>
                                    {
                                        map[(((image * 3 + c) * shape.in_height + y)
                                            * shape.in_width
                                            + x)
                                            as usize]
                                    }
                                    _ => 0,
                                };
                                assert_eq!(planes[(position + distance) as usize], expected);
                            }
                        }
                    }
                }
                let pixels =
                    (0..geometry.positions).filter(|p| geometry.is_pixel(*p)).count() as u64;
                assert_eq!(pixels, shape.positions());
            }
        }
    }
}
