//! Times of `signloop measure --format json`, summed over layers.

use serde_json::Value;

use crate::{
    Result,
    diagnostics::Problem,
    plot::{BarFigure, Content, Figure, Input, Layout, Series},
    quant::Scheme,
};

/// Sum of the fastest times of one scheme with one kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// Scheme.
    pub scheme: Scheme,
    /// Method that was compiled.
    pub method: String,
    /// Activation type: `fp32`, `u8`.
    pub activations: String,
    /// Layers summed.
    pub layers: usize,
    /// Sum of their fastest times.
    pub time_us: f64,
}

/// What a file of measurements says.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The processor.
    pub machine: String,
    /// One sum a scheme, method and activation type, in file order.
    pub sums: Vec<Sum>,
}

/// Reads the file.
///
/// # Errors
/// It is not JSON of that form, or holds no rows.
pub fn read(input: &Input) -> Result<Measured, Problem> {
    let wrong = |message: String| {
        Problem::new(message)
            .in_file(&input.name())
            .hint("make one with `signloop measure --format json --out FILE`")
    };
    let document: Value = serde_json::from_slice(&input.bytes)
        .map_err(|error| wrong(format!("the file is not JSON: {error}")))?;
    let rows = document.get("layers").and_then(Value::as_array);
    let rows = rows.ok_or_else(|| wrong("the file has no `layers`".to_owned()))?;
    let mut sums: Vec<Sum> = Vec::new();
    for row in rows {
        let text = |key: &str| {
            row.get(key)
                .and_then(Value::as_str)
                .ok_or_else(|| wrong(format!("a row has no `{key}`")))
        };
        let scheme: Scheme = text("scheme")?.parse()?;
        let method = text("method")?.to_owned();
        let activations = match &row["activations"] {
            Value::String(name) => name.clone(),
            other => match other["unsigned"]["bits"].as_u64() {
                Some(bits) => format!("u{bits}"),
                None => return Err(wrong("a row has no `activations`".to_owned())),
            },
        };
        let time_us = row["min_us"]
            .as_f64()
            .filter(|time| time.is_finite() && *time > 0.0)
            .ok_or_else(|| wrong("a row has no `min_us` above zero".to_owned()))?;
        let same = |sum: &&mut Sum| {
            sum.scheme == scheme && sum.method == method && sum.activations == activations
        };
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.layers += 1;
                sum.time_us += time_us;
            }
            None => sums.push(Sum { scheme, method, activations, layers: 1, time_us }),
        }
    }
    if sums.is_empty() {
        return Err(wrong("the file has no rows".to_owned()));
    }
    let machine = document["machine"]["processor"].as_str().unwrap_or("an unnamed processor");
    Ok(Measured { machine: machine.to_owned(), sums })
}

impl Measured {
    /// The fastest kernel of a scheme, at the activations of the published figures (fp32) or else
    /// those of the first row. A dense fp32 product knows no scheme and is left out.
    fn best(&self, scheme: Scheme) -> Option<&Sum> {
        let fp32 = self.sums.iter().any(|sum| sum.activations == "fp32");
        let wanted = if fp32 { "fp32" } else { self.sums.first()?.activations.as_str() };
        self.sums
            .iter()
            .filter(|sum| sum.scheme == scheme && sum.activations == wanted)
            .filter(|sum| !sum.method.starts_with("gemm"))
            .min_by(|a, b| a.time_us.total_cmp(&b.time_us))
    }

    /// Time of one scheme over that of another, and what was compared; nothing unless both cover
    /// equally many layers.
    #[must_use]
    pub fn ratio(&self, slow: Scheme, fast: Scheme) -> Option<(f64, String)> {
        let (slow, fast) = (self.best(slow)?, self.best(fast)?);
        let name = |sum: &Sum| format!("{} {} {}", sum.scheme, sum.method, sum.activations);
        let pair = format!("{} over {}, {} layers", name(slow), name(fast), slow.layers);
        (slow.layers == fast.layers).then(|| (slow.time_us / fast.time_us, pair))
    }

    /// Bars by scheme, one colour a kernel and activation type.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let mut schemes: Vec<Scheme> = self.sums.iter().map(|sum| sum.scheme).collect();
        schemes.sort_unstable();
        schemes.dedup();
        let mut series: Vec<Series> = Vec::new();
        for sum in &self.sums {
            let name = format!("{} {}", sum.method, sum.activations);
            let index = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
                series.push(Series { name, values: vec![0.0; schemes.len()] });
                series.len() - 1
            });
            let category = schemes.iter().position(|own| *own == sum.scheme).unwrap_or_default();
            series[index].values[category] = sum.time_us;
        }
        Figure {
            id: "speed-up".to_owned(),
            caption: format!(
                "Measured time of the layers of the file, fastest run of each, summed; {}.",
                self.machine
            ),
            content: Content::Bars(BarFigure {
                axis: "measured time (µs)".to_owned(),
                unit: "us".to_owned(),
                layout: Layout::Grouped,
                categories: schemes.iter().map(ToString::to_string).collect(),
                series,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_kernels_of_equally_many_layers_are_compared() {
        let row = |scheme: &str, method: &str, time: f64| {
            format!(
                r#"{{"layer":"a","scheme":"{scheme}","method":"{method}","activations":"fp32","min_us":{time}}}"#
            )
        };
        let file = |rows: &[String]| Input {
            path: "m.json".into(),
            bytes: format!(r#"{{"layers":[{}]}}"#, rows.join(",")).into_bytes(),
        };
        let rows = [
            row("binary", "sum-merge", 3.0),
            row("binary", "zero-skip", 9.0),
            row("signed-binary", "sum-merge", 2.0),
            row("signed-binary", "gemm-fp32", 0.5),
        ];
        let measured = read(&file(&rows)).unwrap();
        let (ratio, _) = measured.ratio(Scheme::Binary, Scheme::SignedBinary).unwrap();
        assert!((ratio - 1.5).abs() < 1e-12);
        assert_eq!(measured.ratio(Scheme::Ternary, Scheme::SignedBinary), None);
        // Two layers against one are no comparison.
        let more = [rows.as_slice(), &[row("binary", "sum-merge", 1.0)]].concat();
        assert_eq!(read(&file(&more)).unwrap().ratio(Scheme::ZeroOne, Scheme::Binary), None);
        assert!(read(&file(&[])).is_err());
        assert!(read(&file(&[row("binary", "x", -1.0)])).is_err());
    }
}
