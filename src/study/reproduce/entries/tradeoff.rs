//! Ops and distinct kernels while the density goes from none to all.

use crate::report::figure::tradeoff_figures;
use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::{QuantizedTensor, Scheme, weight_stats};
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};

pub(super) fn tradeoff(context: &Context) -> Result<Outcome> {
    let shape = context.convolution(64, 64, 3)?;
    let steps: u32 = if context.quick { 20 } else { 40 };
    let dense = shape.dense_macs() as f64;
    let measure = |tensor: &QuantizedTensor| -> Result<(f64, f64)> {
        let adds = context.counts("sum-merge", &shape, tensor)?.adds as f64;
        Ok((adds / dense, weight_stats(tensor).kernels.distinct as f64))
    };
    let mut table = Table::new(
        "[3,3,64,64], sum-merge",
        &["weights", "density", "adds", "dense MACs / adds", "distinct 3×3 kernels"],
    );
    let mut row = |name: &str, density: f64, (share, distinct): (f64, f64)| {
        let reduction = if share > 0.0 { number(1.0 / share) } else { "no adds".to_owned() };
        table.row([
            name.to_owned(),
            format!("{density:.2}"),
            number(share * dense),
            reduction,
            number(distinct),
        ]);
    };
    let mut ops = Vec::new();
    let mut kernels = Vec::new();
    let mut worst = (0.0, 0.0);
    for (scheme, name) in
        [(Scheme::SignedBinary, "signed-binary, {0,1}"), (Scheme::Ternary, "ternary")]
    {
        let (mut shares, mut distinct) = (Vec::new(), Vec::new());
        for step in 0..=steps {
            let density = f64::from(step) / f64::from(steps);
            let found = measure(&context.random(scheme, &shape, density, 1)?)?;
            if step % (steps / 4) == 0 {
                row(name, density, found);
            }
            if scheme == Scheme::SignedBinary && found.0 > worst.1 {
                worst = (density, found.0);
            }
            shares.push(DataPoint::at(density, found.0));
            distinct.push(DataPoint::at(density, found.1));
        }
        let line =
            |points| PointSeries { name: name.to_owned(), points, marks: Marks::LineAndMarkers };
        ops.push(line(shares));
        kernels.push(line(distinct));
    }
    let binary = measure(&context.random(Scheme::Binary, &shape, 1.0, 1)?)?;
    row("binary", 1.0, binary);
    let zero = measure(&context.random(Scheme::SignedBinary, &shape, 0.0, 1)?)?;
    let equal = measure(&context.random(Scheme::SignedBinary, &shape, 1.0, 1)?)?;
    let named = |y: f64| {
        vec![PointSeries {
            name: "binary".to_owned(),
            points: vec![DataPoint { label: "binary".to_owned(), ..DataPoint::at(1.0, y) }],
            marks: Marks::Markers,
        }]
    };
    for (series, corner) in [(&mut ops, false), (&mut kernels, true)] {
        for (index, label) in [(0, "all zero"), (steps as usize, "all equal")] {
            series[0].points[index].label = label.to_owned();
        }
        series.extend(named(if corner { binary.1 } else { binary.0 }));
    }
    let mut figures =
        tradeoff_figures(ops, "[3,3,64,64], seeded i.i.d. weights, seed 1, sum-merge");
    figures.push(kernel_figure(kernels));
    let signed = measure(&context.random(Scheme::SignedBinary, &shape, 0.35, 1)?)?;
    let ternary = measure(&context.random(Scheme::Ternary, &shape, 0.5, 1)?)?;
    Ok(Outcome {
        claims: claims(&Found { dense, zero, equal, binary, signed, ternary, worst }),
        definition:
            "adds = two-input adds per output position by sum-merge; density = non-zero weights / \
                     all weights"
                .to_owned(),
        inputs: format!("seeded i.i.d. weights, seed 1, {} densities from 0 to 1", steps + 1),
        tables: vec![table],
        figures,
    })
}

fn kernel_figure(kernels: Vec<PointSeries>) -> Figure {
    Figure {
        id: "tradeoff-kernels".to_owned(),
        caption: "Distinct 3×3 kernels of the 4,096 of a [3,3,64,64] layer against density; seeded i.i.d. \
                  weights, seed 1."
            .to_owned(),
        content: Content::Points(PointFigure {
            x: Axis::from_zero("density", "density"),
            y: Axis::from_zero("distinct kernels", "distinct_kernels"),
            series: kernels,
        }),
    }
}

/// Shares of the dense MACs that are left as adds, with the distinct kernels, at the named points.
struct Found {
    dense: f64,
    zero: (f64, f64),
    equal: (f64, f64),
    binary: (f64, f64),
    signed: (f64, f64),
    ternary: (f64, f64),
    /// Density and share of the most adds of {0,1} weights.
    worst: (f64, f64),
}

fn claims(found: &Found) -> Vec<Claim> {
    vec![
        Claim::new(
            "improving repetition compromises sparsity and the reverse",
            "a trade-off",
            format!(
                "all zero: {} adds, {} kernel; all equal: {} adds, {} kernels",
                number(found.zero.0 * found.dense),
                found.zero.1,
                number(found.equal.0 * found.dense),
                found.equal.1
            ),
            Verdict::Refuted,
            "not as a law: the second reviewer is right that a layer of zeros has the most of both, and \
                 a layer of one value nearly so; it holds only among layers that carry information",
        ),
        Claim::new(
            "the all-zero layer is extremely sparse and extremely repetitive (second reviewer)",
            "0 adds, 1 kernel",
            format!("{} adds, {} kernel", number(found.zero.0 * found.dense), found.zero.1),
            if found.zero.0 == 0.0 && found.zero.1 == 1.0 {
                Verdict::Reproduced
            } else {
                Verdict::Refuted
            },
            "counted",
        ),
        Claim::new(
            "signed-binary is between: fewer ops than binary and than ternary",
            "8 / 4 / 6 adds, 5.3x / 6.65x / 4.52x",
            format!(
                "{} / {} / {} of the dense MACs left",
                number(found.binary.0),
                number(found.signed.0),
                number(found.ternary.0)
            ),
            if found.signed.0 < found.binary.0 && found.signed.0 < found.ternary.0 {
                Verdict::Reproduced
            } else {
                Verdict::Refuted
            },
            format!(
                "at density 0.35; the most adds of {{0,1}} weights lie at density {:.2}, where {} of \
                     the dense MACs are left",
                found.worst.0,
                number(found.worst.1)
            ),
        ),
    ]
}
