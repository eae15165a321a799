//! Studies: each answers one question with the whole of the machinery.

pub mod check;
pub mod measure;
pub mod reproduce;
pub mod selection;
pub mod sweep;
