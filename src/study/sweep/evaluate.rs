//! A range of points to rows.

use std::sync::Arc;

use super::{
    accelerated,
    inputs::Sweep,
    plans::{LayerPlan, Layers, Planned, Plans, representatives},
    row::{Point, write_invalid, write_layer, write_network},
    spec::Rows,
    variants::{ArchVariant, Machine},
};
use crate::report::{LayerResult, Total};
use signloop_base::{Error, Result};
use signloop_cpu::{Evaluator, LayerCost, LayerWork};

/// Rows of contiguous points, whose combinations are planned.
pub(super) fn rows(sweep: &Sweep, plans: &Plans, points: std::ops::Range<u64>) -> Result<Vec<u8>> {
    let mut text = String::new();
    let inner = sweep.grid.arch_variants;
    let mut at = points.start;
    while at < points.end {
        let outer = at / inner;
        let end = ((outer + 1) * inner).min(points.end);
        let planned =
            plans.get(outer).ok_or_else(|| Error::Internal("a point without a plan".into()))?;
        let archs: Vec<Arc<ArchVariant>> =
            (at..end).map(|point| sweep.arch(point % inner)).collect();
        match &planned.layers {
            Ok(Layers::ToMap { layers, evaluations, seed }) => {
                let task = (layers.as_slice(), *evaluations, *seed);
                accelerated::segment(sweep, planned, task, &archs, at, &mut text)?;
            }
            _ => segment(sweep, planned, &archs, at, &mut text)?,
        }
        at = end;
    }
    Ok(text.into_bytes())
}

/// Points of one combination over many machines: each layer is asked about one after the other.
fn segment(
    sweep: &Sweep,
    planned: &Planned,
    archs: &[Arc<ArchVariant>],
    first: u64,
    text: &mut String,
) -> Result<()> {
    let layers: &[LayerPlan] = match &planned.layers {
        Ok(Layers::Planned(layers)) => layers,
        _ => &[],
    };
    let same = representatives(layers);
    // Costs by layer, then machine; nothing for a layer that costs the same as an earlier one.
    let mut costs: Vec<Vec<Option<LayerCost>>> = Vec::with_capacity(layers.len());
    for (at, layer) in layers.iter().enumerate() {
        if same[at] != at {
            costs.push(Vec::new());
            continue;
        }
        let work = &layer.work;
        let mut evaluator = Evaluator::new(LayerWork {
            shape: &work.shape,
            bits: work.bits,
            execution: work.execution,
            counts: &work.counts,
            storage: &work.storage,
            slots: work.slots.as_deref(),
        });
        let of_layer = archs
            .iter()
            .map(|variant| match &variant.arch {
                Ok(Machine::Processor(arch)) => evaluator.cost(arch).map(Some),
                _ => Ok(None),
            })
            .collect::<Result<_>>()?;
        costs.push(of_layer);
    }
    for (place, variant) in archs.iter().enumerate() {
        let point = Point { index: first + place as u64, planned, arch: variant };
        if let Some(why) = point.wrong() {
            write_invalid(text, &point, (sweep.kind(), sweep.spec.rows), why);
            continue;
        }
        let mut quantized: Option<Total> = None;
        let mut others: Option<Total> = None;
        for (at, layer) in layers.iter().enumerate() {
            let cost = costs[same[at]][place]
                .clone()
                .ok_or_else(|| Error::Internal("a layer without a cost".into()))?;
            let scheme = if layer.quantized { planned.scheme.name() } else { "fp32" };
            let method = if layer.quantized { planned.method } else { "dense" };
            let counted = (layer.counts, layer.work.storage);
            let result =
                LayerResult::new(scheme, method, layer.weights, counted, &layer.work.shape, cost)?;
            if sweep.spec.rows == Rows::Layer {
                write_layer(text, &point, &layer.name, &result);
                continue;
            }
            match if layer.quantized { &mut quantized } else { &mut others } {
                Some(total) => total.add(&result)?,
                none => *none = Some(Total::first(&result)?),
            }
        }
        if sweep.spec.rows == Rows::Network {
            for total in [&mut quantized, &mut others].into_iter().flatten() {
                total.finish();
            }
            write_network(text, &point, quantized.as_ref(), others.as_ref());
        }
    }
    Ok(())
}
