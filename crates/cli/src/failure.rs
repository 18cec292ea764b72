//! What a service refused, as a diagnostic: its own words, what was asked, and where that is
//! configured.

use flowctl_model::Address;
use flowctl_parser::{Configuration, Diagnostic};
use flowctl_planner::place_of;
use flowctl_schema::ProviderError;

use crate::error::sentence;

/// A refusal that concerns no resource.
pub(crate) fn of_service(summary: &str, error: &ProviderError) -> Diagnostic {
    let facts = [
        Some(("operation", error.operation.clone())),
        error.code.clone().map(|code| ("error", code)),
        error.status.map(|status| ("status", status.to_string())),
        error.request_id.clone().map(|id| ("request", id)),
    ];
    let facts: Vec<_> = facts
        .into_iter()
        .flatten()
        .filter(|(_, fact)| !fact.is_empty())
        .map(|(name, fact)| format!("{name} {fact}"))
        .collect();
    let mut detail = sentence(&error.message);
    if !facts.is_empty() {
        detail = format!("{detail}\n({})", facts.join(", "));
    }
    Diagnostic {
        help: error.hint.clone(),
        ..Diagnostic::error_without_place(summary, detail)
    }
}

/// A refusal that concerns an instance.
pub(crate) fn of_instance(
    summary: &str,
    error: &ProviderError,
    address: &Address,
    configuration: &Configuration,
) -> Diagnostic {
    Diagnostic {
        span: place_of(configuration, address),
        ..of_service(summary, error).with_address(address.to_string())
    }
}
