//! Bytes that move: a layer becomes a loop nest, and nest and caches give the lines of every link.
//!
//! [`gemm`] and [`program`] build the nests, [`residency`] asks each cache, [`hierarchy`] puts the
//! caches together. [`lru`] and [`trace`] are the oracle.

pub mod blocking;
pub mod gemm;
pub mod hierarchy;
pub mod lru;
pub mod nest;
pub mod program;
pub mod residency;
pub mod slots;
pub mod trace;
pub mod work;

pub use hierarchy::{
    below, capacity, effective, level_bytes, link, link_total, links, links_of, memory_level, table,
};
