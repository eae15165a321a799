//! Filling of polygons with smooth edges: the exact area that a shape covers of each pixel.
//!
//! Signed-area accumulation as in font rasterisers: every edge adds, to each row that it crosses,
//! the area to its right; a running sum along the row is the coverage.

use super::scene::Point;
use crate::style::Colour;

/// An image of 8-bit RGB, white at first.
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Image {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; width * height * 3] }
    }

    /// Fills closed contours (in pixels) by the non-zero rule, for contours of one direction and
    /// for a glyph's, whose holes run the other way.
    pub(super) fn fill(&mut self, contours: &[Vec<Point>], colour: Colour) {
        let points = || contours.iter().flatten();
        let low = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let left = low(&mut points().map(|point| point.0)).floor().max(0.0);
        let top = low(&mut points().map(|point| point.1)).floor().max(0.0);
        let right = (-low(&mut points().map(|point| -point.0))).ceil().min(self.width as f64);
        let bottom = (-low(&mut points().map(|point| -point.1))).ceil().min(self.height as f64);
        // Also catches an empty list and coordinates that are no numbers.
        if !(right > left && bottom > top) {
            return;
        }
        let mut area = Area::new((left, top), (right - left) as usize, (bottom - top) as usize);
        for contour in contours {
            for (index, from) in contour.iter().enumerate() {
                area.edge(*from, contour[(index + 1) % contour.len()]);
            }
        }
        self.blend(&area, (left as usize, top as usize), colour);
    }

    fn blend(&mut self, area: &Area, (left, top): (usize, usize), Colour(r, g, b): Colour) {
        for row in 0..area.height {
            let mut sum = 0.0_f64;
            for column in 0..area.width {
                sum += area.cells[row * (area.width + 2) + column];
                let cover = sum.abs().min(1.0);
                // Below half a level nothing would change.
                if cover < 0.002 {
                    continue;
                }
                let pixel = ((top + row) * self.width + left + column) * 3;
                for (own, new) in self.pixels[pixel..pixel + 3].iter_mut().zip([r, g, b]) {
                    let mixed = f64::from(*own) * (1.0 - cover) + f64::from(new) * cover;
                    *own = mixed.round() as u8;
                }
            }
        }
    }
}

/// The accumulation buffer over a shape's bounding box; two spare cells a row take what an edge
/// adds beyond its last pixel.
struct Area {
    origin: Point,
    width: usize,
    height: usize,
    cells: Vec<f64>,
}

impl Area {
    fn new(origin: Point, width: usize, height: usize) -> Self {
        Self { origin, width, height, cells: vec![0.0; (width + 2) * height] }
    }

    fn edge(&mut self, from: Point, to: Point) {
        let local = |point: Point| {
            // Beyond the box an edge counts as standing at its side.
            let x = (point.0 - self.origin.0).clamp(0.0, self.width as f64);
            (x, point.1 - self.origin.1)
        };
        let (mut from, mut to) = (local(from), local(to));
        if from.1 == to.1 {
            return;
        }
        let direction = if from.1 < to.1 { 1.0 } else { -1.0 };
        if direction < 0.0 {
            std::mem::swap(&mut from, &mut to);
        }
        let slope = (to.0 - from.0) / (to.1 - from.1);
        let first = from.1.max(0.0);
        let last = to.1.min(self.height as f64);
        let mut y = first;
        while y < last {
            let row = y.floor();
            let next = (row + 1.0).min(last);
            let at = |y: f64| from.0 + (y - from.1) * slope;
            self.row(row as usize, (at(y), at(next)), (next - y) * direction);
            y = next;
        }
    }

    /// Adds an edge within one row: it spans `height` (signed) of the row between two places.
    fn row(&mut self, row: usize, (a, b): (f64, f64), height: f64) {
        let cells = &mut self.cells[row * (self.width + 2)..(row + 1) * (self.width + 2)];
        let most = self.width as f64;
        let (left, right) = (a.min(b).clamp(0.0, most), a.max(b).clamp(0.0, most));
        let first = left.floor() as usize;
        let last = right.ceil() as usize;
        if last <= first + 1 {
            // Within one pixel: its right part is covered by the mean distance.
            let mean = (left + right) / 2.0 - first as f64;
            cells[first] += height * (1.0 - mean);
            cells[first + 1] += height * mean;
            return;
        }
        // Across several pixels: the share of the height in each, then the area right of it.
        let per_pixel = height / (right - left);
        for (pixel, place) in (first..last).zip(first..) {
            let start = left.max(place as f64);
            let end = right.min(place as f64 + 1.0);
            let part = (end - start) * per_pixel;
            let mean = (start + end) / 2.0 - place as f64;
            cells[pixel] += part * (1.0 - mean);
            cells[pixel + 1] += part * mean;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(contours: &[Vec<Point>]) -> Vec<u8> {
        let mut image = Image::new(4, 4);
        image.fill(contours, Colour::BLACK);
        image.pixels.iter().step_by(3).map(|value| 255 - value).collect()
    }

    #[test]
    fn a_square_covers_the_shares_of_its_pixels() {
        // From (0.5, 1) to (2, 2.5): half of column 0, all of column 1; row 2 half as much.
        let square = vec![(0.5, 1.0), (2.0, 1.0), (2.0, 2.5), (0.5, 2.5)];
        let expected = [0, 0, 0, 0, 128, 255, 0, 0, 64, 128, 0, 0, 0, 0, 0, 0];
        for (found, expected) in covered(std::slice::from_ref(&square)).iter().zip(expected) {
            assert!(found.abs_diff(expected) <= 1, "{found} {expected}");
        }
        let turned: Vec<Point> = square.into_iter().rev().collect();
        assert_eq!(covered(&[turned])[5], 255, "the direction does not matter");
    }

    #[test]
    fn a_triangle_across_pixels_covers_half_of_its_box() {
        let sum: u32 =
            covered(&[vec![(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)]]).into_iter().map(u32::from).sum();
        // 8 pixels of 255, each rounded once.
        assert!(sum.abs_diff(8 * 255) <= 8, "{sum}");
    }

    #[test]
    fn shapes_beyond_the_image_are_cut_and_holes_stay_open() {
        let big = vec![(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)];
        assert_eq!(covered(std::slice::from_ref(&big)), [255; 16]);
        let hole = vec![(1.0, 1.0), (1.0, 3.0), (3.0, 3.0), (3.0, 1.0)];
        let ring = covered(&[big, hole]);
        assert_eq!((ring[0], ring[5], ring[15]), (255, 0, 255));
        assert_eq!(covered(&[vec![(f64::NAN, 0.0), (1.0, f64::NAN)]]), [0; 16]);
    }
}
