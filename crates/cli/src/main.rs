//! The flowctl binary.
fn main() {}
