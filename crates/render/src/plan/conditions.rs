//! Conditions that do not hold, and what was found of them: each is said once, at the place where a
//! reader looks for it. Errors stand at the top; what fails with a warning stands with the checks.

use flowctl_model::plan::{CheckResult, CheckStatus, Plan};
use flowctl_model::problem::Severity;
use flowctl_parser::Diagnostic;

/// A condition that does not hold or is not known yet, and what has its place.
pub(super) struct Open<'a> {
    pub(super) check: &'a CheckResult,
    pub(super) found: Option<&'a Diagnostic>,
}

impl Open<'_> {
    /// What became of it.
    pub(super) fn word(&self) -> &'static str {
        match (self.check.status, self.check.severity) {
            (CheckStatus::Fail, Severity::Error) => "failed",
            (CheckStatus::Fail, Severity::Warning) => "failed (warning)",
            _ => "known after apply",
        }
    }
}

/// The conditions that are not met, but for those that stand among the errors.
pub(super) fn open<'a>(plan: &'a Plan, diagnostics: &'a [Diagnostic]) -> Vec<Open<'a>> {
    let checks = plan.checks.iter();
    let unmet = checks.filter(|check| check.status != CheckStatus::Pass);
    let open = unmet.map(|check| Open {
        check,
        found: diagnostics.iter().find(|found| tells(check, found)),
    });
    open.filter(|open| !open.found.is_some_and(Diagnostic::is_error))
        .collect()
}

/// What was found, but for the warnings that stand with the conditions.
pub(super) fn others<'a>(plan: &'a Plan, diagnostics: &'a [Diagnostic]) -> Vec<&'a Diagnostic> {
    let stands = |found: &Diagnostic| plan.checks.iter().any(|check| tells(check, found));
    let found = diagnostics.iter();
    found
        .filter(|found| found.is_error() || !stands(found))
        .collect()
}

fn tells(check: &CheckResult, found: &Diagnostic) -> bool {
    check.status == CheckStatus::Fail
        && check.message.as_deref() == Some(&*found.detail)
        && found
            .address
            .as_deref()
            .is_none_or(|of| of == check.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, severity: Severity) -> CheckResult {
        CheckResult {
            address: address.to_owned(),
            status: CheckStatus::Fail,
            severity,
            message: Some(format!("{address} is wrong")),
        }
    }

    fn warning(summary: &str, detail: &str, address: Option<&str>) -> Diagnostic {
        Diagnostic {
            severity: flowctl_parser::Severity::Warning,
            address: address.map(str::to_owned),
            ..Diagnostic::error_without_place(summary, detail)
        }
    }

    #[test]
    fn every_condition_is_said_once() {
        let plan = Plan {
            checks: vec![
                check("check.a", Severity::Warning),
                check("terraform_data.b", Severity::Error),
                check("check.alone", Severity::Warning),
            ],
            ..Plan::default()
        };
        let told = warning("Failed", "check.a is wrong", Some("check.a"));
        let other = warning("Old", "check.a is wrong, they say", None);
        let error = Diagnostic::error_without_place("Failed", "terraform_data.b is wrong");
        let found = [told, other, error];
        let open: Vec<_> = open(&plan, &found)
            .iter()
            .map(|open| (&*open.check.address, open.found.is_some()))
            .collect();
        assert_eq!(open, [("check.a", true), ("check.alone", false)]);
        let others: Vec<_> = others(&plan, &found).iter().map(|d| &*d.summary).collect();
        assert_eq!(others, ["Old", "Failed"]);
    }
}
