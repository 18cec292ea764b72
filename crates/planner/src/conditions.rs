//! Conditions with messages: validations, preconditions, postconditions and assertions.

use flowctl_lang::{Evaluator, Scope, World, convert};
use flowctl_model::plan::{CheckResult, CheckStatus};
use flowctl_model::problem::Severity;
use flowctl_model::{Marks, Type, Value};
use flowctl_parser::configuration::Condition;
use flowctl_parser::diagnostic::Diagnostic;

use crate::expansion::Repetition;
use crate::walk::{Instance, Phase, Walk};

/// How a kind of condition speaks of its failure.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    summary: &'static str,
    severity: Severity,
}

impl Kind {
    /// A policy's own condition; the policy says how bad it is.
    pub(crate) const POLICY: Self = Self {
        summary: "Policy violation",
        severity: Severity::Error,
    };

    fn is_validation(self) -> bool {
        self.summary == VARIABLE.summary
    }

    /// How the result of a condition is spoken of that is neither true nor false.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        if self.is_validation() {
            (
                "Invalid variable validation result",
                "Validation condition expression",
                "Invalid validation condition result",
            )
        } else {
            (
                "Invalid condition result",
                "Condition expression",
                "Invalid condition result",
            )
        }
    }

    /// One line for a condition that does not hold.
    pub(crate) fn summary(self) -> &'static str {
        self.summary
    }
}

/// `validation` of a variable.
pub(crate) const VARIABLE: Kind = Kind {
    summary: "Invalid value for variable",
    severity: Severity::Error,
};
/// `precondition` of a resource.
pub(crate) const PRECONDITION: Kind = Kind {
    summary: "Resource precondition failed",
    severity: Severity::Error,
};
/// `postcondition` of a resource.
pub(crate) const POSTCONDITION: Kind = Kind {
    summary: "Resource postcondition failed",
    severity: Severity::Error,
};
/// `precondition` of an output.
pub(crate) const OUTPUT: Kind = Kind {
    summary: "Module output value precondition failed",
    severity: Severity::Error,
};
/// `assert` of a `check` block.
pub(crate) const ASSERTION: Kind = Kind {
    summary: "Check block assertion failed",
    severity: Severity::Warning,
};

/// What became of a condition.
pub(crate) struct Checked {
    pub(crate) status: CheckStatus,
    /// The condition is known not to hold.
    pub(crate) failed: bool,
    pub(crate) message: Option<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Checks a condition that stands outside of any resource.
pub(crate) fn check(walk: &Walk<'_>, place: usize, condition: &Condition, kind: Kind) -> Checked {
    check_in(walk, place, condition, kind, &Repetition::default(), None)
}

fn check_in(
    walk: &Walk<'_>,
    place: usize,
    condition: &Condition,
    kind: Kind,
    repetition: &Repetition,
    this: Option<&Value>,
) -> Checked {
    let scope = walk.scope(place, repetition, this);
    check_with(&scope, walk.input.world, condition, kind)
}

/// Checks a condition with what may be used there.
pub(crate) fn check_with(
    scope: &dyn Scope,
    world: &dyn World,
    condition: &Condition,
    kind: Kind,
) -> Checked {
    let expr = &condition.condition;
    let evaluator = Evaluator::new(scope, world);
    let evaluated = evaluator.evaluate(expr);
    let mut checked = Checked {
        status: CheckStatus::Unknown,
        failed: false,
        message: None,
        diagnostics: Vec::new(),
    };
    if evaluated.has_errors() {
        checked.diagnostics = evaluated.diagnostics;
        return checked;
    }
    let invalid = |detail: String| {
        let mut error = Diagnostic::error(expr.span, kind.words().0, detail);
        error.values = evaluator.values(expr);
        error
    };
    let holds = match convert(&evaluated.value, &Type::Bool) {
        Ok(value) if value.is_null() => {
            let what = kind.words().1;
            let detail = format!("{what} must return either true or false, not null.");
            checked.diagnostics.push(invalid(detail));
            return checked;
        }
        Ok(value) => value.as_bool(),
        Err(error) => {
            let detail = format!("{} value: {error}.", kind.words().2);
            checked.diagnostics.push(invalid(detail));
            return checked;
        }
    };
    let Some(holds) = holds else {
        return checked;
    };
    // A message that cannot be evaluated is an error even while the condition holds.
    let message = match message(evaluator, condition, kind, &mut checked.diagnostics) {
        Some(message) => message,
        None if kind.is_validation() => "Failed to evaluate condition error message.".into(),
        None => return checked,
    };
    checked.status = if holds {
        CheckStatus::Pass
    } else {
        CheckStatus::Fail
    };
    if holds {
        return checked;
    }
    checked.failed = true;
    let mut diagnostic = Diagnostic::error(expr.span, kind.summary, message.clone());
    if kind.severity == Severity::Warning {
        diagnostic.severity = flowctl_parser::diagnostic::Severity::Warning;
    }
    diagnostic.values = evaluator.values(expr);
    checked.message = Some(message);
    checked.diagnostics.push(diagnostic);
    checked
}

/// The message of a condition; `None` if it is none, which is said.
fn message(
    evaluator: Evaluator<'_>,
    condition: &Condition,
    kind: Kind,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let expr = &condition.error_message;
    let evaluated = evaluator.evaluate(expr);
    let failed = evaluated.has_errors();
    found.extend(evaluated.diagnostics);
    if failed {
        return None;
    }
    let unsuitable = |why: &str| {
        let detail = format!("Unsuitable value for error message: {why}.");
        Diagnostic::error(expr.span, "Invalid error message", detail)
    };
    let value = match convert(&evaluated.value, &Type::String) {
        Ok(value) if value.is_null() => {
            // A variable's own error says that there is no message.
            found.extend((!kind.is_validation()).then(|| unsuitable("must not be null")));
            return None;
        }
        Ok(value) => value,
        Err(error) => {
            found.push(unsuitable(&error.to_string()));
            return None;
        }
    };
    let marks = value.marks();
    if marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL) {
        let what = if marks.contains(Marks::EPHEMERAL) {
            ("Error message refers to ephemeral values", "ephemeral")
        } else {
            ("Error message refers to sensitive values", "sensitive")
        };
        let detail = format!(
            "The error expression used to explain this condition refers to {} values, so it is not \
             shown.",
            what.1
        );
        found.push(Diagnostic::warning(expr.span, what.0, detail));
        let hidden = "The message of this condition is not shown, because it contains a secret.";
        return Some(hidden.into());
    }
    Some(match value.as_str() {
        Some(text) => text.trim().to_owned(),
        None => "The error message of this condition is not known yet.".into(),
    })
}

