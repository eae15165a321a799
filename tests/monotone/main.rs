//! Does more of a resource never cost more, and does the bookkeeping add up?

mod accelerators;
mod methods;
mod model;
