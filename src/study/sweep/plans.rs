//! Counts of every layer under one network, plan options, scheme and method; planned once each.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use rayon::prelude::*;

use super::{
    inputs::Sweep,
    options::{Options, options_of},
    variants::WorkloadVariant,
};
use crate::{
    report::WeightSummary,
    study::{
        map::{MapLayer, layers_of},
        simulate::full_precision_counts,
    },
};
use signloop_accelerator::sparse::Rules;
use signloop_base::Result;
use signloop_machine::ArchKind;
use signloop_method::{Execution, Method, OpCounts, PlanRequest, SlotReuse, WeightStorage};
use signloop_network::{
    quant::{QuantizedTensor, Scheme},
    workload::{Layer, LayerShape, OperandBits, WeightStore},
};

/// Slots that may share a line on some machine of a sweep.
const SLOTS_A_LINE: [u64; 4] = [1, 2, 4, 8];

/// One layer as the model needs it. Programs are dropped once they are counted.
#[derive(Debug, Clone)]
pub(super) struct LayerPlan {
    pub name: String,
    pub quantized: bool,
    pub weights: WeightSummary,
    pub counts: OpCounts,
    pub work: Work,
}

/// What the model sees of a layer; layers that are equal in it cost the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Work {
    pub shape: LayerShape,
    pub bits: OperandBits,
    pub execution: Execution,
    /// With the halo spread over the positions.
    pub counts: OpCounts,
    pub storage: WeightStorage,
    /// When the slots of partial sums are used again.
    pub slots: Option<Arc<SlotReuse>>,
}

/// The layers as the kind of machine needs them.
#[derive(Debug, Clone)]
pub(super) enum Layers {
    /// Counted programs.
    Planned(Vec<LayerPlan>),
    /// Problems to map, with the mappings scored for each and the seed of the search.
    ToMap { layers: Vec<MapLayer>, evaluations: u64, seed: u64 },
}

/// All layers of one combination.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// The network's name and swept values.
    pub workload: Arc<WorkloadVariant>,
    /// Values of the swept plan options.
    pub plan_values: Vec<String>,
    pub scheme: Scheme,
    pub method: &'static str,
    /// Layers, or why there are none.
    pub layers: Result<Layers, String>,
    /// Quantised layers that the method does not apply to, and why.
    pub skipped: Vec<String>,
}

/// The combinations planned so far. Points are visited in order, so past ones are dropped.
#[derive(Debug, Default)]
pub(super) struct Plans(BTreeMap<u64, Arc<Planned>>);

impl Plans {
    pub(super) fn get(&self, outer: u64) -> Option<&Arc<Planned>> {
        self.0.get(&outer)
    }

    /// Plans what is missing of a range of combinations and forgets what lies before it.
    pub(super) fn ensure(
        &mut self,
        sweep: &Sweep,
        outer: std::ops::Range<u64>,
        done: &(dyn Fn(u64) -> Result<()> + Sync),
    ) -> Result<()> {
        self.0 = self.0.split_off(&outer.start);
        let grid = &sweep.grid;
        let mut at = outer.start;
        while at < outer.end {
            // Combinations with the same weights: the methods of one scheme.
            let end = ((at / grid.methods + 1) * grid.methods).min(outer.end);
            let missing: Vec<u64> = (at..end).filter(|outer| !self.0.contains_key(outer)).collect();
            if !missing.is_empty() {
                for (outer, planned) in plan(sweep, &missing)? {
                    self.0.insert(outer, Arc::new(planned));
                }
            }
            done(missing.len() as u64)?;
            at = end;
        }
        Ok(())
    }
}