impl Walk<'_> {
    /// Checks conditions of a resource instance; whether all that is known of them holds.
    pub(crate) fn conditions(
        &mut self,
        instance: &Instance<'_>,
        conditions: &[Condition],
        kind: Kind,
        this: Option<&Value>,
    ) -> bool {
        if conditions.is_empty() {
            return true;
        }
        let repetition = self.repetition(instance);
        let address = self.address(instance).to_string();
        let mut all_hold = true;
        for condition in conditions {
            let checked = check_in(self, instance.place, condition, kind, &repetition, this);
            all_hold &= !checked.diagnostics.iter().any(Diagnostic::is_error);
            self.note(&address, kind, checked);
        }
        all_hold
    }

    /// Keeps the outcome of a condition.
    pub(crate) fn note(&mut self, address: &str, kind: Kind, checked: Checked) {
        let in_address = |diagnostic: Diagnostic| diagnostic.with_address(address);
        self.diagnostics
            .extend(checked.diagnostics.into_iter().map(in_address));
        self.checks.push(CheckResult {
            address: address.to_owned(),
            status: checked.status,
            severity: kind.severity,
            message: checked.message,
        });
    }
}

/// Said of an assertion that cannot be evaluated while planning.
pub const ASSERTED_LATER: &str = "Check block assertion known after apply";

/// Checks every `check` block of every module instance.
pub(crate) fn checks(walk: &mut Walk<'_>) {
    let conclusive = matches!(walk.phase, Phase::Plan | Phase::Apply);
    for place in 0..walk.store.len() {
        let module = walk.store.get(place).module;
        for check in &module.checks {
            let instance = &walk.store.get(place).instance;
            let dot = if instance.is_root() { "" } else { "." };
            let address = format!("{instance}{dot}check.{}", check.name.text);
            for condition in &check.asserts {
                let mut checked = self::check(walk, place, condition, ASSERTION);
                // A check never stops the work.
                if walk.phase == Phase::Plan
                    && checked.status == CheckStatus::Unknown
                    && checked.diagnostics.is_empty()
                {
                    checked.diagnostics.push(Diagnostic::warning(
                        condition.condition.span,
                        ASSERTED_LATER,
                        "The condition cannot be evaluated yet: its result will be known when this \
                         plan is applied.",
                    ));
                }
                if conclusive {
                    for diagnostic in &mut checked.diagnostics {
                        diagnostic.severity = flowctl_parser::diagnostic::Severity::Warning;
                    }
                }
                walk.note(&address, ASSERTION, checked);
            }
        }
    }
}
