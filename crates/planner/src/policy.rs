//! Policies: what every plan has to meet, whoever wrote its configuration.
//!
//! Each instance is looked at as it is configured, at the moment it is decoded, so that a finding
//! points at the very argument. What a service fills in does not count: a policy is about what the
//! configuration asks for. `rules` has the rules that are built in, `literal` finds where the value
//! of a credential is written out, `exceptions` which findings comments ask to ignore.

mod exceptions;
mod literal;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use flowctl_lang::{Reference, Resolved, Scope, Subject, references};
use flowctl_model::plan::{CheckResult, CheckStatus};
use flowctl_model::{Address, AttributePath, Step, Target, Text, Value, problem};
use flowctl_parser::ast::{Expr, ExprKind, Name, Span};
use flowctl_parser::configuration::Condition;
use flowctl_parser::diagnostic::{Diagnostic, Severity, nearest};
use flowctl_parser::policy::{Policy as Written, Rule};
use flowctl_schema::{Providers, ResourceType};
use regex::Regex;

use crate::conditions::{self, Kind};
use crate::decode::Places;
use crate::walk::{Instance, Phase, Walk};

use self::exceptions::Plea;
use self::rules::{BuiltIn, Outcome};

pub(crate) use self::exceptions::idle;
pub use self::literal::literal_credentials;

/// Policies that can be evaluated.
#[derive(Clone, Default, Debug)]
pub struct Policies {
    all: Arc<[Policy]>,
    /// Comments of the configuration do not count.
    deaf: bool,
}

/// One of them.
#[derive(Debug)]
struct Policy {
    written: Written,
    /// `None` for a condition of its own.
    built_in: Option<&'static BuiltIn>,
    name: Option<Regex>,
    tags: Vec<(Text, Regex)>,
    except: Vec<Target>,
}

/// What policies have found so far.
#[derive(Default)]
pub(crate) struct Findings {
    /// What does not meet them.
    pub(crate) violations: Vec<Diagnostic>,
    failed: Vec<CheckResult>,
    /// For each policy whether it is not known of some instance whether it is met.
    unknown: Vec<bool>,
    /// Places in the configuration's list of those comments that are about a finding.
    excepted: BTreeSet<usize>,
}

impl Policies {
    /// Makes policies ready, and says what is wrong with them.
    pub fn prepare(written: Vec<Written>, providers: &Providers) -> (Self, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let policies = written
            .into_iter()
            .filter_map(|written| Policy::prepare(written, providers, &mut found))
            .collect();
        let all = policies;
        (Self { all, deaf: false }, found)
    }
}

/// The rules that are built in, and what each asks for.
pub fn built_in_rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    rules::RULES.iter().map(|rule| (rule.name, rule.doc))
}

impl Policy {
    fn prepare(
        written: Written,
        providers: &Providers,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let before = found.len();
        let built_in = match &written.rule {
            Rule::BuiltIn(name) => {
                let rule = rules::RULES.iter().find(|rule| *rule.name == *name.text);
                if rule.is_none() {
                    found.push(unknown_rule(name));
                }
                rule
            }
            Rule::Custom { condition, .. } => {
                check_custom(&written, condition, found);
                None
            }
        };
        if let Some(name) = &written.resource_type
            && providers.resource_type(&name.text).is_none()
        {
            let known = providers.resource_types().map(|t| t.name());
            let detail = format!("flowctl does not know a resource type {:?}.", &*name.text);
            let error = Diagnostic::error(name.span, "Invalid resource type", detail);
            found.push(match nearest(&name.text, known) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help("`flowctl schema` lists the resource types that there are"),
            });
        }
        let name = written.name_pattern.as_ref();
        let name = name.and_then(|name| pattern(name, found));
        let tags = written
            .tags
            .iter()
            .filter_map(|(key, value)| Some((Text::from(&**key), pattern(value, found)?)));
        let tags = tags.collect();
        let except = written.except.iter();
        let except = except.filter_map(|name| exception(name, found)).collect();
        (found.len() == before).then_some(Self {
            written,
            built_in,
            name,
            tags,
            except,
        })
    }

    /// Whether the policy is about an instance; `None` if that is not known yet.
    fn concerns(&self, address: &Address, config: &Value) -> Option<bool> {
        let ty = self.written.resource_type.as_ref();
        if ty.is_some_and(|ty| *ty.text != *address.resource.type_name)
            || self.except.iter().any(|target| target.covers(address))
        {
            return Some(false);
        }
        let name = |pattern| finds(pattern, config.get("name"));
        let tag = |(key, pattern): &(Text, Regex)| {
            let tags = config.get("tags").filter(|tags| !tags.is_null());
            match tags {
                Some(tags) if !tags.is_known() => None,
                tags => finds(pattern, tags.and_then(|tags| tags.get(key))),
            }
        };
        let answers: Vec<_> = self
            .name
            .iter()
            .map(name)
            .chain(self.tags.iter().map(tag))
            .collect();
        if answers.contains(&Some(false)) {
            Some(false)
        } else if answers.contains(&None) {
            None
        } else {
            Some(true)
        }
    }

    fn summary(&self) -> String {
        format!("Policy violation: {}", self.written.name.text)
    }
}

