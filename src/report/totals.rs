//! Sums over a network's layers, by scheme and method.

use super::types::{LayerReport, LayerResult, OpTotals, Total, ratio};
use signloop_base::{Error, Result};
use signloop_cpu::{CycleBreakdown, EnergyBreakdown, Traffic};

/// Sums the layers by scheme and method, in the order in which they first appear.
///
/// # Errors
/// A sum leaves 64 bits.
pub fn totals(layers: &[LayerReport]) -> Result<Vec<Total>> {
    let mut totals: Vec<Total> = Vec::new();
    for result in layers.iter().flat_map(|layer| &layer.results) {
        let same = |total: &Total| total.scheme == result.scheme && total.method == result.method;
        match totals.iter_mut().find(|total| same(total)) {
            Some(total) => total.add(result)?,
            None => totals.push(Total::first(result)?),
        }
    }
    for total in &mut totals {
        total.finish();
    }
    Ok(totals)
}

impl Total {
    pub(crate) fn first(result: &LayerResult) -> Result<Self> {
        let mut total = Self {
            scheme: result.scheme.clone(),
            method: result.method.clone(),
            layers: 1,
            weights: result.weights,
            storage: result.storage,
            ops: OpTotals::default(),
            traffic: result.traffic.clone(),
            energy_pj: result.energy_pj.clone(),
            cycles: result.cycles.clone(),
            time_us: result.time_us,
            bounds: vec![(result.cycles.bound_by, result.cycles.total)],
        };
        total.add_ops(result)?;
        Ok(total)
    }

    pub(crate) fn add(&mut self, result: &LayerResult) -> Result<()> {
        self.layers += 1;
        self.weights.total = sum(self.weights.total, result.weights.total)?;
        self.weights.effectual = sum(self.weights.effectual, result.weights.effectual)?;
        let storage = &mut self.storage;
        storage.weight_bits = sum(storage.weight_bits, result.storage.weight_bits)?;
        storage.scale_bits = sum(storage.scale_bits, result.storage.scale_bits)?;
        storage.metadata_bits = sum(storage.metadata_bits, result.storage.metadata_bits)?;
        self.add_ops(result)?;
        for row in &result.traffic {
            let same = |own: &&mut Traffic| own.level == row.level && own.tensor == row.tensor;
            match self.traffic.iter_mut().find(same) {
                Some(own) => {
                    own.read_bytes = sum(own.read_bytes, row.read_bytes)?;
                    own.write_bytes = sum(own.write_bytes, row.write_bytes)?;
                }
                None => self.traffic.push(*row),
            }
        }
        self.add_energy(&result.energy_pj);
        self.add_cycles(&result.cycles);
        self.time_us += result.time_us;
        Ok(())
    }

    fn add_ops(&mut self, result: &LayerResult) -> Result<()> {
        let (layer, positions) = (&result.ops.counts, result.ops.positions);
        let add = |total: &mut u64, count: u64| -> Result<()> {
            let all = count.checked_mul(positions).ok_or(Error::Overflow("operations"))?;
            *total = sum(*total, all)?;
            Ok(())
        };
        let counts = &mut self.ops.counts;
        counts.adds_total = sum(counts.adds_total, result.ops.adds_total)?;
        add(&mut counts.multiplies_total, layer.multiplies)?;
        add(&mut counts.scale_muls_total, layer.scale_muls)?;
        add(&mut counts.logic_ops_total, layer.logic_ops)?;
        add(&mut counts.popcounts_total, layer.popcounts)?;
        add(&mut counts.dense_macs_total, result.ops.dense_macs)
    }

    fn add_energy(&mut self, energy: &EnergyBreakdown) {
        let own = &mut self.energy_pj;
        own.compute += energy.compute;
        for (level, energy) in &energy.levels {
            match own.levels.iter_mut().find(|(own, _)| own == level) {
                Some((_, sum)) => *sum += *energy,
                None => own.levels.push((*level, *energy)),
            }
        }
        own.dram += energy.dram;
        own.instruction_overhead += energy.instruction_overhead;
        own.static_energy += energy.static_energy;
        own.total += energy.total;
    }

    fn add_cycles(&mut self, cycles: &CycleBreakdown) {
        let own = &mut self.cycles;
        for part in &cycles.parts {
            match own.parts.iter_mut().find(|own| own.name == part.name) {
                Some(own) => own.cycles += part.cycles,
                None => own.parts.push(part.clone()),
            }
        }
        own.total += cycles.total;
        own.band.max_rule += cycles.band.max_rule;
        own.band.sum_rule += cycles.band.sum_rule;
        match self.bounds.iter_mut().find(|(name, _)| *name == cycles.bound_by) {
            Some((_, sum)) => *sum += cycles.total,
            None => self.bounds.push((cycles.bound_by, cycles.total)),
        }
    }

    pub(crate) fn finish(&mut self) {
        self.weights.density = ratio(self.weights.effectual, self.weights.total);
        let counts = self.ops.counts;
        self.ops.arithmetic_reduction = ratio(counts.dense_macs_total, counts.adds_total);
        self.ops.arithmetic_reduction_two_op = 2.0 * self.ops.arithmetic_reduction;
        self.traffic.sort_by_key(|row| (row.level, row.tensor));
        let most = self.bounds.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0));
        if let Some((name, _)) = most {
            self.cycles.bound_by = name;
        }
    }
}

fn sum(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or(Error::Overflow("network total"))
}
