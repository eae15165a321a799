//! The two methods: sharing within a patch, and across the pixels of the map.

use std::sync::Arc;

use super::{Budget, Columns, choice::choice, fewest};
use crate::{Method, OpProgram, Plan, PlanRequest, WeightStorage};
use signloop_base::{Error, Result};

/// Sharing of sums within a patch.
pub struct SharedSum;

/// Sharing of sums across output pixels: a shared sum is a plane, read at any displacement.
pub struct ShiftShared;

impl Method for SharedSum {
    fn name(&self) -> &'static str {
        "shared-sum"
    }

    fn summary(&self) -> &'static str {
        "row-block groups and lift-scored pairs, best of a portfolio; sums shared within a patch"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        plan(request, &Columns::patch(request.shape.filter_len() as usize))
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        let columns = Columns::patch(request.shape.filter_len() as usize);
        counted(request, &columns, programs).map(Some)
    }
}

impl Method for ShiftShared {
    fn name(&self) -> &'static str {
        "shift-shared"
    }

    fn summary(&self) -> &'static str {
        "as shared-sum, with sums shared across output pixels; halo adds counted"
    }

    fn applies(&self, request: &PlanRequest<'_>) -> std::result::Result<(), String> {
        let shape = request.shape;
        if shape.kernel_height * shape.kernel_width == 1 {
            return Err("a 1x1 kernel has nothing to share across pixels".to_owned());
        }
        if Columns::planes(shape).is_none() {
            return Err("the kernel reaches over more than 40 positions".to_owned());
        }
        Ok(())
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let columns = Columns::planes(request.shape)
            .ok_or_else(|| Error::Internal("shift-shared does not apply".into()))?;
        plan(request, &columns)
    }

    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        let columns = Columns::planes(request.shape);
        columns.map(|columns| counted(request, &columns, programs)).transpose()
    }
}

fn plan(request: &PlanRequest<'_>, columns: &Columns) -> Result<Plan> {
    let groups = request.shape.groups as usize;
    let programs: Vec<Arc<OpProgram>> = (0..groups)
        .map(|group| {
            let matrix = request.weights.group(group, groups);
            let budget = Budget {
                seed: request.options.seed,
                iterations: request.options.search_iterations / groups as u64,
            };
            fewest(
                matrix,
                columns,
                &choice(matrix, columns, request.options.search_iterations),
                budget,
            )
            .map(|draft| Arc::new(draft.into_program(columns)))
            .ok_or_else(|| Error::Internal("the layer is too large to share".into()))
        })
        .collect::<Result<_>>()?;
    counted(request, columns, programs)
}

/// The plan of some programs, with what follows from them.
fn counted(
    request: &PlanRequest<'_>,
    columns: &Columns,
    programs: Vec<Arc<OpProgram>>,
) -> Result<Plan> {
    // The program is the weights: each term names its operand and sign, and its displacement.
    let displacements = u64::from(columns.extent.0 * columns.extent.1);
    let metadata_bits = programs
        .iter()
        .map(|program| {
            let operands = u64::from(program.inputs() + program.nodes()).max(2);
            let bits = |count: u64| u64::from(u64::BITS - (count - 1).leading_zeros());
            program.counts().loads * (bits(operands) + 1 + bits(displacements))
        })
        .sum();
    let storage = WeightStorage { weight_bits: 0, metadata_bits, ..WeightStorage::of(request) };
    let mut plan = Plan::of_programs(programs, storage)?;
    if columns.extent != (1, 1) {
        for program in &plan.programs {
            let image = program.halo_adds(request.shape)?;
            plan.counts.halo_adds_total = image
                .checked_mul(request.shape.batch)
                .and_then(|adds| plan.counts.halo_adds_total.checked_add(adds))
                .ok_or(Error::Overflow("halo adds"))?;
        }
    }
    Ok(plan)
}
