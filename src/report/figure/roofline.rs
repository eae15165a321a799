//! Adds a second against adds a byte of memory traffic (Williams, Waterman and Patterson 2009).

use serde_json::Value;

use super::{
    Choice, Input,
    json::{list, missing, number, report, text},
    single,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_machine::{self as arch, CpuArch};
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};

/// One point a layer, one series a scheme and method, under the roofs of one core.
pub(super) fn roofline(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "roofline")?;
    let report = report(input)?;
    let missing = |key: String| missing(input, &key);
    let name = text(&report, "arch").map_err(missing)?;
    let loaded;
    let machine = match &choice.arch {
        Some(arch) if arch.name == name => arch,
        Some(arch) => {
            let message = format!("the report is of `{name}`, not of `{}`", arch.name);
            return Err(Problem::new(message).in_file(&input.name()).into());
        }
        None => {
            loaded = arch::load(std::path::Path::new(&name)).map_err(|_| {
                Problem::new(format!("the machine `{name}` of the report is not a shipped one"))
                    .in_file(&input.name())
                    .hint("give its description with --arch FILE")
            })?;
            &loaded
        }
    };
    let mut series = layer_points(input, &report, choice)?;
    let points = || series.iter().flat_map(|series| &series.points);
    let least = points().map(|point| point.x).fold(f64::INFINITY, f64::min);
    let most = points().map(|point| point.x).fold(0.0, f64::max);
    if least < most.max(f64::MIN_POSITIVE) || least == most {
        series.extend(roofs(machine, least / 2.0, most * 2.0));
    }
    Ok(Figure {
        id: "roofline".to_owned(),
        caption: format!(
            "Roofline of one core of {name}: modelled adds per second of each quantised layer of {} \
             against adds per byte of DRAM traffic. The flat roofs are the vector adds at 8, 16 and \
             32 bits; the slope is the memory bandwidth of one core.",
            text(&report, "workload").map_err(missing)?
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("operational intensity (adds per DRAM byte)", "adds_per_dram_byte"),
            y: Axis::log("performance (Gadd/s)", "gadd_per_s"),
            series,
        }),
    })
}

/// The chosen layers at adds a byte and adds a second, one series a scheme and method.
fn layer_points(input: &Input, report: &Value, choice: &Choice) -> Result<Vec<PointSeries>> {
    let missing = |key: String| missing(input, &key);
    let mut series: Vec<PointSeries> = Vec::new();
    for layer in list(report, "layers").map_err(missing)? {
        let layer_name = text(layer, "name").map_err(missing)?;
        for result in list(layer, "results").map_err(missing)? {
            let wanted = |names: &[String], key: &str| {
                names.is_empty() || names.iter().any(|name| result[key] == name.as_str())
            };
            // Popcounts are no adds, and fp32 layers have another roof.
            if result["scheme"] == "fp32"
                || result["method"] == "bit-packed"
                || !wanted(&choice.schemes, "scheme")
                || !wanted(&choice.methods, "method")
            {
                continue;
            }
            let adds = number(result, "ops.adds_total").map_err(missing)?;
            let time_us = number(result, "time_us").map_err(missing)?;
            let mut bytes = 0.0;
            for row in list(result, "traffic").map_err(missing)? {
                if row["level"] == "DRAM" {
                    bytes += number(row, "read_bytes").map_err(missing)?
                        + number(row, "write_bytes").map_err(missing)?;
                }
            }
            // A layer that touches no memory, or adds nothing, has no place under the roof.
            if adds <= 0.0 || bytes <= 0.0 || time_us <= 0.0 {
                continue;
            }
            let scheme = text(result, "scheme").map_err(missing)?;
            let pair = format!("{scheme} {}", text(result, "method").map_err(missing)?);
            let mut point = DataPoint::at(adds / bytes, adds / time_us / 1e3);
            point.label = if choice.layers.contains(&layer_name) {
                layer_name.clone()
            } else {
                String::new()
            };
            match series.iter_mut().find(|series| series.name == pair) {
                Some(series) => series.points.push(point),
                None => series.push(PointSeries {
                    name: pair,
                    points: vec![point],
                    marks: Marks::Markers,
                }),
            }
        }
    }
    Ok(series)
}

/// min(peak, bandwidth × intensity) for the three widths of partial sums.
fn roofs(machine: &CpuArch, least: f64, most: f64) -> Vec<PointSeries> {
    let core = &machine.core;
    let bandwidth = machine.dram.single_core_gb_s.value;
    [
        (8.0, core.int8_add_per_cycle.value),
        (16.0, core.int16_add_per_cycle.value),
        (32.0, core.int32_add_per_cycle.value),
    ]
    .into_iter()
    .map(|(bits, per_cycle)| {
        let lanes = core.simd_bits.value as f64 / bits;
        let peak = per_cycle * lanes * core.clock_ghz.value;
        let ridge = (peak / bandwidth).clamp(least, most);
        let at = |x: f64| DataPoint::at(x, peak.min(bandwidth * x));
        PointSeries {
            name: format!("roof at {bits} bits"),
            points: vec![at(least), at(ridge), at(most)],
            marks: Marks::Reference,
        }
    })
    .collect()
}
