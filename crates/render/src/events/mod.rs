//! What happens during a run, one module per format.

pub mod json;
