//! What every method has in common: what it is asked, and what it answers.
//!
//! | file | says |
//! |---|---|
//! | `request` | the layer to be planned, and the options |
//! | `plan` | how a plan runs, its programs and their counts |
//! | `storage` | what it keeps in memory for the weights |
//! | `verification` | that it gives the dense product |
//! | `method` | the trait that each method implements |

mod method;
mod plan;
mod request;
mod storage;
mod verification;

pub use method::Method;
pub(crate) use plan::programs_of;
pub use plan::{Execution, Plan};
pub use request::{PlanOptions, PlanRequest, SEARCH_ITERATIONS_PER_SECOND};
pub use storage::WeightStorage;
pub(crate) use storage::bits_for;
pub(crate) use verification::wrong_product;
pub use verification::{VECTORS, Verification};
