//! Plans, one module per format.

mod compare;
mod diff;
mod elements;
pub mod human;
mod page;
