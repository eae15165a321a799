//! Which model and data set the thread's tables and figures are of, and ours.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict};
use signloop_base::Result;

/// Published place; its model and data set as the thread names them (empty if it does not); ours.
const PLACES: [(&str, &str, &str); 9] = [
    ("Tables 2 to 5 (ablations)", "ResNet-20, CIFAR-10", "`trained-digits`, `assignment`"),
    ("Figures 5 and 6", "ResNet-18, ImageNet", "`latent-distributions` (ResNet-20, CIFAR-10)"),
    (
        "Figure 4",
        "ResNet-18 and 34, ImageNet; ResNet-20 and 32, CIFAR-10",
        "`accuracy` (runs given), `trained-digits`",
    ),
    ("Figure 11, [3,3,64,64] and [3,3,512,512]", "", "`ops-table`, `ops-large` (i.i.d. weights)"),
    ("Figure 7 (one layer)", "", "`speed-up` (every layer of ResNet-18)"),
    ("energy, throughput, density, latency", "", "`energy-table` (ResNet-20, CIFAR-10)"),
    ("{0,1} against signed-binary", "ResNet-18, ImageNet", "`zero-one`, `trained-digits`"),
    ("66.2 % top-1 (abstract)", "", "`accuracy`: ImageNet is never trained here"),
    ("1.26x and 1.75x", "", "`speed-up` (ResNet-18, seeded weights)"),
];

pub(super) fn settings(_: &Context) -> Result<Outcome> {
    let mut table = Table::new(
        "Model and data set, published and ours; every entry's inputs say more",
        &["place", "published", "ours"],
    );
    let mut named = 0;
    for (place, published, ours) in PLACES {
        named += usize::from(!published.is_empty());
        let published = if published.is_empty() { "not named" } else { published };
        table.row([place, published, ours].map(str::to_owned));
    }
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "the models of the tables and figures are missing (first reviewer)",
                "missing",
                format!("{named} of {} are named after the answers", PLACES.len()),
                if named < PLACES.len() { Verdict::Reproduced } else { Verdict::Refuted },
                "read off the thread, not computed; the network of the largest numbers is among those \
                 that are not named",
            ),
            Claim::new(
                "\"the first work\" to deploy such weights on real hardware, to show the trade-off",
                "priority",
                "—",
                Verdict::Undecided,
                "what came first is no matter of computing; no command decides it",
            ),
        ],
        definition: "named = the thread says both the network and the data set".to_owned(),
        inputs: "the review thread".to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}
