//! The summary table of energy, throughput, density and latency, and the cost of DRAM.

use crate::report::figure::{GainRow, gain_figure};
use crate::study::{
    Request,
    gain::{ACCELERATORS, Gain, GainRequest, compare},
    reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number},
    simulate,
};
use signloop_base::Result;
use signloop_machine::{self as arch, CpuArch};
use signloop_method::{PlanOptions, find};
use signloop_network::quant::Scheme;
use signloop_plot::Figure;

/// The processor of the modelled numbers: the one that the authors are thought to have used.
const MACHINE: &str = "xeon-gold-6226";

pub(super) fn energy_table(context: &Context) -> Result<Outcome> {
    let gains = gains(context)?;
    // 0.51 = a + (1 − a)·0.35 gives the share that does not shrink with the density.
    let fixed = (0.51 - 0.35) / (1.0 - 0.35);
    Ok(Outcome {
        claims: vec![
            accelerators(
                "energy of signed-binary over binary on a sparse accelerator",
                0.51,
                gains.iter().map(|gain| (gain.arch.as_str(), gain.energy_ratio)),
                &format!(
                    "0.51 = a + (1 − a)·0.35 means that a = {fixed:.2} of the energy does not follow the density"
                ),
            ),
            accelerators(
                "throughput of signed-binary over binary on a sparse accelerator",
                2.86,
                gains.iter().map(|gain| (gain.arch.as_str(), gain.throughput_ratio)),
                "cycles follow the density only where every zero is skipped and nothing else bounds them",
            ),
            Claim::new(
                "throughput 2.86x is a finding beside density 0.35x",
                "2.86",
                number(1.0 / 0.35),
                Verdict::Refuted,
                "2.86 = 1/0.35: ideal zero-skipping restates the density and is no second measurement",
            ),
            Claim::within("latency 0.78x is the inverse of the speed-up 1.26x", 0.78, 1.0 / 1.26, &Tolerance::DIGITS),
            Claim::within("latency 0.78x is the inverse of the speed-up 1.32x (Figure 7)", 0.78, 1.0 / 1.32, &Tolerance::DIGITS),
            Claim::within("\"battery life doubles\" is the inverse of 0.51x", 2.0, 1.0 / 0.51, &Tolerance::DIGITS),
        ],
        definition: "ratios to the dense binary run on the same machine; battery life counts only the energy \
                     of these layers. A claim on an accelerator is undecided where the published value lies \
                     between those of our machines, for its own is not named. All numbers are modelled"
            .to_owned(),
        inputs: format!(
            "published values; shipped ResNet-20 (CIFAR-10), quantised layers; {} mappings scored a layer at \
             most, seed 1 (as `signloop gain`)",
            evaluations(context)
        ),
        tables: vec![ratio_table(&gains), modelled_table(context)?],
        figures: vec![figure(&gains)],
    })
}

/// What the processor model says of the shipped network.
fn modelled_table(context: &Context) -> Result<Table> {
    let machine = machine()?;
    let schemes = [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary];
    let methods = [find("zero-skip")?, find("sum-merge")?];
    let report = simulate(&Request {
        arch: &machine,
        workload: &context.workload,
        weights: &context.workload.weights,
        schemes: &schemes,
        methods: &methods,
        options: &PlanOptions::default(),
        cache: None,
        on_result: None,
    })?;
    let mut table = Table::new(
        format!("Modelled on one core of {MACHINE}, quantised layers of the shipped ResNet-20"),
        &[
            "scheme",
            "method",
            "density",
            "adds (millions)",
            "time (µs)",
            "energy without static (µJ)",
        ],
    );
    for total in report.totals.iter().filter(|total| total.scheme != "fp32") {
        let dynamic = total.energy_pj.total.0 - total.energy_pj.static_energy.0;
        table.row([
            total.scheme.clone(),
            total.method.clone(),
            format!("{:.3}", total.weights.density),
            number(total.ops.counts.adds_total as f64 / 1e6),
            number(total.time_us.0),
            number(dynamic / 1e6),
        ]);
    }
    Ok(table)
}

fn ratio_table(gains: &[Gain]) -> Table {
    let mut ratios = Table::new(
        "Signed-binary over binary on the shipped accelerators, each layer in its own best mapping (energy × \
         cycles)",
        &[
            "accelerator",
            "density",
            "energy",
            "throughput",
            "share of energy that does not follow the density",
        ],
    );
    for gain in gains {
        ratios.row([
            gain.arch.clone(),
            number(gain.density_ratio),
            format!("{}x", number(gain.energy_ratio)),
            format!("{}x", number(gain.throughput_ratio)),
            gain.fixed_energy_share.map_or_else(|| "—".to_owned(), number),
        ]);
    }
    ratios
}

