//! All files of a figure.

use std::path::{Path, PathBuf};

use super::{
    data::{Figure, Provenance},
    draw::draw,
    export::{csv, tex},
    paint::{pdf, png, svg},
    style::{Column, Style},
};
use signloop_base::{Result, files::write_together, text::harmless};

/// This tool and its version.
pub const TOOL: &str = concat!("signloop ", env!("CARGO_PKG_VERSION"));

/// The hash of an input's content, as written into figures.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}

/// Name and content of every file of a figure: SVG, PDF, PNG, CSV and TeX. Equal input gives
/// equal bytes.
///
/// # Errors
/// As [`draw`](super::draw), and of [`Figure::check`].
pub fn files(
    figure: &Figure,
    style: Style,
    column: Column,
    provenance: &Provenance,
) -> Result<Vec<(String, Vec<u8>)>> {
    figure.check()?;
    let scene = draw(figure, style, column)?;
    let caption = figure.caption.as_str();
    let files = [
        ("svg", harmless(svg(&scene, caption, provenance)).into_bytes()),
        ("pdf", pdf(&scene, caption, provenance)),
        ("png", png(&scene, caption, provenance)),
        ("csv", harmless(csv(figure, provenance)).into_bytes()),
        ("tex", harmless(tex(figure, style, column, provenance)).into_bytes()),
    ];
    let name = |extension| format!("{}.{extension}", figure.id);
    Ok(files.into_iter().map(|(extension, bytes)| (name(extension), bytes)).collect())
}

/// Writes files into a folder, all or none; returns their paths.
///
/// # Errors
/// The folder cannot be made or written, or a file may not be written.
pub fn write_all(folder: &Path, files: Vec<(String, Vec<u8>)>) -> Result<Vec<PathBuf>> {
    let files: Vec<(PathBuf, Vec<u8>)> =
        files.into_iter().map(|(name, bytes)| (folder.join(name), bytes)).collect();
    write_together(Some(folder), &files)?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}
