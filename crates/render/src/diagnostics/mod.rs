//! Diagnostics, one module per format.

mod excerpt;
pub mod human;
pub mod json;
pub mod mask;
pub mod sarif;
