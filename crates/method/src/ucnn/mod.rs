//! `ucnn`: activation groups shared by G filters.
//!
//! UCNN (Hegde et al., ISCA'18, arXiv:1804.06508): inputs with equal weights are added before the
//! weight is applied. G filters share one indirection table, sorted by (w_1, …, w_G): a trie whose
//! leaves are the inputs with equal weights in all G filters. Filter l adds the nodes of level l
//! with w_l ≠ 0; a node of a level is the sum of its children.

mod method;
mod trie;

pub use method::Ucnn;
