//! `q-gym`: equality saturation on small tiles.
//!
//! After Q-Gym (Fu, Huang et al., PACT'22), whose code is not public: all ways to write the sums
//! of a tile that follow from a few laws stand side by side in an e-graph, and the set of sums
//! with the fewest adds is taken out of it. An e-graph of n inputs grows as 5^n (3^n without
//! signs), so tiles are small: columns of a layer, or rows after equal columns are factored out.

mod extract;
mod factored;
mod method;
mod saturate;

pub use method::QGym;
