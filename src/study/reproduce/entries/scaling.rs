//! Whether ternary loses against binary as layers grow.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::Scheme;

pub(super) fn scaling(context: &Context) -> Result<Outcome> {
    let sizes: &[u64] = if context.quick { &[32, 64, 128] } else { &[32, 64, 128, 256] };
    let mut table = Table::new(
        "Dense MACs / adds of [3,3,C,C] layers (sum-merge)",
        &["C", "binary 1.0", "ternary 0.5", "ternary 0.7", "adds of ternary 0.5 over binary's"],
    );
    let mut ratios = Vec::new();
    for size in sizes {
        let shape = context.convolution(*size, *size, 3)?;
        let reduction = |scheme, density| {
            let weights = context.random(scheme, &shape, density, 1)?;
            context.reduction("sum-merge", &shape, &weights)
        };
        let binary = reduction(Scheme::Binary, 1.0)?;
        let (half, dense) = (reduction(Scheme::Ternary, 0.5)?, reduction(Scheme::Ternary, 0.7)?);
        let ratio = binary / half;
        table
            .row(std::iter::once(size.to_string()).chain([binary, half, dense, ratio].map(number)));
        ratios.push(ratio);
    }
    let (first, last) = (ratios[0], ratios[ratios.len() - 1]);
    Ok(Outcome {
        claims: vec![Claim::new(
            "ternary gets less efficient against binary as models get bigger",
            "prior work shows it",
            format!("{} to {} of binary's adds", number(first), number(last)),
            if last > first { Verdict::Reproduced } else { Verdict::Refuted },
            format!(
                "from {} to {} channels, at one density; in operations only",
                sizes[0],
                sizes[sizes.len() - 1]
            ),
        )],
        definition: "adds = two-input adds and subtracts per output position, by sum-merge"
            .to_owned(),
        inputs: "seeded i.i.d. weights, seed 1; the prior work is not named".to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}
