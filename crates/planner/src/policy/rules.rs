//! The rules that are built in. Each holds for every resource type that has what it is about.

use flowctl_model::{AttributePath, Value};
use flowctl_parser::ast::Span;
use flowctl_parser::diagnostic::Diagnostic;

use super::literal::Literals;
use super::{Subjected, Violation};
use crate::walk::{Phase, Walk};

/// A rule that is built in.
#[derive(Debug)]
pub(super) struct BuiltIn {
    /// Its name in a policy.
    pub(super) name: &'static str,
    /// What it asks for, in a sentence.
    pub(super) doc: &'static str,
    pub(super) check: fn(&Walk<'_>, &Subjected<'_>) -> Outcome,
}

/// What comes of looking at an instance.
pub(super) enum Outcome {
    /// It meets the policy, or is of a type that the policy is not about.
    Met,
    /// That depends on something not known yet.
    Unknown,
    Violated(Vec<Violation>),
    /// The policy itself is wrong.
    Invalid(Vec<Diagnostic>),
}

/// Every rule.
pub(super) static RULES: [BuiltIn; 3] = [
    BuiltIn {
        name: "kms-arn-required",
        doc: "Whatever can be encrypted with a key of your own sets `kms_arn`.",
        check: kms_arn_required,
    },
    BuiltIn {
        name: "private-mode",
        doc: "Connections are private: `connection_mode = \"Private\"`.",
        check: private_mode,
    },
    BuiltIn {
        name: "credentials-not-literal",
        doc: "No credential is written out in the configuration: it comes from a variable, an \
              ephemeral resource, a data source or a file.",
        check: credentials_not_literal,
    },
];

/// The value of an argument; `None` if the type has no such argument.
fn argument<'s>(subject: &Subjected<'s>, name: &str) -> Option<&'s Value> {
    let attribute = subject.resource.schema().block.attribute(name)?;
    let configurable = attribute.presence.is_configurable();
    subject.config.get(name).filter(|_| configurable)
}

fn violated(name: &str, detail: String, help: &str) -> Outcome {
    Outcome::Violated(vec![Violation {
        path: AttributePath::attribute(name),
        span: None,
        detail,
        help: Some(help.to_owned()),
        values: Vec::new(),
    }])
}

fn kms_arn_required(_: &Walk<'_>, subject: &Subjected<'_>) -> Outcome {
    match argument(subject, "kms_arn") {
        Some(value) if value.is_null() || value.as_str() == Some("") => violated(
            "kms_arn",
            format!(
                "{} sets no `kms_arn`, so what it keeps is encrypted with a key that AWS owns.",
                subject.address
            ),
            "set `kms_arn` to the ARN of a key of your own",
        ),
        Some(value) if !value.is_known() => Outcome::Unknown,
        _ => Outcome::Met,
    }
}

fn private_mode(_: &Walk<'_>, subject: &Subjected<'_>) -> Outcome {
    match argument(subject, "connection_mode") {
        None => Outcome::Met,
        Some(value) if !value.is_null() && !value.is_known() => Outcome::Unknown,
        Some(value) if value.as_str() == Some("Private") => Outcome::Met,
        Some(value) => {
            let is = value
                .as_str()
                .map_or("not set".to_owned(), |m| format!("{m:?}"));
            violated(
                "connection_mode",
                format!(
                    "The `connection_mode` of {} is {is}, so its data passes over the public \
                     internet.",
                    subject.address
                ),
                "write `connection_mode = \"Private\"` and name the service of AWS PrivateLink in \
                 its properties",
            )
        }
    }
}

fn credentials_not_literal(walk: &Walk<'_>, subject: &Subjected<'_>) -> Outcome {
    let schema = subject.resource.schema();
    let mut secret = Vec::new();
    subject.config.visit(&mut |path, value| {
        let is_secret = schema.is_secret(path);
        if is_secret && !value.is_null() {
            secret.push(path.clone());
        }
        !is_secret
    });
    let variables = walk.input.configuration.root.variables.values();
    let defaults: Vec<_> = variables
        .filter_map(|variable| Some(variable.default.as_ref()?.span))
        .collect();
    let of_default = |span: Span| {
        let around = |default: &Span| {
            (default.file, default.start <= span.start) == (span.file, true)
                && span.end <= default.end
        };
        walk.phase == Phase::Validate && defaults.iter().any(around)
    };
    let literals = Literals::new(walk.input, subject.address, subject.block);
    let violations: Vec<_> = secret
        .into_iter()
        .filter_map(|path| {
            let span = literals.of(&path).into_iter().next()?;
            let counts = if of_default(span) {
                " Whether a plan would be given another value is not known here, so that the default \
                 counts."
            } else {
                ""
            };
            Some(Violation {
                detail: format!(
                    "`{}` of {} is written out in the configuration, where everybody can read it \
                     who can read the code.{counts}",
                    short(&path),
                    subject.address
                ),
                span: Some(span),
                path,
                help: Some(
                    "take it from a variable with `sensitive = true` and no default, or from an \
                     `ephemeral` resource"
                        .to_owned(),
                ),
                values: Vec::new(),
            })
        })
        .collect();
    if violations.is_empty() {
        Outcome::Met
    } else {
        Outcome::Violated(violations)
    }
}

/// The names of a path that tell one credential from another.
fn short(path: &AttributePath) -> String {
    let names: Vec<_> = path.names().map(flowctl_model::Text::as_str).collect();
    names[names.len().saturating_sub(2)..].join(".")
}
