//! A drawing as PDF: one page of its final size, the typeface embedded as CID TrueType (never
//! Type 3), words that can be searched and copied, no dates.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{
    Content, Filter, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, LineJoinStyle, SystemInfo, UnicodeCmap},
};

use super::{
    font::Font,
    provenance_lines,
    scene::{Align, Item, Scene, Stroke},
};
use crate::{data::Provenance, style::Colour};

const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The drawing as a PDF file.
#[must_use]
pub fn pdf(scene: &Scene, caption: &str, provenance: &Provenance) -> Vec<u8> {
    let font = Font::of(scene.face);
    let mut next = 0;
    let mut reference = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, page, contents, info) =
        (reference(), reference(), reference(), reference(), reference());
    let fonts = FontRefs {
        font: reference(),
        descendant: reference(),
        descriptor: reference(),
        file: reference(),
        unicode: reference(),
    };
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page]).count(1);
    {
        let mut page = pdf.page(page);
        page.media_box(Rect::new(0.0, 0.0, scene.width as f32, scene.height as f32));
        page.parent(tree).contents(contents);
        page.resources().fonts().pair(Name(b"F"), fonts.font);
    }
    let body = deflated(&content(scene, font));
    pdf.stream(contents, &body).filter(Filter::FlateDecode);
    embed(&mut pdf, font, &fonts);
    {
        let lines = provenance_lines(provenance);
        let mut info = pdf.document_info(info);
        info.producer(TextStr(&provenance.tool)).subject(TextStr(caption));
        info.keywords(TextStr(&lines.join("; ")));
    }
    pdf.finish()
}

struct FontRefs {
    font: Ref,
    descendant: Ref,
    descriptor: Ref,
    file: Ref,
    unicode: Ref,
}

fn embed(pdf: &mut Pdf, font: &Font, refs: &FontRefs) {
    let name: String = font.family.split(' ').collect::<String>() + "-Regular";
    let name = Name(name.as_bytes());
    let thousandths = |units: f64| (units * 1000.0 / font.units()) as f32;
    pdf.type0_font(refs.font)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.descendant)
        .to_unicode(refs.unicode);
    {
        let mut cid = pdf.cid_font(refs.descendant);
        cid.subtype(CidFontType::Type2).base_font(name).system_info(SYSTEM);
        cid.font_descriptor(refs.descriptor).default_width(0.0);
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
        let advances =
            (0..font.glyph_count()).map(|glyph| thousandths(f64::from(font.advance(glyph))));
        cid.widths().consecutive(0, advances);
    }
    let (ascent, descent, capital) = font.heights();
    let bounds = font.bounds().map(|unit| thousandths(f64::from(unit)));
    pdf.font_descriptor(refs.descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(bounds[0], bounds[1], bounds[2], bounds[3]))
        .italic_angle(0.0)
        .ascent(thousandths(ascent.into()))
        .descent(thousandths(descent.into()))
        .cap_height(thousandths(capital.into()))
        .stem_v(80.0)
        .font_file2(refs.file);
    let file = deflated(font.bytes);
    {
        let mut stream = pdf.stream(refs.file, &file);
        stream.filter(Filter::FlateDecode);
        stream.pair(Name(b"Length1"), font.bytes.len() as i32);
    }
    let mut map = UnicodeCmap::<u16>::new(Name(b"Signloop"), SYSTEM);
    for (glyph, character) in font.characters() {
        map.pair(glyph, character);
    }
    pdf.cmap(refs.unicode, &map.finish());
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn content(scene: &Scene, font: &Font) -> Vec<u8> {
    let mut content = Content::new();
    // PDF counts upward from the foot of the page.
    let up = |y: f64| (scene.height - y) as f32;
    content.set_line_join(LineJoinStyle::RoundJoin);
    for item in &scene.items {
        match item {
            Item::Shape { points, closed, fill, stroke } => {
                let Some(((x, y), rest)) = points.split_first() else { continue };
                if let Some(colour) = fill {
                    let [red, green, blue] = channels(*colour);
                    content.set_fill_rgb(red, green, blue);
                }
                if let Some(stroke) = stroke {
                    set_stroke(&mut content, *stroke);
                }
                content.move_to(*x as f32, up(*y));
                for (x, y) in rest {
                    content.line_to(*x as f32, up(*y));
                }
                if *closed {
                    content.close_path();
                }
                match (fill, stroke) {
                    (Some(_), Some(_)) => content.fill_nonzero_and_stroke(),
                    (Some(_), None) => content.fill_nonzero(),
                    (None, Some(_)) => content.stroke(),
                    (None, None) => content.end_path(),
                };
            }
            Item::Text { at, text, align, angle, size, colour } => {
                let width = font.width(text, *size);
                let (sin, cos) = angle.to_radians().sin_cos();
                let back = match align {
                    Align::Start => 0.0,
                    Align::Middle => width / 2.0,
                    Align::End => width,
                };
                let [red, green, blue] = channels(*colour);
                let glyphs: Vec<u8> = text
                    .chars()
                    .flat_map(|character| font.glyph(character).to_be_bytes())
                    .collect();
                let start = ((at.0 - back * cos) as f32, up(at.1 + back * sin));
                content.begin_text().set_font(Name(b"F"), *size as f32);
                content.set_fill_rgb(red, green, blue);
                let (sin, cos) = (rounded(sin), rounded(cos));
                content.set_text_matrix([cos, sin, -sin, cos, start.0, start.1]);
                content.show(Str(&glyphs)).end_text();
            }
        }
    }
    content.finish().into_vec()
}

/// A sine or cosine to six digits, so that a right angle is exact on every machine.
fn rounded(value: f64) -> f32 {
    ((value * 1e6).round() / 1e6) as f32
}

fn channels(Colour(red, green, blue): Colour) -> [f32; 3] {
    // Three digits tell 256 levels apart and keep the file short.
    [red, green, blue].map(|channel| (f32::from(channel) / 255.0 * 1000.0).round() / 1000.0)
}

fn set_stroke(content: &mut Content, stroke: Stroke) {
    let [red, green, blue] = channels(stroke.colour);
    content.set_stroke_rgb(red, green, blue).set_line_width(stroke.width as f32);
    content.set_dash_pattern(stroke.dashes.iter().map(|dash| *dash as f32), 0.0);
}
