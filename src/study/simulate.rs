//! From a network, a machine and weights to a [`Report`].

use rayon::prelude::*;

use crate::report::{
    LayerReport, LayerResult, Provenance, Report, SCHEMA, Tool, WeightSummary, WorkingSet, best,
    totals,
};
use signloop_base::Result;
use signloop_cpu::{LayerCost, LayerWork, evaluate, slots_a_line};
use signloop_machine::CpuArch;
use signloop_method::{
    Execution, Method, OpCounts, Plan, PlanOptions, PlanRequest, SlotReuse, Verification,
    WeightStorage, cache::PlanCache,
};
use signloop_network::{
    quant::{QuantizedTensor, Scheme},
    workload::{Layer, OperandBits, WeightSource, WeightStore, Workload},
};

/// How the numbers are counted; printed with every report.
pub const CONVENTIONS: &[&str] = &[
    "op = one two-input add or subtract per output position; negating is free; scale multiplies are a column of their own",
    "effectual parameter = non-zero quantised weight; effectual operation = one that the method really executes",
    "arithmetic reduction = dense MACs / adds; read it together with the density beside it",
    "one core; time is modelled by ECM, energy is modelled from the table in the hardware file, neither is measured",
];

/// What to simulate.
pub struct Request<'a> {
    /// The machine.
    pub arch: &'a CpuArch,
    /// The network.
    pub workload: &'a Workload,
    /// Weights, where not the workload's own.
    pub weights: &'a WeightSource,
    /// Schemes in table order.
    pub schemes: &'a [Scheme],
    /// Methods in table order.
    pub methods: &'a [&'static dyn Method],
    /// Seeds and effort.
    pub options: &'a PlanOptions,
    /// Plans of earlier runs.
    pub cache: Option<&'a PlanCache>,
    /// Called when a layer has been planned and costed under one scheme and method; an error ends
    /// the run.
    pub on_result: Option<&'a (dyn Fn() -> Result<()> + Sync)>,
}

impl Request<'_> {
    /// How many results the report will have, or skip.
    #[must_use]
    pub fn results(&self) -> u64 {
        let quantized = self.workload.quantized_layers().count();
        (quantized * self.schemes.len() * self.methods.len()) as u64
    }

    /// Plans one layer, or finds its plan.
    ///
    /// # Errors
    /// As [`Method::plan`].
    pub fn plan(&self, method: &dyn Method, request: &PlanRequest<'_>) -> Result<Plan> {
        self.cache.map_or_else(|| method.plan(request), |cache| cache.plan(method, request))
    }
}

/// Runs every layer under every scheme and method.
///
/// # Errors
/// Weights are missing or do not fit, or a count overflows.
pub fn simulate(request: &Request<'_>) -> Result<Report> {
    run(request, false)
}

/// As [`simulate`], and executes every program on random integers against the dense product.
///
/// # Errors
/// As [`simulate`], or a program is wrong.
pub fn simulate_verified(request: &Request<'_>) -> Result<Report> {
    run(request, true)
}

