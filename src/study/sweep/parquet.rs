//! The rows of a finished sweep as Parquet, a row group at a time.
//!
//! Rows are journalled as CSV whatever the output, so that a killed run goes on; what this makes of
//! them depends on the rows alone. Columns are typed by name: counts are INT64 (unsigned), numbers
//! DOUBLE, the rest UTF-8; an empty field is null.

use std::{
    fs::File,
    io::{BufReader, Read, Write},
    path::Path,
    sync::Arc,
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{Type, TypePtr},
};
use xxhash_rust::xxh3::Xxh3;

use super::row::{Kind, kind_of};
use signloop_base::{Error, Result, files::write_atomically_with};

/// Rows of a group: what is held in memory at once.
const GROUP_ROWS: usize = 1 << 16;

/// Writes the rows of a CSV file of a sweep as Parquet; returns bytes and XXH3 of the new file.
///
/// # Errors
/// The rows cannot be read, or the file cannot be written.
pub(super) fn convert(rows: &Path, out: &Path) -> Result<(u64, String)> {
    let failed = |error: ParquetError| Error::io("write", out, std::io::Error::other(error));
    let broken = |error| Error::io("read", rows, error);
    let file = File::open(rows).map_err(broken)?;
    let mut records = Records { bytes: BufReader::with_capacity(1 << 16, file).bytes() };
    let names = records.next().map_err(broken)?.unwrap_or_default();
    let kinds: Vec<Kind> = names.iter().map(|name| kind_of(name)).collect();
    let schema = schema(&names, &kinds).map_err(failed)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    write_atomically_with(out, |file| {
        let hashing = Hashing { file, hasher: Box::new(Xxh3::new()), bytes: 0 };
        let mut writer =
            SerializedFileWriter::new(hashing, schema, properties.into()).map_err(failed)?;
        let mut columns: Vec<Column> = kinds.iter().map(|kind| Column::new(*kind)).collect();
        loop {
            let mut rows = 0;
            while rows < GROUP_ROWS
                && let Some(record) = records.next().map_err(broken)?
            {
                for (column, field) in columns.iter_mut().zip(&record) {
                    column.push(field);
                }
                rows += 1;
            }
            if rows == 0 {
                break;
            }
            let mut group = writer.next_row_group().map_err(failed)?;
            write_group(&mut group, &mut columns).map_err(failed)?;
            group.close().map_err(failed)?;
        }
        let Hashing { hasher, bytes, .. } = writer.into_inner().map_err(failed)?;
        Ok((bytes, format!("{:016x}", hasher.digest())))
    })
}

fn schema(names: &[String], kinds: &[Kind]) -> Result<TypePtr, ParquetError> {
    let fields = names.iter().zip(kinds).map(|(name, kind)| {
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Count => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Kind::Number => (Physical::DOUBLE, None),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_logical_type(logical)
            .with_repetition(Repetition::OPTIONAL);
        Ok(Arc::new(field.build()?))
    });
    let fields = fields.collect::<Result<_, ParquetError>>()?;
    Ok(Arc::new(Type::group_type_builder("sweep").with_fields(fields).build()?))
}

fn write_group<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    columns: &mut [Column],
) -> Result<(), ParquetError> {
    for column in columns {
        let mut writer =
            group.next_column()?.ok_or_else(|| ParquetError::General("a column more".into()))?;
        column.write(writer.untyped())?;
        writer.close()?;
    }
    Ok(())
}

/// The values of one column of a group; `present` is 0 for null.
struct Column {
    values: Values,
    present: Vec<i16>,
}

enum Values {
    Texts(Vec<ByteArray>),
    Counts(Vec<i64>),
    Numbers(Vec<f64>),
}

impl Column {
    fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text => Values::Texts(Vec::new()),
            Kind::Count => Values::Counts(Vec::new()),
            Kind::Number => Values::Numbers(Vec::new()),
        };
        Self { values, present: Vec::new() }
    }

    fn push(&mut self, field: &str) {
        let present = match &mut self.values {
            _ if field.is_empty() => false,
            Values::Texts(texts) => {
                texts.push(field.as_bytes().to_vec().into());
                true
            }
            Values::Counts(counts) => {
                // Parquet keeps unsigned integers in the bits of signed ones.
                field.parse::<u64>().map(|count| counts.push(count.cast_signed())).is_ok()
            }
            Values::Numbers(numbers) => field.parse().map(|number| numbers.push(number)).is_ok(),
        };
        self.present.push(i16::from(present));
    }

    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = Some(self.present.as_slice());
        match (&mut self.values, writer) {
            (Values::Texts(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Counts(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Numbers(values), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            _ => return Err(ParquetError::General("a column of another type".into())),
        }
        self.present.clear();
        Ok(())
    }
}

/// CSV records as [`quoted`](crate::report::quoted) writes their fields.
struct Records<R> {
    bytes: std::io::Bytes<R>,
}

impl<R: Read> Records<R> {
    /// The next record, if there is one.
    fn next(&mut self) -> std::io::Result<Option<Vec<String>>> {
        let (mut fields, mut field) = (Vec::new(), Vec::new());
        // Inside quotes, and just after a quote there: it ends them, or is the first of two.
        let (mut quoted, mut closing) = (false, false);
        while let Some(byte) = self.bytes.next().transpose()? {
            match byte {
                b'"' if quoted && !closing => closing = true,
                b'"' if closing => {
                    field.push(b'"');
                    closing = false;
                }
                other if quoted && !closing => field.push(other),
                b'"' => quoted = true,
                b',' | b'\n' => {
                    let text = String::from_utf8_lossy(&std::mem::take(&mut field)).into_owned();
                    fields.push(text);
                    (quoted, closing) = (false, false);
                    if byte == b'\n' {
                        return Ok(Some(fields));
                    }
                }
                other => field.push(other),
            }
        }
        Ok(None)
    }
}

/// A file whose content is hashed as it is written.
struct Hashing<W> {
    file: W,
    hasher: Box<Xxh3>,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quoted;

    #[test]
    fn what_is_quoted_reads_back() {
        let fields = ["", "plain", "a,b", "say \"hi\"", "\"", "two\nlines", "[1, 2]", "\"\","];
        let line = fields.map(quoted).join(",") + "\n";
        let twice = line.repeat(2);
        let mut records = Records { bytes: twice.as_bytes().bytes() };
        for _ in 0..2 {
            assert_eq!(records.next().unwrap().unwrap(), fields);
        }
        assert!(records.next().unwrap().is_none());
    }
}
