//! Times of `signloop measure --format json`, summed over layers.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{parse, text},
    ladder::Ladder,
    single,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_network::quant::Scheme;
use signloop_plot::{BarFigure, Content, Figure, Layout, Series};

/// How such a file is made.
const HINT: &str = "make one with `signloop measure --format json --out FILE`";

/// Bars by scheme, one colour a kernel and activation type.
pub(super) fn speed(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let keep =
        |names: &[String], own: &str| names.is_empty() || names.iter().any(|name| name == own);
    let mut measured = Measured::read(single(inputs, "speed")?)?;
    measured.rows.retain(|row| {
        keep(&choice.schemes, row.scheme.name())
            && keep(&choice.methods, &row.method)
            && keep(&choice.layers, &row.layer)
    });
    Ok(measured.figure("speed"))
}

/// Fastest time of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// Layer.
    pub layer: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Method that was compiled.
    pub method: String,
    /// Activation type: `fp32`, `u8`.
    pub activations: String,
    /// Fastest run.
    pub time_us: f64,
}

/// Times of one scheme with one kernel, summed over layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// Scheme.
    pub scheme: Scheme,
    /// Method that was compiled.
    pub method: String,
    /// Activation type.
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
    /// One row a layer, scheme, method and activation type, in file order.
    pub rows: Vec<Timed>,
}

impl Measured {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not JSON of that form, or holds no rows.
    pub fn read(input: &Input) -> Result<Self, Problem> {
        let wrong = |message: String| Problem::new(message).in_file(&input.name()).hint(HINT);
        let document = parse(input).map_err(|problem| problem.hint(HINT))?;
        let rows = document.get("layers").and_then(Value::as_array);
        let rows = rows.ok_or_else(|| wrong("the file has no `layers`".to_owned()))?;
        let rows =
            rows.iter().map(|row| read_row(row).map_err(wrong)).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Err(wrong("the file has no rows".to_owned()));
        }
        let machine = document["machine"]["processor"].as_str().unwrap_or("an unnamed processor");
        Ok(Self { machine: machine.to_owned(), rows })
    }

    /// One sum a scheme, method and activation type, in file order; over the layers that `keep`
    /// keeps.
    #[must_use]
    pub fn sums(&self, keep: impl Fn(&str) -> bool) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for row in self.rows.iter().filter(|row| keep(&row.layer)) {
            let same = |sum: &&mut Sum| {
                sum.scheme == row.scheme
                    && sum.method == row.method
                    && sum.activations == row.activations
            };
            match sums.iter_mut().find(same) {
                Some(sum) => {
                    sum.layers += 1;
                    sum.time_us += row.time_us;
                }
                None => sums.push(Sum {
                    scheme: row.scheme,
                    method: row.method.clone(),
                    activations: row.activations.clone(),
                    layers: 1,
                    time_us: row.time_us,
                }),
            }
        }
        sums
    }

    /// Names of the layers, in file order.
    #[must_use]
    pub fn layers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.layer.as_str()) {
                names.push(&row.layer);
            }
        }
        names
    }

    /// Time of one scheme over that of another on the layers that `keep` keeps, and what was
    /// compared; nothing unless both cover equally many layers. Each scheme has its fastest kernel
    /// at the activations of the published figures (fp32) or else those of the first row; a dense
    /// fp32 product knows no scheme and is left out.
    #[must_use]
    pub fn ratio(
        &self,
        slow: Scheme,
        fast: Scheme,
        keep: impl Fn(&str) -> bool,
    ) -> Option<(f64, String)> {
        let sums = self.sums(keep);
        let fp32 = sums.iter().any(|sum| sum.activations == "fp32");
        let wanted = if fp32 { "fp32" } else { sums.first()?.activations.as_str() };
        let best = |scheme: Scheme| {
            sums.iter()
                .filter(|sum| sum.scheme == scheme && sum.activations == wanted)
                .filter(|sum| !sum.method.starts_with("gemm"))
                .min_by(|a, b| a.time_us.total_cmp(&b.time_us))
        };
        let (slow, fast) = (best(slow)?, best(fast)?);
        let name = |sum: &Sum| format!("{} {} {}", sum.scheme, sum.method, sum.activations);
        let layers = if slow.layers == 1 { "layer" } else { "layers" };
        let pair = format!("{} over {}, {} {layers}", name(slow), name(fast), slow.layers);
        (slow.layers == fast.layers).then(|| (slow.time_us / fast.time_us, pair))
    }

    /// Bars by scheme, one colour a kernel and activation type.
    #[must_use]
    pub fn figure(&self, id: &str) -> Figure {
        let sums = self.sums(|_| true);
        let mut schemes: Vec<Scheme> = sums.iter().map(|sum| sum.scheme).collect();
        schemes.sort_unstable();
        schemes.dedup();
        let mut series: Vec<Series> = Vec::new();
        for sum in &sums {
            let name = format!("{} {}", sum.method, sum.activations);
            let index = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
                series.push(Series { name, values: vec![0.0; schemes.len()] });
                series.len() - 1
            });
            let category = schemes.iter().position(|own| *own == sum.scheme).unwrap_or_default();
            series[index].values[category] = sum.time_us;
        }
        let (unit, word) = Ladder::TIME_US.scale(Layout::Grouped, &mut series);
        Figure {
            id: id.to_owned(),
            caption: format!(
                "Measured time of {} layers, fastest run of each, summed; {}.",
                self.layers().len(),
                self.machine
            ),
            content: Content::Bars(BarFigure {
                axis: format!("measured time{word}"),
                unit: unit.to_owned(),
                layout: Layout::Grouped,
                categories: schemes.iter().map(ToString::to_string).collect(),
                series,
            }),
        }
    }
}

