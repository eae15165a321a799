//! A drawing as PNG at 300 dots an inch, for web pages and README files.

use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};

use super::{
    font::Font,
    provenance_lines,
    raster::Image,
    scene::{Align, Item, Point, Scene, Stroke},
};
use crate::data::Provenance;

const DOTS_PER_INCH: f64 = 300.0;
const SCALE: f64 = DOTS_PER_INCH / 72.0;

/// The drawing as a PNG file.
#[must_use]
pub fn png(scene: &Scene, caption: &str, provenance: &Provenance) -> Vec<u8> {
    let size = |points: f64| (points * SCALE).ceil() as usize;
    let mut image = Image::new(size(scene.width), size(scene.height));
    let font = Font::of(scene.face);
    for item in &scene.items {
        paint(&mut image, item, font);
    }
    encode(&image, caption, provenance)
}

fn paint(image: &mut Image, item: &Item, font: &Font) {
    match item {
        Item::Shape { points, closed, fill, stroke } => {
            let points: Vec<Point> = points.iter().map(|(x, y)| (x * SCALE, y * SCALE)).collect();
            if let Some(colour) = fill {
                image.fill(std::slice::from_ref(&points), *colour);
            }
            if let Some(stroke) = stroke {
                image.fill(&outline(points, *closed, *stroke), stroke.colour);
            }
        }
        Item::Text { at, text, align, angle, size, colour } => {
            let (sin, cos) = angle.to_radians().sin_cos();
            let mut along = match align {
                Align::Start => 0.0,
                Align::Middle => -font.width(text, *size) / 2.0,
                Align::End => -font.width(text, *size),
            };
            let unit = size / font.units();
            for character in text.chars() {
                let glyph = font.glyph(character);
                let contours: Vec<Vec<Point>> = font
                    .outline(glyph)
                    .into_iter()
                    .map(|contour| {
                        let place = |(x, y): Point| {
                            let (x, y) = (along + x * unit, y * unit);
                            let right = at.0 + x * cos - y * sin;
                            let down = at.1 - x * sin - y * cos;
                            (right * SCALE, down * SCALE)
                        };
                        contour.into_iter().map(place).collect()
                    })
                    .collect();
                image.fill(&contours, *colour);
                along += f64::from(font.advance(glyph)) * unit;
            }
        }
    }
}

/// The outline of a line as quadrilaterals and round joints, all of one direction.
fn outline(mut points: Vec<Point>, closed: bool, stroke: Stroke) -> Vec<Vec<Point>> {
    if closed && let Some(first) = points.first().copied() {
        points.push(first);
    }
    let half = stroke.width * SCALE / 2.0;
    let mut shapes = Vec::new();
    let pieces = if stroke.dashes.is_empty() { vec![points] } else { dashed(&points, stroke) };
    for piece in pieces {
        for pair in piece.windows(2) {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let length = (to_x - x).hypot(to_y - y);
            if length > 0.0 {
                let (dx, dy) = ((to_x - x) / length * half, (to_y - y) / length * half);
                shapes.push(vec![
                    (x - dy, y + dx),
                    (x + dy, y - dx),
                    (to_x + dy, to_y - dx),
                    (to_x - dy, to_y + dx),
                ]);
            }
        }
        let inner = if closed && stroke.dashes.is_empty() { 0 } else { 1 };
        for (x, y) in &piece[inner.min(piece.len())..piece.len().saturating_sub(1)] {
            let joint = (0..8).map(|corner| {
                let (sin, cos) = (std::f64::consts::FRAC_PI_4 * f64::from(corner)).sin_cos();
                (x + half * cos, y + half * sin)
            });
            shapes.push(joint.collect());
        }
    }
    shapes
}

/// The drawn parts of a dashed line.
fn dashed(points: &[Point], stroke: Stroke) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut dash, mut left) = (0, stroke.dashes[0] * SCALE);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left || length.is_nan() {
                left -= length;
                if dash % 2 == 0 {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if dash % 2 == 0 {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            dash = (dash + 1) % stroke.dashes.len();
            left = stroke.dashes[dash] * SCALE;
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn encode(image: &Image, caption: &str, provenance: &Provenance) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((image.width as u32).to_be_bytes());
    header.extend((image.height as u32).to_be_bytes());
    // 8 bits a channel, RGB, deflate, the standard filters, no interlacing.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    let per_metre = (DOTS_PER_INCH / 0.0254).round() as u32;
    let mut physical = [per_metre.to_be_bytes(), per_metre.to_be_bytes()].concat();
    physical.push(1);
    chunk(&mut file, b"pHYs", &physical);
    for (key, text) in
        [("Description", caption.to_owned()), ("Source", provenance_lines(provenance).join("\n"))]
    {
        // International text: keyword, no compression, no language, UTF-8.
        let mut body = key.as_bytes().to_vec();
        body.extend([0, 0, 0, 0, 0]);
        body.extend(text.as_bytes());
        chunk(&mut file, b"iTXt", &body);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let row = image.width * 3;
    let mut before = vec![0_u8; row];
    for pixels in image.pixels.chunks(row) {
        // Filter 2: the difference to the row above, which is zero over most of a figure.
        let mut line = vec![2];
        line.extend(pixels.iter().zip(&before).map(|(own, above)| own.wrapping_sub(*above)));
        // Writing to memory does not fail.
        let _ = encoder.write_all(&line);
        before.copy_from_slice(pixels);
    }
    chunk(&mut file, b"IDAT", &encoder.finish().unwrap_or_default());
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(body);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    file.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Colour;

    #[test]
    fn dashes_follow_the_line_around_corners() {
        const DASHES: &[f64] = &[3.0, 1.0];
        let stroke = Stroke { colour: Colour::BLACK, width: 1.0, dashes: DASHES };
        let points = [(0.0, 0.0), (2.0 * SCALE, 0.0), (2.0 * SCALE, 4.0 * SCALE)];
        let pieces = dashed(&points, stroke);
        // Six points of line: three on (around the corner), one off, two on.
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0].len(), 3);
        assert!((pieces[0][2].1 / SCALE - 1.0).abs() < 1e-9);
        assert!((pieces[1][0].1 / SCALE - 2.0).abs() < 1e-9);
    }
}
