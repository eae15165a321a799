//! Arithmetic reduction of the two layers of the thread.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::Scheme;
use signloop_plot::{BarFigure, Content, Figure, Layout, Series};

const DEFINITION: &str = "arithmetic reduction = dense MACs / two-input adds and subtracts, both per output \
    position; negating is free, the one scale multiply a filter is not counted. It is the definition that \
    comes nearest to all three published values of the small layer. `sum-merge` stands for the system that \
    the authors used (its code is not public): one sum per filter and non-zero value, the two with the \
    largest overlap merged, over the whole layer.";

const METHODS: [&str; 4] = ["zero-skip", "filter-repetition", "sum-merge", "shared-sum"];

/// Published reductions of [3,3,64,64], and the density that each scheme is drawn with.
const SMALL: [(Scheme, f64, f64); 3] =
    [(Scheme::Binary, 5.3, 1.0), (Scheme::SignedBinary, 6.65, 0.35), (Scheme::Ternary, 4.52, 0.5)];

pub(super) fn small_layer(context: &Context) -> Result<Outcome> {
    let shape = context.convolution(64, 64, 3)?;
    let seeds = if context.quick { 3 } else { 5 };
    let mut outcome = Outcome {
        definition: DEFINITION.to_owned(),
        inputs: format!(
            "seeded i.i.d. weights, seeds 1 to {seeds} (means; least and greatest in the table); density \
             1 (binary), 0.35 (signed-binary, the published one), 0.5 (ternary; the published density is \
             not known). The layer's trained weights are not published."
        ),
        ..Outcome::default()
    };
    let mut table = Table::new(
        "Arithmetic reduction of [3,3,64,64]",
        &["method", "binary 1.0", "signed-binary 0.35", "ternary 0.5"],
    );
    let mut merged = Vec::new();
    let mut series = vec![Series {
        name: "published".to_owned(),
        values: SMALL.iter().map(|(_, published, _)| *published).collect(),
    }];
    for method in METHODS {
        let mut fields = vec![method.to_owned()];
        let mut means = Vec::new();
        // The slowest of the four is deterministic to ±0.3 %: one seed is enough.
        let seeds = if method == "shared-sum" { 1 } else { seeds };
        for (scheme, _, density) in SMALL {
            let values: Vec<f64> = (1..=seeds)
                .map(|seed| {
                    let weights = context.random(scheme, &shape, density, seed)?;
                    context.reduction(method, &shape, &weights)
                })
                .collect::<Result<_>>()?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(0.0, f64::max);
            fields.push(format!("{mean:.2} ({low:.2}..{high:.2})"));
            means.push(mean);
        }
        table.row(fields);
        if method == "sum-merge" {
            merged.clone_from(&means);
        }
        series.push(Series { name: method.to_owned(), values: means });
    }
    for ((scheme, published, _), ours) in SMALL.iter().zip(&merged) {
        let what = format!("ops reduction of [3,3,64,64], {scheme}");
        outcome.claims.push(Claim::within(what, *published, *ours, &Tolerance::NUMBERS));
    }
    let ratios = [
        ("signed-binary over binary", 6.65 / 5.3, merged[1] / merged[0]),
        ("ternary over binary", 4.52 / 5.3, merged[2] / merged[0]),
    ];
    for (what, published, ours) in ratios {
        outcome.claims.push(Claim::within(what, published, ours, &Tolerance::NUMBERS));
    }
    outcome.tables.push(table);
    outcome.figures.push(Figure {
        id: "ops-table".to_owned(),
        caption: "Arithmetic reduction (dense MACs / adds) of a [3,3,64,64] layer: published, and counted \
                  on seeded i.i.d. weights of density 1, 0.35 and 0.5."
            .to_owned(),
        content: Content::Bars(BarFigure {
            axis: "dense MACs / adds".to_owned(),
            unit: "ratio".to_owned(),
            layout: Layout::Grouped,
            categories: SMALL.iter().map(|(scheme, _, _)| scheme.to_string()).collect(),
            series,
        }),
    });
    Ok(outcome)
}

/// Reproduced where a published reduction is reached but for the tolerance.
fn judged(ours: f64, published: f64) -> Verdict {
    if ours >= (1.0 - Tolerance::NUMBERS.share) * published {
        Verdict::Reproduced
    } else {
        Verdict::Refuted
    }
}

fn reached(ours: f64, published: f64) -> &'static str {
    if ours >= (1.0 - Tolerance::NUMBERS.share) * published {
        "comes within 10 %"
    } else {
        "stays more than 10 % below"
    }
}

pub(super) fn large_layer(context: &Context) -> Result<Outcome> {
    let shape = context.convolution(512, 512, 3)?;
    let reduction = |method: &str, scheme, density| {
        let weights = context.random(scheme, &shape, density, 1)?;
        context.reduction(method, &shape, &weights)
    };
    let signed = reduction("shared-sum", Scheme::SignedBinary, 0.35)?;
    let binary = reduction("shared-sum", Scheme::Binary, 1.0)?;
    let sparse = reduction("sum-merge", Scheme::SignedBinary, 0.16)?;
    let mut table = Table::new(
        "Arithmetic reduction of [3,3,512,512]",
        &["scheme", "density", "method", "dense MACs / adds", "2 dense MACs / adds"],
    );
    let mut row = |scheme: &str, density: &str, method: &str, value: f64| {
        let fields = [scheme, density, method].map(str::to_owned);
        table.row(fields.into_iter().chain([number(value), number(2.0 * value)]));
    };
    row("binary", "1.0", "shared-sum", binary);
    row("signed-binary", "0.35", "shared-sum", signed);
    row("signed-binary", "0.16", "sum-merge", sparse);
    let mut best = signed;
    if !context.quick {
        for (scheme, density) in [(Scheme::Binary, 1.0), (Scheme::SignedBinary, 0.35)] {
            let value = reduction("sum-merge", scheme, density)?;
            row(scheme.name(), &density.to_string(), "sum-merge", value);
            if scheme == Scheme::SignedBinary {
                best = best.max(value);
            }
        }
    }
    let claims = vec![
        Claim::new(
            "ops reduction of [3,3,512,512], signed-binary, at the published density 0.35",
            "14.51",
            number(best),
            judged(best, 14.51),
            format!("dense MACs / adds of the best method of the table {}", reached(best, 14.51)),
        ),
        Claim::new(
            "the same at density 0.16 (84 % sparsity)",
            "14.51",
            number(sparse),
            judged(sparse, 14.51),
            format!(
                "a layer with less than half of the published mean density {}",
                reached(sparse, 14.51)
            ),
        ),
        Claim::new(
            "\"up to a 15x reduction in operations\" of a binary network",
            "15",
            number(binary),
            judged(binary, 15.0),
            format!(
                "dense MACs / adds {}; counting a multiply and an add apart ({}) {}",
                reached(binary, 15.0),
                number(2.0 * binary),
                reached(2.0 * binary, 15.0)
            ),
        ),
    ];
    Ok(Outcome {
        claims,
        definition: DEFINITION.to_owned(),
        inputs: "seeded i.i.d. weights, seed 1; the layer's trained weights and density are not published"
            .to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}
