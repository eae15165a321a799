//! Small CSV tables: comment lines with `#`, a header, then rows.

use super::Input;
use signloop_base::diagnostics::{Problem, Problems, SourceFile};

/// Most rows read: a figure with more is a smear.
const MAX_ROWS: usize = 1_000_000;

/// A table as read.
pub(super) struct Table {
    file: SourceFile,
    header: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    fields: Vec<String>,
    /// Bytes of the row in the file.
    start: usize,
    end: usize,
}

impl Table {
    /// Reads a file; every row that does not fit the header is a problem.
    pub(super) fn read(input: &Input) -> Result<Self, Problems> {
        let file = SourceFile::new(input.name(), input.text()?);
        let mut problems = Problems::new();
        let mut header: Option<Vec<String>> = None;
        let mut rows = Vec::new();
        let mut start = 0;
        for line in file.text().split_inclusive('\n') {
            let end = start + line.trim_end().len();
            let fields =
                (!line.trim().is_empty() && !line.starts_with('#')).then(|| split(line.trim_end()));
            match (fields, &header) {
                (None, _) => {}
                (Some(fields), None) => header = Some(fields),
                (Some(fields), Some(names)) if fields.len() != names.len() => {
                    let (expected, found) = (names.len(), fields.len());
                    problems.push(
                        Problem::new(format!("expected {expected} fields, found {found}")).at(
                            &file,
                            start..end,
                            "this row",
                        ),
                    );
                    // One is told, a thousand are noise.
                    if problems.iter().count() == 10 {
                        return Err(problems);
                    }
                }
                (Some(_), Some(_)) if rows.len() == MAX_ROWS => {
                    let message = format!("the table has more than {MAX_ROWS} rows");
                    return Err(Problem::new(message).in_file(file.name()).into());
                }
                (Some(fields), Some(_)) => rows.push(Row { fields, start, end }),
            }
            start += line.len();
        }
        let header = header.unwrap_or_default();
        if rows.is_empty() && problems.is_empty() {
            let problem = Problem::new("the table has no rows").in_file(file.name());
            problems.push(problem.hint("expected a header line and at least one row"));
        }
        problems.into_result(Self { file, header, rows })
    }

    /// The index of a column.
    pub(super) fn column(&self, name: &str) -> Result<usize, Problem> {
        self.header.iter().position(|own| own == name).ok_or_else(|| {
            let problem = Problem::new(format!("the table has no column `{name}`"))
                .in_file(self.file.name())
                .hint(format!("it has `{}`", self.header.join("`, `")));
            problem.did_you_mean(name, self.header.iter().map(String::as_str))
        })
    }

    /// The words of a column.
    pub(super) fn words(&self, name: &str) -> Result<Vec<&str>, Problem> {
        let column = self.column(name)?;
        Ok(self.rows.iter().map(|row| row.fields[column].as_str()).collect())
    }

    /// The words of a column that may be absent; then all are empty.
    pub(super) fn optional_words(&self, name: &str) -> Vec<&str> {
        self.words(name).unwrap_or_else(|_| vec![""; self.rows.len()])
    }

    /// The numbers of a column; nothing where the field is empty. Every other field is a problem.
    pub(super) fn optional_numbers(&self, name: &str) -> Result<Vec<Option<f64>>, Problems> {
        let column = self.column(name)?;
        let mut problems = Problems::new();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            match row.fields[column].as_str() {
                "" => numbers.push(None),
                field => match field.parse::<f64>() {
                    Ok(number) if number.is_finite() => numbers.push(Some(number)),
                    _ => {
                        let message =
                            format!("`{name}` must be a number or empty, found `{field}`");
                        let span = row.start..row.end;
                        problems.push(Problem::new(message).at(&self.file, span, "in this row"));
                        if problems.iter().count() == 10 {
                            break;
                        }
                    }
                },
            }
        }
        problems.into_result(numbers)
    }

    /// The finite numbers of a column; every other field is a problem.
    pub(super) fn numbers(&self, name: &str, above_zero: bool) -> Result<Vec<f64>, Problems> {
        let column = self.column(name)?;
        let mut problems = Problems::new();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let field = row.fields[column].as_str();
            match field.parse::<f64>() {
                Ok(number) if number.is_finite() && (!above_zero || number > 0.0) => {
                    numbers.push(number);
                }
                _ => {
                    let wanted = if above_zero { "a number above zero" } else { "a number" };
                    let problem =
                        Problem::new(format!("`{name}` must be {wanted}, found `{field}`"));
                    problems.push(problem.at(&self.file, row.start..row.end, "in this row"));
                    if problems.iter().count() == 10 {
                        break;
                    }
                }
            }
        }
        problems.into_result(numbers)
    }
}

/// Fields of a line; a field in quotes may hold commas, and two quotes stand for one.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field_is_empty = fields.last().is_none_or(String::is_empty);
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut fields, '"');
            }
            '"' if quoted || field_is_empty => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => push(&mut fields, other),
        }
    }
    fields.into_iter().map(|field| field.trim().to_owned()).collect()
}

fn push(fields: &mut [String], character: char) {
    if let Some(field) = fields.last_mut() {
        field.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_and_quotes() {
        assert_eq!(split("a, b ,\"c,d\",\"e\"\"f\","), ["a", "b", "c,d", "e\"f", ""]);
    }

    #[test]
    fn comments_and_blank_lines_are_no_rows() {
        let bytes = b"# made by x\n\na,b\n1,2\n# between\n3,4\n".to_vec();
        let table = Table::read(&Input { path: "t.csv".into(), bytes }).unwrap();
        assert_eq!(table.numbers("b", true).unwrap(), [2.0, 4.0]);
        assert!(table.numbers("c", true).is_err());
    }
}
