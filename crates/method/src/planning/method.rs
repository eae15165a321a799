//! The trait of all methods.

use std::sync::Arc;

use super::{Execution, Plan, PlanRequest, Verification, verification::verify_programs};
use crate::{OpProgram, SlotReuse};
use signloop_base::Result;

/// An inference method.
pub trait Method: Sync {
    /// The name used in files and on the command line.
    fn name(&self) -> &'static str;

    /// One line for `signloop list`.
    fn summary(&self) -> &'static str;

    /// Whether the method can run the layer (activation bits, scheme); the reason if not.
    ///
    /// # Errors
    /// Why the method does not apply, in words for the user.
    fn applies(&self, request: &PlanRequest<'_>) -> std::result::Result<(), String> {
        let _ = request;
        Ok(())
    }

    /// Whether planning takes so long that plans are worth keeping on disk. Such a method can tell
    /// counts and storage from its programs: see [`Method::plan_of`].
    fn is_slow(&self) -> bool {
        false
    }

    /// The plan of this method that has these programs, counted anew; `None` where counts and
    /// storage do not follow from the programs alone. Whether the programs are right is not asked.
    ///
    /// # Errors
    /// A count overflows.
    fn plan_of(
        &self,
        request: &PlanRequest<'_>,
        programs: Vec<Arc<OpProgram>>,
    ) -> Result<Option<Plan>> {
        let _ = (request, programs);
        Ok(None)
    }

    /// Another method that plans this layer in just the same way, so that it is planned once.
    fn same_as(&self, request: &PlanRequest<'_>) -> Option<&'static dyn Method> {
        let _ = request;
        None
    }

    /// Plans the layer.
    ///
    /// # Errors
    /// A count overflows, or the work was interrupted.
    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;

    /// When a plan's partial sums are used again, in the order in which the method runs it; nothing
    /// for plans that are no programs. `slots_a_line` are the numbers of slots that may share a line.
    fn slot_reuse(
        &self,
        request: &PlanRequest<'_>,
        plan: &Plan,
        slots_a_line: &[u64],
    ) -> Option<SlotReuse> {
        let programs = || plan.programs.iter();
        let row = request.shape.kernel_width;
        (plan.execution == Execution::Program && !plan.programs.is_empty()).then(|| {
            programs().fold(SlotReuse::new(slots_a_line, row), |reuse, own| reuse.with(own))
        })
    }

    /// Executes a plan of this method on random integers and holds it against the dense product:
    /// every program on [`VECTORS`](crate::VECTORS) inputs. A method whose plans are no programs
    /// brings an evaluator of its own, or counts a closed form that is not executed.
    ///
    /// # Errors
    /// The plan does not give the dense product, which is a fault of the method, or a sum
    /// overflows.
    fn verify(&self, request: &PlanRequest<'_>, plan: &Plan, seed: u64) -> Result<Verification> {
        verify_programs(self.name(), request, plan, seed)
    }
}

impl std::fmt::Debug for dyn Method {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
