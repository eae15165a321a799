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
    figures.push(Figure {
        id: "tradeoff-kernels".to_owned(),
        caption: "Distinct 3×3 kernels of the 4,096 of a [3,3,64,64] layer against density; seeded i.i.d. \
                  weights, seed 1."
            .to_owned(),
        content: Content::Points(PointFigure {
            x: Axis::from_zero("density", "density"),
            y: Axis::from_zero("distinct kernels", "distinct_kernels"),
            series: kernels,
        }),
    });
    let signed = measure(&context.random(Scheme::SignedBinary, &shape, 0.35, 1)?)?;
    let ternary = measure(&context.random(Scheme::Ternary, &shape, 0.5, 1)?)?;
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "improving repetition compromises sparsity and the reverse",
                "a trade-off",
                format!(
                    "all zero: {} adds, {} kernel; all equal: {} adds, {} kernels",
                    number(zero.0 * dense),
                    zero.1,
                    number(equal.0 * dense),
                    equal.1
                ),
                Verdict::Refuted,
                "not as a law: the second reviewer is right that a layer of zeros has the most of both, and \
                 a layer of one value nearly so; it holds only among layers that carry information",
            ),
            Claim::new(
                "the all-zero layer is extremely sparse and extremely repetitive (second reviewer)",
                "0 adds, 1 kernel",
                format!("{} adds, {} kernel", number(zero.0 * dense), zero.1),
                if zero.0 == 0.0 && zero.1 == 1.0 { Verdict::Reproduced } else { Verdict::Refuted },
                "counted",
            ),
            Claim::new(
                "signed-binary is between: fewer ops than binary and than ternary",
                "8 / 4 / 6 adds, 5.3x / 6.65x / 4.52x",
                format!(
                    "{} / {} / {} of the dense MACs left",
                    number(binary.0),
                    number(signed.0),
                    number(ternary.0)
                ),
                if signed.0 < binary.0 && signed.0 < ternary.0 {
                    Verdict::Reproduced
                } else {
                    Verdict::Refuted
                },
                format!(
                    "at density 0.35; the most adds of {{0,1}} weights lie at density {:.2}, where {} of \
                     the dense MACs are left",
                    worst.0,
                    number(worst.1)
                ),
            ),
        ],
        definition:
            "adds = two-input adds per output position by sum-merge; density = non-zero weights / \
                     all weights"
                .to_owned(),
        inputs: format!("seeded i.i.d. weights, seed 1, {} densities from 0 to 1", steps + 1),
        tables: vec![table],
        figures,
    })
}
