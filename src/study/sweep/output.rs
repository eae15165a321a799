//! The form of a sweep's finished file, told by its name: CSV, or Parquet for `.parquet`.

use std::path::Path;

use signloop_base::{Result, diagnostics::Problem};

/// How rows are kept when all are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Parquet,
}

impl Form {
    /// The form of a file.
    ///
    /// # Errors
    /// It is Parquet, and this build cannot write that.
    pub(super) fn of(out: &Path) -> Result<Self> {
        let kind = out.extension().and_then(|extension| extension.to_str());
        if kind != Some("parquet") {
            return Ok(Self::Csv);
        }
        if cfg!(feature = "parquet") {
            return Ok(Self::Parquet);
        }
        Err(Problem::new("this build writes no Parquet")
            .in_file(&out.display().to_string())
            .hint("build with `--features parquet`, or name a `.csv` file")
            .into())
    }
}

/// Writes the rows of a CSV file as Parquet; returns bytes and XXH3 of the new file.
///
/// # Errors
/// As [`Form::of`], or the files cannot be read or written.
pub(super) fn to_parquet(rows: &Path, out: &Path) -> Result<(u64, String)> {
    #[cfg(feature = "parquet")]
    return super::parquet::convert(rows, out);
    #[cfg(not(feature = "parquet"))]
    {
        let _ = rows;
        Form::of(out).and_then(|_| Err(Problem::new("no Parquet file is named").into()))
    }
}
