//! Diagnostics, one module per format.

pub mod json;
