//! Two filters of six weights.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict};
use signloop_base::Result;
use signloop_network::{
    quant::{QuantizedTensor, Scheme, WeightShape},
    workload::LayerShape,
};

/// The filters of Figure 9; x and y are one scale a filter, y with the other sign.
const FIGURE_9: [(&str, Scheme, [i8; 12]); 3] = [
    (
        "signed-binary {x,0,x,0,x,0} {y,y,y,0,0,0}",
        Scheme::SignedBinary,
        [1, 0, 1, 0, 1, 0, -1, -1, -1, 0, 0, 0],
    ),
    ("naive {x,0,x,0,x,0} {x,x,x,0,0,0}", Scheme::ZeroOne, [1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0]),
    (
        "binary {x,y,x,y,x,y} {x,x,x,y,y,y}",
        Scheme::Binary,
        [1, -1, 1, -1, 1, -1, 1, 1, 1, -1, -1, -1],
    ),
];

fn adds(context: &Context, method: &str, scheme: Scheme, codes: &[i8]) -> Result<u64> {
    let shape = WeightShape { filters: 2, channels: 6, kernel_height: 1, kernel_width: 1 };
    let tensor = QuantizedTensor::new(scheme, shape, codes.to_vec(), vec![1.0; 2])?;
    let layer = LayerShape::linear(1, 6, 2)
        .map_err(|error| signloop_base::Error::Internal(error.to_string()))?;
    Ok(context.counts(method, &layer, &tensor)?.adds)
}

pub(super) fn toy_examples(context: &Context) -> Result<Outcome> {
    let mut table = Table::new(
        "Adds of the filters of Figure 9",
        &["filters", "unshared", "shared (sum-merge)"],
    );
    let mut shared = Vec::new();
    let mut unshared = Vec::new();
    for (name, scheme, codes) in FIGURE_9 {
        let (without, with) = (
            adds(context, "zero-skip", scheme, &codes)?,
            adds(context, "sum-merge", scheme, &codes)?,
        );
        table.row([name.to_owned(), without.to_string(), with.to_string()]);
        shared.push(with);
        unshared.push(without);
    }
    let exact = |what: &str, published: u64, ours: u64, why: &str| {
        let verdict = if ours == published { Verdict::Reproduced } else { Verdict::Refuted };
        Claim::new(what, published.to_string(), ours.to_string(), verdict, why)
    };
    let missing = |scheme: &str, published: &str| {
        Claim::new(
            format!("Figure 6, {scheme}"),
            published,
            "—",
            Verdict::Undecided,
            "the filters of Figure 6 are not in the thread; the table of random pairs shows how usual the \
             count is",
        )
    };
    Ok(Outcome {
        claims: vec![
            exact(
                "Figure 9, signed-binary: PS0 = a+c, PS0+e, PS0+b",
                3,
                shared[0],
                "one sum shared by both filters",
            ),
            exact(
                "Figure 9, naive {0,1}: the same graph",
                3,
                shared[1],
                "the sign rides on the scale",
            ),
            exact(
                "the \"4 adds\" of signed-binary are those of Figure 9 without sharing",
                4,
                unshared[0],
                "two sums of three inputs; with sharing they are 3",
            ),
            exact(
                "the \"8 adds\" of binary are those of Figure 9 with its zeros filled by the other value",
                8,
                shared[2],
                "one sum per value and filter",
            ),
            missing("binary", "8"),
            missing("ternary", "6"),
            missing("signed-binary", "4"),
        ],
        definition:
            "an add is a two-input add or subtract; a filter with two non-zero values is two sums \
                     and one add"
                .to_owned(),
        inputs: "the filters of Figure 9 as printed in the thread".to_owned(),
        tables: vec![table, random_table(context)?],
        ..Outcome::default()
    })
}

fn random_table(context: &Context) -> Result<Table> {
    let mut drawn = Table::new(
        "Adds (sum-merge) of 2,000 random pairs of filters, seed 1",
        &["scheme", "least", "mean", "greatest", "share with the published count"],
    );
    for (scheme, density, published) in
        [(Scheme::Binary, 1.0, 8), (Scheme::Ternary, 2.0 / 3.0, 6), (Scheme::SignedBinary, 0.5, 4)]
    {
        let counts = random_pairs(context, scheme, density)?;
        let hits = counts.iter().filter(|count| **count == published).count();
        drawn.row([
            format!("{scheme}, density {density:.2}"),
            counts.iter().min().copied().unwrap_or(0).to_string(),
            format!("{:.2}", counts.iter().sum::<u64>() as f64 / counts.len() as f64),
            counts.iter().max().copied().unwrap_or(0).to_string(),
            format!("{:.1} % have {published}", 100.0 * hits as f64 / counts.len() as f64),
        ]);
    }
    Ok(drawn)
}

/// Adds of random pairs of filters.
fn random_pairs(context: &Context, scheme: Scheme, density: f64) -> Result<Vec<u64>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let limit = (density * 2_f64.powi(32)) as u64;
    (0..2000)
        .map(|_| {
            let codes: Vec<i8> = (0..12)
                .map(|place| {
                    let draw = random.next_u64();
                    let sign = match scheme {
                        Scheme::SignedBinary => 1 - 2 * i8::from(place >= 6),
                        _ => 1 - 2 * (draw >> 63) as i8,
                    };
                    i8::from((draw & 0xffff_ffff) < limit) * sign
                })
                .collect();
            adds(context, "sum-merge", scheme, &codes)
        })
        .collect()
}
