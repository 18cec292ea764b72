//! Plans, one module per format.

mod collections;
mod compact;
mod compare;
mod diff;
mod elements;
pub mod human;
pub mod json;
pub mod markdown;
mod page;
mod resource;
