//! Plans, one module per format.

mod collections;
mod compact;
mod compare;
mod conditions;
mod diff;
mod elements;
pub mod html;
pub mod human;
pub mod json;
mod lines;
pub mod markdown;
mod objects;
mod page;
mod resource;