fn run(request: &Request<'_>, verified: bool) -> Result<Report> {
    let layers: Vec<&Layer> = request.workload.layers().collect();
    let mut provenance = Vec::new();
    let mut tensors: Vec<(Scheme, Vec<QuantizedTensor>)> = Vec::new();
    for scheme in request.schemes {
        let store = WeightStore::open(request.weights, *scheme, request.options.seed)?;
        provenance
            .push(Provenance { scheme: scheme.name().to_owned(), provenance: store.provenance() });
        tensors.push((*scheme, store.layers(request.workload.quantized_layers())?));
    }
    let mut next = 0;
    let indexed: Vec<(&Layer, usize)> = layers
        .into_iter()
        .map(|layer| {
            let index = next;
            next += usize::from(layer.quantized);
            (layer, index)
        })
        .collect();
    // Layers are independent; collecting keeps their order whatever the thread count.
    let outcomes: Vec<(LayerReport, Vec<String>, Verification)> = indexed
        .into_par_iter()
        .map(|(layer, index)| simulate_layer(request, layer, index, &tensors, verified))
        .collect::<Result<_>>()?;
    let done = outcomes.iter().fold(Verification::default(), |done, own| done.with(own.2));
    let (layers, skipped): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(|(layer, skipped, _)| (layer, skipped)).unzip();
    let totals = totals(&layers)?;
    Ok(Report {
        schema: SCHEMA,
        tool: Tool { name: "signloop", version: env!("CARGO_PKG_VERSION") },
        arch: request.arch.name.clone(),
        workload: request.workload.name.clone(),
        seed: request.options.seed,
        weights: provenance,
        conventions: CONVENTIONS.to_vec(),
        verified: verified.then_some(done),
        skipped: skipped.into_iter().flatten().collect(),
        layers,
        totals,
    })
}

fn simulate_layer(
    request: &Request<'_>,
    layer: &Layer,
    index: usize,
    tensors: &[(Scheme, Vec<QuantizedTensor>)],
    verified: bool,
) -> Result<(LayerReport, Vec<String>, Verification)> {
    let mut results = Vec::new();
    let mut skipped = Vec::new();
    let mut done = Verification::default();
    if !layer.quantized {
        results.push(full_precision(request.arch, layer)?);
    }
    let schemes = tensors.iter().filter(|_| layer.quantized);
    let jobs: Vec<Job<'_>> = schemes
        .flat_map(|(scheme, tensors)| jobs(request, layer, (*scheme, &tensors[index])))
        .collect();
    let mut outcomes: Vec<(usize, Outcome)> = jobs
        .into_par_iter()
        .map(|job| run_job(request, layer, &job, verified))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    outcomes.sort_by_key(|(place, _)| *place);
    for (_, outcome) in outcomes {
        match outcome {
            Ok((result, own)) => {
                results.push(result);
                done = done.with(own);
            }
            Err(reason) => skipped.push(reason),
        }
    }
    let report = LayerReport {
        name: layer.name.clone(),
        kind: layer.shape.kind,
        quantized: layer.quantized,
        shape: layer.shape,
        best: best(&results),
        results,
    };
    Ok((report, skipped, done))
}

/// A result, or why the method does not apply.
type Outcome = Result<(LayerResult, Verification), String>;

/// Methods that plan one layer and scheme in the same way.
struct Job<'a> {
    scheme: Scheme,
    request: PlanRequest<'a>,
    planner: &'static dyn Method,
    /// The methods and their places in the table.
    methods: Vec<(usize, &'static dyn Method)>,
}

fn jobs<'a>(
    request: &'a Request<'_>,
    layer: &'a Layer,
    (scheme, weights): (Scheme, &'a QuantizedTensor),
) -> Vec<Job<'a>> {
    let request_of = PlanRequest::of_layer(layer, weights, request.options);
    let before = request.schemes.iter().position(|other| *other == scheme).unwrap_or(0);
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for (place, method) in (before * request.methods.len()..).zip(request.methods) {
        let planner = method.same_as(&request_of).unwrap_or(*method);
        match jobs.iter_mut().find(|job| job.planner.name() == planner.name()) {
            Some(job) => job.methods.push((place, *method)),
            None => {
                let methods = vec![(place, *method)];
                jobs.push(Job { scheme, request: request_of, planner, methods });
            }
        }
    }
    jobs
}

