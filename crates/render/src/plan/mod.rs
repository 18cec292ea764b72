//! Plans, one module per format.

mod collections;
mod compact;
mod compare;
mod diff;
mod elements;
pub mod human;
mod page;
mod resource;