/// Whether a pattern finds a string; `None` if it is not known yet. What is not there is not found.
fn finds(pattern: &Regex, value: Option<&Value>) -> Option<bool> {
    match value {
        Some(value) if !value.is_known() => None,
        value => Some(
            value
                .and_then(Value::as_str)
                .is_some_and(|text| pattern.is_match(text)),
        ),
    }
}

fn unknown_rule(name: &Name) -> Diagnostic {
    let known = || built_in_rules().map(|(name, _)| name);
    let list: Vec<_> = known().map(|name| format!("{name:?}")).collect();
    let detail = format!(
        "There is no rule {:?}. The rules are {}.",
        &*name.text,
        list.join(", ")
    );
    let error = Diagnostic::error(name.span, "Unknown rule", detail);
    match nearest(&name.text, known()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help("write a `condition` of your own for anything else"),
    }
}

fn pattern(name: &Name, found: &mut Vec<Diagnostic>) -> Option<Regex> {
    match Regex::new(&name.text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let text = error.to_string();
            // The error draws the pattern first; what is wrong with it stands last.
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.trim().trim_start_matches("error: ");
            let detail = format!("This is no regular expression: {reason}.");
            found.push(Diagnostic::error(name.span, "Invalid pattern", detail));
            None
        }
    }
}

fn exception(name: &Name, found: &mut Vec<Diagnostic>) -> Option<Target> {
    match name.text.parse() {
        Ok(target) => Some(target),
        Err(error) => {
            let detail = format!("This is no address of a resource or module: {error}.");
            found.push(Diagnostic::error(name.span, "Invalid address", detail));
            None
        }
    }
}

fn check_custom(written: &Written, condition: &Expr, found: &mut Vec<Diagnostic>) {
    if written.resource_type.is_none() {
        let detail = "A condition is about resources of one type.";
        let error = Diagnostic::error(written.header, "Policy without a resource type", detail);
        found.push(error.with_help("add `resource_type = \"aws_appflow_connector_profile\"`"));
    }
    let (references, wrong) = references(condition);
    found.extend(wrong);
    let outside = references
        .iter()
        .filter(|reference| reference.subject != Subject::SelfRef);
    found.extend(outside.map(not_here));
}

fn not_here(reference: &Reference) -> Diagnostic {
    let detail = "A policy does not know the configuration that it is applied to, only `self`: the \
                  resource as it is configured.";
    Diagnostic::error(reference.span, "Invalid reference in a policy", detail)
}

/// What conditions of policies may use.
struct OnlySelf<'a>(&'a Value);

impl Scope for OnlySelf<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        match reference.subject {
            Subject::SelfRef => Ok(self.0.clone().into()),
            _ => Err(not_here(reference)),
        }
    }
}

/// An instance that a policy looks at.
struct Subjected<'a> {
    address: &'a Address,
    resource: &'a dyn ResourceType,
    block: &'a flowctl_parser::configuration::Resource,
    config: &'a Value,
}

/// Looks at an instance.
pub(crate) fn check(
    walk: &mut Walk<'_>,
    instance: &Instance<'_>,
    resource: &dyn ResourceType,
    config: &Value,
    places: &Places,
) {
    let policies = Arc::clone(&walk.input.options.policies.all);
    if policies.is_empty() {
        return;
    }
    let address = walk.address(instance);
    let subject = Subjected {
        address: &address,
        resource,
        block: instance.resource,
        config,
    };
    walk.policy.unknown.resize(policies.len(), false);
    for (index, policy) in policies.iter().enumerate() {
        let outcome = match policy.concerns(&address, config) {
            Some(false) => continue,
            None => Outcome::Unknown,
            Some(true) => match policy.built_in {
                Some(rule) => (rule.check)(walk, &subject),
                None => custom(walk, policy, &subject, places),
            },
        };
        match outcome {
            Outcome::Met => {}
            Outcome::Unknown => walk.policy.unknown[index] = true,
            Outcome::Invalid(found) => walk.policy.violations.extend(found),
            Outcome::Violated(violations) => {
                for violation in violations {
                    tell(walk, policy, &subject, violation, places);
                }
            }
        }
    }
}

/// How an instance does not meet a policy.
struct Violation {
    path: AttributePath,
    /// Where it is wrong, if that is elsewhere.
    span: Option<Span>,
    detail: String,
    help: Option<String>,
    values: Vec<(String, String)>,
}

