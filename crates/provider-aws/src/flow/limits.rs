//! What the service's model demands of the strings of a flow, by the names that the tables use.

use flowctl_schema::Constraint;

use crate::limits::{matching, word};

/// Any printable text, as Glue takes it.
const PRINTABLE: &str = r"[\t\x{20}-\x{FFFD}\x{10000}-\x{10FFFF}]*";

/// An object of a connector.
pub(super) fn object() -> Vec<Constraint> {
    word(512)
}

/// An entity of a connector of one's own.
pub(super) fn entity() -> Vec<Constraint> {
    word(1024)
}

/// The version of a connector's API.
pub(super) fn api_version() -> Vec<Constraint> {
    word(256)
}

/// The name of a connector profile.
pub(super) fn profile_name() -> Vec<Constraint> {
    matching(0, 256, r"[\w/!@#+=.-]+")
}

/// What a person says about a flow.
pub(super) fn description() -> Vec<Constraint> {
    matching(0, 2048, r"[\w!@#\-.?,\s]*")
}

/// The name of an API that transfers data.
pub(super) fn transfer_name() -> Vec<Constraint> {
    matching(0, 64, r"[\w/-]+")
}

/// The type of documents in Veeva.
pub(super) fn document_type() -> Vec<Constraint> {
    matching(0, 512, r"[\s\w_-]+")
}

/// A domain of Customer Profiles.
pub(super) fn domain() -> Vec<Constraint> {
    word(64)
}

/// A type of objects in Customer Profiles.
pub(super) fn object_type() -> Vec<Constraint> {
    word(255)
}

/// The name of a bucket that Upsolver reads.
pub(super) fn upsolver_bucket() -> Vec<Constraint> {
    matching(16, 63, r"^(upsolver-appflow)\S*")
}

/// A list of names of fields.
pub(super) fn fields() -> Vec<Constraint> {
    vec![Constraint::Values(word(128))]
}

/// A list of fields of a source.
pub(super) fn source_fields() -> Vec<Constraint> {
    vec![Constraint::Values(matching(0, 2048, ".*"))]
}

/// A list of strings of an enumeration.
pub(super) fn any_of(strings: &'static [&'static str]) -> Vec<Constraint> {
    vec![Constraint::Values(vec![Constraint::OneOf(strings)])]
}

/// Properties of a task, by their names.
pub(super) fn task_properties(names: &'static [&'static str]) -> Vec<Constraint> {
    vec![
        Constraint::Keys(vec![Constraint::OneOf(names)]),
        Constraint::Values(matching(0, 2048, ".+")),
    ]
}

/// A point in time.
pub(super) fn time() -> Vec<Constraint> {
    vec![Constraint::Pattern(
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})",
    )]
}

/// A database of Glue.
pub(super) fn database() -> Vec<Constraint> {
    matching(0, 255, PRINTABLE)
}

/// What names of tables of Glue begin with.
pub(super) fn table_prefix() -> Vec<Constraint> {
    matching(0, 128, PRINTABLE)
}
