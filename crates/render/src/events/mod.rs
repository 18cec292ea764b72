//! What happens during a run, one module per format.

pub mod human;
pub mod json;