/// Plans combinations that differ in the method only.
fn plan(sweep: &Sweep, outers: &[u64]) -> Result<Vec<(u64, Planned)>> {
    let place = sweep.grid.place(outers[0]);
    let variant = Arc::new(sweep.documents.workload(&sweep.spec, place.workload_variant));
    let (options, plan_values) = options_of(&sweep.spec, place.plan_variant);
    let Options { plan: options, evaluations } = options;
    let scheme = sweep.spec.schemes[place.scheme].value;
    let empty = |outer: u64| Planned {
        workload: Arc::clone(&variant),
        plan_values: plan_values.clone(),
        scheme,
        method: sweep.spec.methods[sweep.grid.place(outer).method].name(),
        layers: Ok(Layers::Planned(Vec::new())),
        skipped: Vec::new(),
    };
    let workload = match &variant.workload {
        Ok(workload) => workload,
        Err(why) => {
            return Ok(outers
                .iter()
                .map(|outer| (*outer, Planned { layers: Err(why.clone()), ..empty(*outer) }))
                .collect());
        }
    };
    if sweep.kind() == ArchKind::Accelerator {
        let seed = options.seed;
        let weights = (&workload.weights, &[scheme][..], seed);
        let (layers, _) = layers_of(workload, weights, (&[], true, 1.0), Rules::Exact)?;
        let layers = Ok(Layers::ToMap { layers, evaluations, seed });
        return Ok(vec![(outers[0], Planned { layers, ..empty(outers[0]) })]);
    }
    let store = WeightStore::open(&workload.weights, scheme, options.seed)?;
    let tensors = store.layers(workload.quantized_layers())?;
    let mut next = tensors.iter();
    let layers: Vec<(&Layer, Option<&QuantizedTensor>)> = workload
        .layers()
        .map(|layer| (layer, if layer.quantized { next.next() } else { None }))
        .collect();
    let jobs: Vec<(u64, usize)> =
        outers.iter().flat_map(|outer| (0..layers.len()).map(|layer| (*outer, layer))).collect();
    let planned: Vec<Result<LayerPlan, String>> = jobs
        .par_iter()
        .map(|(outer, index)| {
            let (layer, weights) = layers[*index];
            let Some(weights) = weights else { return Ok(Ok(full_precision(layer))) };
            let method = sweep.spec.methods[sweep.grid.place(*outer).method];
            let request = PlanRequest::of_layer(layer, weights, &options);
            plan_layer(sweep, layer, method, &request)
        })
        .collect::<Result<_>>()?;
    let mut found: Vec<(u64, Planned)> =
        outers.iter().map(|outer| (*outer, empty(*outer))).collect();
    for ((_, combination), outcomes) in found.iter_mut().zip(planned.chunks(layers.len().max(1))) {
        let mut kept = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(layer) => kept.push(layer.clone()),
                Err(reason) => combination.skipped.push(reason.clone()),
            }
        }
        combination.layers = Ok(Layers::Planned(kept));
    }
    Ok(found)
}

/// One quantised layer, or why the method does not apply to it.
fn plan_layer(
    sweep: &Sweep,
    layer: &Layer,
    method: &dyn Method,
    request: &PlanRequest<'_>,
) -> Result<Result<LayerPlan, String>> {
    if let Err(reason) = method.applies(request) {
        return Ok(Err(format!("{}: {reason}", layer.name)));
    }
    let plan = match &sweep.cache {
        Some(cache) => cache.plan(method, request)?,
        None => method.plan(request)?,
    };
    Ok(Ok(LayerPlan {
        name: layer.name.clone(),
        quantized: true,
        weights: WeightSummary::of(request.weights),
        counts: plan.counts,
        work: Work {
            shape: layer.shape,
            bits: request.bits,
            execution: plan.execution,
            counts: plan.counts.with_halo_spread(layer.shape.positions()),
            storage: plan.storage,
            slots: method.slot_reuse(request, &plan, &SLOTS_A_LINE).map(Arc::new),
        },
    }))
}

fn full_precision(layer: &Layer) -> LayerPlan {
    let (weights, counts, storage) = full_precision_counts(layer);
    LayerPlan {
        name: layer.name.clone(),
        quantized: false,
        weights,
        counts,
        work: Work {
            shape: layer.shape,
            bits: layer.bits,
            execution: Execution::Gemm,
            counts,
            storage,
            slots: None,
        },
    }
}

/// For each layer the first one that costs the same.
pub(super) fn representatives(layers: &[LayerPlan]) -> Vec<usize> {
    let mut first: HashMap<&Work, usize> = HashMap::new();
    layers.iter().enumerate().map(|(at, layer)| *first.entry(&layer.work).or_insert(at)).collect()
}
