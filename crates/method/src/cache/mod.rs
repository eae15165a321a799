//! Plans kept on disk, so that the same layer is planned once.
//!
//! An entry is trusted for nothing: [`PlanCache`] checks its key and checksum, `decode` its
//! structure, and what comes out is executed against the dense product and counted again before
//! it is used. An entry that fails is planned anew and replaced. The folder has a limit; what has
//! not been used for longest goes first.

mod encode;
mod folder;
mod store;

pub use encode::{decode, encode};
pub use folder::{Contents, Folder};
pub use store::{PlanCache, is_right};