fn read_row(row: &Value) -> Result<Timed, String> {
    let text = |key: &str| text(row, key).map_err(|key| format!("a row has no `{key}`"));
    let scheme = text("scheme")?;
    let activations = match &row["activations"] {
        Value::String(name) => name.clone(),
        other => match other["unsigned"]["bits"].as_u64() {
            Some(bits) => format!("u{bits}"),
            None => return Err("a row has no `activations`".to_owned()),
        },
    };
    let time_us = row["min_us"]
        .as_f64()
        .filter(|time| time.is_finite() && *time > 0.0)
        .ok_or("a row has no `min_us` above zero")?;
    Ok(Timed {
        layer: text("layer")?,
        scheme: scheme.parse().map_err(|_| format!("a row has the unknown scheme `{scheme}`"))?,
        method: text("method")?,
        activations,
        time_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_kernels_of_equally_many_layers_are_compared() {
        let row = |layer: &str, scheme: &str, method: &str, time: f64| {
            format!(
                r#"{{"layer":"{layer}","scheme":"{scheme}","method":"{method}","activations":"fp32","min_us":{time}}}"#
            )
        };
        let file = |rows: &[String]| Input {
            path: "m.json".into(),
            bytes: format!(r#"{{"layers":[{}]}}"#, rows.join(",")).into_bytes(),
        };
        let rows = [
            row("a", "binary", "sum-merge", 3.0),
            row("a", "binary", "zero-skip", 9.0),
            row("a", "signed-binary", "sum-merge", 2.0),
            row("a", "signed-binary", "gemm-fp32", 0.5),
        ];
        let measured = Measured::read(&file(&rows)).unwrap();
        let (ratio, _) = measured.ratio(Scheme::Binary, Scheme::SignedBinary, |_| true).unwrap();
        assert!((ratio - 1.5).abs() < 1e-12);
        assert_eq!(measured.ratio(Scheme::Ternary, Scheme::SignedBinary, |_| true), None);
        // Two layers against one are no comparison.
        let more = [rows.as_slice(), &[row("b", "binary", "sum-merge", 1.0)]].concat();
        let more = Measured::read(&file(&more)).unwrap();
        let (binary, signed) = (Scheme::Binary, Scheme::SignedBinary);
        assert_eq!(more.ratio(binary, signed, |_| true), None);
        let (ratio, _) = more.ratio(binary, signed, |layer| layer == "a").unwrap();
        assert!((ratio - 1.5).abs() < 1e-12);
        assert_eq!(more.layers(), ["a", "b"]);
        assert!(Measured::read(&file(&[])).is_err());
        assert!(Measured::read(&file(&[row("a", "binary", "x", -1.0)])).is_err());
    }
}
