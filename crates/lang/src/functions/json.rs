//! Functions that write JSON.

use super::{Function, Kind, Param, Returns, text};

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "jsonencode",
    params: &[Param::new("val", Kind::Any).null().unknown().any_type()],
    returns: Returns::Fixed(Kind::String),
    doc: "The value as JSON.",
    example: ("jsonencode({ a = [1, true] })", "\"{\\\"a\\\":[1,true]}\""),
    body: |call| Ok(crate::json::encode(&call.arg(0)).map_or_else(|_| call.unknown(), text)),
    ..Function::BASE
}];