/// Plans once, and costs the plan for every method.
fn run_job(
    request: &Request<'_>,
    layer: &Layer,
    job: &Job<'_>,
    verified: bool,
) -> Result<Vec<(usize, Outcome)>> {
    let note = || request.on_result.map_or(Ok(()), |note| note());
    if let Err(reason) = job.planner.applies(&job.request) {
        let refused = job.methods.iter().map(|(place, method)| {
            note()?;
            let why = format!("{} {} {}: {reason}", layer.name, job.scheme, method.name());
            Ok((*place, Err(why)))
        });
        return refused.collect();
    }
    let plan = request.plan(job.planner, &job.request)?;
    let slots = job.planner.slot_reuse(&job.request, &plan, &[slots_a_line(request.arch)]);
    let outcome = |(place, method): &(usize, &'static dyn Method)| {
        let outcome = cost_result(request, layer, job, method.name(), (&plan, slots.as_ref()))?;
        let done = if verified {
            method.verify(&job.request, &plan, request.options.seed)?
        } else {
            Verification::default()
        };
        note()?;
        Ok((*place, Ok((outcome, done))))
    };
    job.methods.iter().map(outcome).collect()
}

/// Counts and cost of one layer under one scheme and method.
fn cost_result(
    request: &Request<'_>,
    layer: &Layer,
    job: &Job<'_>,
    method: &str,
    (plan, slots): (&Plan, Option<&SlotReuse>),
) -> Result<LayerResult> {
    let counted = Counted::of(plan, slots);
    let cost = cost_of(request.arch, layer, job.request.bits, &counted)?;
    let weights = job.request.weights;
    let summary = WeightSummary::of(weights);
    let counted = (plan.counts, plan.storage);
    let scheme = job.scheme.name();
    let mut result = LayerResult::new(scheme, method, summary, counted, &layer.shape, cost)?;
    result.working_set = WorkingSet::of(request.arch, &layer.shape, plan.execution, &plan.counts);
    Ok(result)
}

/// What the cost of a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// How the plan runs.
    pub execution: Execution,
    /// Operations per output position.
    pub counts: &'a OpCounts,
    /// Weights and metadata that are kept.
    pub storage: &'a WeightStorage,
    /// When its partial sums are used again; see [`Method::slot_reuse`].
    pub slots: Option<&'a SlotReuse>,
}

impl<'a> Counted<'a> {
    /// What a plan counted.
    #[must_use]
    pub fn of(plan: &'a Plan, slots: Option<&'a SlotReuse>) -> Self {
        Self { execution: plan.execution, counts: &plan.counts, storage: &plan.storage, slots }
    }
}

/// Cost of one layer under one plan.
///
/// # Errors
/// A count overflows.
pub fn cost_of(
    arch: &CpuArch,
    layer: &Layer,
    bits: OperandBits,
    counted: &Counted<'_>,
) -> Result<LayerCost> {
    let Counted { execution, counts, storage, slots } = *counted;
    let counts = &counts.with_halo_spread(layer.shape.positions());
    evaluate(arch, &LayerWork { shape: &layer.shape, bits, execution, counts, storage, slots })
}

/// An fp32 layer: one multiply and one add a weight and position.
fn full_precision(arch: &CpuArch, layer: &Layer) -> Result<LayerResult> {
    let (summary, counts, storage) = full_precision_counts(layer);
    let cost = cost_of(
        arch,
        layer,
        layer.bits,
        &Counted { execution: Execution::Gemm, counts: &counts, storage: &storage, slots: None },
    )?;
    LayerResult::new("fp32", "dense", summary, (counts, storage), &layer.shape, cost)
}

/// Counts of an fp32 layer, which is run as one dense product.
pub(crate) fn full_precision_counts(layer: &Layer) -> (WeightSummary, OpCounts, WeightStorage) {
    let (filters, length) = (layer.shape.out_channels, layer.shape.filter_len());
    let counts = OpCounts {
        adds: filters * (length - 1),
        multiplies: filters * length,
        loads: filters * length,
        stores: filters,
        ..OpCounts::default()
    };
    let weights = filters * length;
    let storage = WeightStorage {
        weight_bits: weights * u64::from(layer.bits.weight),
        ..WeightStorage::default()
    };
    (WeightSummary { total: weights, effectual: weights, density: 1.0 }, counts, storage)
}