/// Mappings to score at most, by layer and scheme.
fn evaluations(context: &Context) -> u64 {
    if context.quick { 200 } else { 4_000 }
}

fn gains(context: &Context) -> Result<Vec<Gain>> {
    let accelerators = ACCELERATORS.map(std::path::PathBuf::from);
    compare(
        &GainRequest {
            accelerators: &accelerators,
            workload: &context.workload,
            weights: &context.workload.weights,
            schemes: &[Scheme::Binary, Scheme::SignedBinary],
            layers: &[],
            input_density: 1.0,
            evaluations: evaluations(context),
            seed: 1,
        },
        &|_| {},
        &|_| {},
    )
}

fn figure(gains: &[Gain]) -> Figure {
    let rows: Vec<GainRow> = gains
        .iter()
        .map(|gain| GainRow {
            arch: gain.arch.clone(),
            scheme: gain.scheme.clone(),
            baseline: gain.baseline.clone(),
            energy: gain.energy_ratio,
            cycles: 1.0 / gain.throughput_ratio,
            density: gain.density_ratio,
        })
        .collect();
    let what = "quantised layers of the shipped ResNet-20 (CIFAR-10)";
    Figure { id: "energy-gain".to_owned(), ..gain_figure(&rows, what) }
}

/// A ratio that is published of an unnamed machine, held against several.
fn accelerators<'a>(
    what: &str,
    published: f64,
    ours: impl Iterator<Item = (&'a str, f64)>,
    why: &str,
) -> Claim {
    let mut ours: Vec<(&str, f64)> = ours.collect();
    ours.sort_by(|a, b| a.1.total_cmp(&b.1));
    let all: Vec<String> =
        ours.iter().map(|(arch, value)| format!("{} ({arch})", number(*value))).collect();
    let outside = ours.first().is_none_or(|(_, least)| published < *least)
        || ours.last().is_none_or(|(_, most)| published > *most);
    Claim::new(
        what,
        format!("{}x", number(published)),
        all.join(", "),
        if outside { Verdict::Refuted } else { Verdict::Undecided },
        format!(
            "the simulated accelerator is not named in the thread; the published value lies {} those of ours; \
             {why}",
            if outside { "outside" } else { "between" }
        ),
    )
}

pub(super) fn dram_cost(_: &Context) -> Result<Outcome> {
    // 45 nm, 32-bit words, pJ: Horowitz, ISSCC 2014, as tabulated by Han et al. 2015.
    let (add, multiply, dram) = (0.1, 3.1, 640.0);
    let machine = machine()?;
    let modern = machine.dram.row_hit_pj_per_bit.value * 32.0;
    let modern_add = machine.energy.int32_add_pj.value;
    let mut table = Table::new(
        "Energy of one 32-bit word or operation (pJ)",
        &["", "45 nm table", &format!("{MACHINE} description")],
    );
    table.row(["int32 add".to_owned(), number(add), number(modern_add)]);
    table.row(["DRAM read, row open".to_owned(), number(dram), number(modern)]);
    table.row(["ratio".to_owned(), number(dram / add), number(modern / modern_add)]);
    Ok(Outcome {
        claims: vec![
            Claim::within("one 32-bit DRAM access over one int32 add", 6400.0, dram / add, &Tolerance::ROUNDING),
            Claim::within("one 32-bit DRAM access over one int32 multiply", 206.0, dram / multiply, &Tolerance::ROUNDING),
            Claim::new(
                "\"loading two numbers\" is 6400x an add",
                "6400",
                number(2.0 * dram / add),
                Verdict::Refuted,
                "the table's 640 pJ are for one 32-bit word; two words cost twice as much",
            ),
            Claim::new(
                "the ratio holds for the machines of today",
                "6400",
                number(modern / modern_add),
                if (0.5..=2.0).contains(&(modern / modern_add / 6400.0)) {
                    Verdict::Reproduced
                } else {
                    Verdict::Refuted
                },
                format!(
                    "int32 add: {}; DRAM: {}",
                    machine.energy.int32_add_pj.source, machine.dram.row_hit_pj_per_bit.source
                ),
            ),
        ],
        definition: "energy of a DRAM read of 32 bits over energy of one operation".to_owned(),
        inputs: "45 nm: Horowitz, ISSCC 2014 (int32 add 0.1 pJ, int32 multiply 3.1 pJ, 32-bit DRAM read \
                 640 pJ); today: the shipped hardware description"
            .to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}

fn machine() -> Result<CpuArch> {
    arch::load(std::path::Path::new(MACHINE))
}
