//! The last place where a secret could leave with an error: everything that a provider says goes
//! through here before it reaches the journal, an event or the outcome.

use flowctl_model::Value;
use flowctl_schema::{ProviderError, Redactor, Schema};

/// Takes every secret of `object` (by its schema, or marked sensitive) out of an error, as it is
/// and as base64, URLs and JSON write it.
pub fn redact(error: &mut ProviderError, object: &Value, schema: &Schema) {
    Redactor::of(schema, object).redact_error(error);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowctl_model::Marks;
    use flowctl_schema::ErrorKind;

    use super::*;
    use crate::testing::{services, thing};

    #[test]
    fn no_part_of_an_error_keeps_a_secret_in_any_form() {
        let services = services(&Arc::default());
        let resource = services.resource_type("test_thing").unwrap();
        // A password by the schema, and a size that came from a sensitive variable.
        let object =
            thing("a", "1").map_at(&mut flowctl_model::AttributePath::root(), &mut |path, _| {
                (path.to_string() == "size")
                    .then(|| Value::from("s3cr\"t/1").marked(Marks::SENSITIVE))
            });
        let echoed = "hunter2 aHVudGVyMg== s3cr%22t%2F1 s3cr\\\"t/1";
        let mut error = ProviderError {
            kind: ErrorKind::Validation,
            operation: format!("Create {echoed}"),
            message: format!("refused: {echoed}"),
            code: Some(format!("Code {echoed}")),
            status: Some(400),
            request_id: Some(format!("id {echoed}")),
            hint: Some(format!("do not use {echoed}")),
        };
        redact(&mut error, &object, resource.schema());
        let told = format!("{error:?}");
        for secret in ["hunter2", "aHVudGVyMg", "s3cr", "t%2F1", "t/1"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(told.contains("refused: (sensitive value)"), "{told}");
    }
}
