//! Functions of JSON.

use super::{Call, Function, FunctionError, Kind, Param, Returns, text};
use crate::json::NoJson;

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "jsondecode",
        params: &[Param::new("str", Kind::String)],
        may_return_null: true,
        doc: "The value that a JSON text describes.",
        example: ("jsondecode(\"{\\\"a\\\": [1, true]}\").a[1]", "true"),
        body: |call: &mut Call<'_>| {
            crate::json::decode(call.text(0)?)
                .map_err(|error| FunctionError::other(error.to_string()))
        },
        ..Function::BASE
    },
    Function {
        name: "jsonencode",
        params: &[Param::new("val", Kind::Any).null().unknown().any_type()],
        returns: Returns::Fixed(Kind::String),
        doc: "The value as JSON.",
        example: ("jsonencode({ a = [1, true] })", "\"{\\\"a\\\":[1,true]}\""),
        body: |call| match crate::json::encode(&call.arg(0)) {
            Ok(json) => Ok(text(json)),
            Err(NoJson::NotKnown) => Ok(super::unknown_json(&call.arg(0))),
            Err(NoJson::Infinite) => Err(FunctionError::other("cannot serialize infinity as JSON")),
        },
        ..Function::BASE
    },
];
