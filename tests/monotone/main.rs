//! Does more of a resource never cost more, and does the bookkeeping add up?

mod methods;
mod model;