fn tell(
    walk: &mut Walk<'_>,
    policy: &Policy,
    subject: &Subjected<'_>,
    violation: Violation,
    places: &Places,
) {
    let address = subject.address;
    let severity = policy.written.severity;
    // While a plan is carried out only what stops it is news.
    if walk.phase == Phase::Apply && severity == Severity::Warning {
        return;
    }
    let argument = places.of(&violation.path);
    let span = violation.span.unwrap_or(argument);
    let exception = format!(
        "make an exception with `except = [{:?}]`",
        address.to_string()
    );
    let mut diagnostic = Diagnostic::error(span, policy.summary(), violation.detail.clone())
        .with_label(policy.written.header, "asked for by this policy")
        .with_help(match violation.help {
            Some(help) => format!("{help}; or {exception} in the policy"),
            None => format!("{exception} in the policy, if there is a reason for one"),
        })
        .with_address(address.to_string());
    diagnostic.severity = severity;
    diagnostic.values = violation.values;
    match exceptions::plea(walk, policy, &[span, argument, subject.block.header]) {
        Plea::Granted(exception) => {
            if walk.phase != Phase::Apply {
                walk.policy
                    .violations
                    .push(diagnostic.ignored_by(exception));
            }
            return;
        }
        Plea::Refused(exception, why) => {
            diagnostic = diagnostic.with_label(exception.comment, why);
        }
        Plea::None => {}
    }
    if walk.phase == Phase::Apply {
        walk.diagnostics.push(diagnostic);
        return;
    }
    walk.policy.violations.push(diagnostic);
    walk.policy.failed.push(CheckResult {
        address: format!("policy.{}", policy.written.name.text),
        status: CheckStatus::Fail,
        severity: match severity {
            Severity::Error => problem::Severity::Error,
            Severity::Warning => problem::Severity::Warning,
        },
        message: Some(violation.detail),
    });
}

fn custom(walk: &Walk<'_>, policy: &Policy, subject: &Subjected<'_>, places: &Places) -> Outcome {
    let Rule::Custom {
        condition,
        error_message,
    } = &policy.written.rule
    else {
        return Outcome::Met;
    };
    let written = Condition {
        header: policy.written.header,
        condition: condition.clone(),
        error_message: error_message.clone(),
    };
    let scope = OnlySelf(subject.config);
    let checked = conditions::check_with(&scope, walk.input.world, &written, Kind::POLICY);
    match (checked.status, checked.message) {
        (CheckStatus::Fail, Some(message)) => {
            let told = |d: Diagnostic| d.is_error().then_some(d.values);
            let values = checked.diagnostics.into_iter().rev().find_map(told);
            Outcome::Violated(vec![Violation {
                path: about(condition, places),
                span: None,
                detail: format!("{}: {message}", subject.address),
                help: None,
                values: values.unwrap_or_default(),
            }])
        }
        _ if !checked.diagnostics.is_empty() => Outcome::Invalid(checked.diagnostics),
        (CheckStatus::Unknown, _) => Outcome::Unknown,
        _ => Outcome::Met,
    }
}

/// The argument that a condition is about: the first that is written in the configuration.
fn about(condition: &Expr, places: &Places) -> AttributePath {
    let mut found = None;
    first_path(condition, places, &mut found);
    found.unwrap_or_default()
}

fn first_path(expr: &Expr, places: &Places, found: &mut Option<AttributePath>) {
    if found.is_some() {
        return;
    }
    if let Some(path) = path_in_self(expr) {
        *found = (!path.steps().is_empty() && places.has(&path)).then_some(path);
        if found.is_some() {
            return;
        }
    }
    expr.children(&mut |child| first_path(child, places, found));
}

/// `self.a[0].b` as a path.
fn path_in_self(expr: &Expr) -> Option<AttributePath> {
    match &expr.kind {
        ExprKind::Variable(name) if &**name == "self" => Some(AttributePath::root()),
        ExprKind::GetAttr(access) => {
            let target = path_in_self(&access.target)?;
            Some(target.child(&*access.name.text))
        }
        ExprKind::Index(access) => {
            let target = path_in_self(&access.target)?;
            match &access.key.kind {
                ExprKind::Number(digits) => Some(target.with(Step::Index(digits.parse().ok()?))),
                ExprKind::String(key) => Some(target.key(&**key)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The outcome of every policy, when all instances were looked at.
pub(crate) fn results(walk: &mut Walk<'_>) -> Vec<CheckResult> {
    let policies = Arc::clone(&walk.input.options.policies.all);
    let mut results = std::mem::take(&mut walk.policy.failed);
    for (index, policy) in policies.iter().enumerate() {
        let address = format!("policy.{}", policy.written.name.text);
        if results.iter().any(|result| result.address == address) {
            continue;
        }
        let unknown = walk.policy.unknown.get(index).copied().unwrap_or_default();
        results.push(CheckResult {
            address,
            status: if unknown {
                CheckStatus::Unknown
            } else {
                CheckStatus::Pass
            },
            severity: match policy.written.severity {
                Severity::Error => problem::Severity::Error,
                Severity::Warning => problem::Severity::Warning,
            },
            message: None,
        });
    }
    results.sort_by(|a, b| a.address.cmp(&b.address));
    results
}
