//! Exceptions from policies that comments of the configuration ask for.

use std::collections::BTreeSet;

use flowctl_parser::ast::Span;
use flowctl_parser::diagnostic::{Diagnostic, nearest};
use flowctl_parser::exception::Exception;
use flowctl_parser::policy::Rule;

use super::{Policies, Policy};
use crate::walk::Walk;

/// What a comment does for a finding.
pub(super) enum Plea<'a> {
    /// There is none.
    None,
    /// The finding is ignored.
    Granted(&'a Exception),
    /// It does not count, for this reason.
    Refused(&'a Exception, &'static str),
}

/// Looks for a comment about any of these places.
pub(super) fn plea<'a>(walk: &mut Walk<'a>, policy: &Policy, places: &[Span]) -> Plea<'a> {
    let all = walk.input.configuration.exceptions.iter().enumerate();
    let about = |one: &Exception| places.iter().any(|place| one.is_about(*place));
    let mut meant: Vec<_> = all
        .filter(|(_, one)| policy.is_called(&one.rule.text) && about(one))
        .collect();
    // One that gives no reason does not spoil one that does.
    meant.sort_by_key(|(_, one)| one.reason.is_empty());
    let Some((index, one)) = meant.into_iter().next() else {
        return Plea::None;
    };
    walk.policy.excepted.insert(index);
    if walk.input.options.policies.deaf {
        Plea::Refused(one, "does not count: the configuration is not trusted")
    } else if !policy.written.ignorable {
        Plea::Refused(one, "does not count: the policy cannot be ignored")
    } else if one.reason.is_empty() {
        Plea::Refused(one, "does not count: it gives no reason")
    } else {
        Plea::Granted(one)
    }
}

impl Policy {
    /// Whether a comment with this name means the policy.
    fn is_called(&self, name: &str) -> bool {
        let rule = match &self.written.rule {
            Rule::BuiltIn(rule) => Some(&*rule.text),
            Rule::Custom { .. } => None,
        };
        name == &*self.written.name.text
            || Some(name) == rule
            || name == Diagnostic::error(self.written.header, self.summary(), "").rule()
    }
}

impl Policies {
    /// The same for a configuration that cannot ask for exceptions.
    #[must_use]
    pub fn without_exceptions(self) -> Self {
        Self { deaf: true, ..self }
    }
}

/// Comments that do nothing, though policies of that name were looked at.
pub(crate) fn idle(walk: &Walk<'_>) -> Vec<Diagnostic> {
    let policies = &walk.input.options.policies.all;
    // What was not looked at in whole says nothing of comments.
    if policies.is_empty() || walk.has_errors() {
        return Vec::new();
    }
    let names: BTreeSet<&str> = policies.iter().map(|one| &*one.written.name.text).collect();
    let exceptions = walk.input.configuration.exceptions.iter().enumerate();
    let unused = exceptions.filter(|(index, _)| !walk.policy.excepted.contains(index));
    let idle = unused.filter_map(|(_, one)| {
        let name = &*one.rule.text;
        let mut called = policies
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_called(name))
            .peekable();
        if called.peek().is_none() {
            let near = nearest(name, names.iter().copied())?;
            let detail = format!("No policy is called {name:?}, so that nothing is ignored here.");
            let warning = Diagnostic::warning(one.comment, "Unknown rule in a comment", detail);
            return Some(warning.with_help(format!("did you mean `{near}`?")));
        }
        let unknown = |(index, _): (usize, &Policy)| {
            walk.policy.unknown.get(index).copied().unwrap_or_default()
        };
        if called.any(unknown) {
            return None;
        }
        let detail = format!("There is nothing here that does not meet the policy {name:?}.");
        let warning = Diagnostic::warning(one.comment, "Comment ignores nothing", detail);
        Some(warning.with_help("remove the comment, or put it right above what it is about"))
    });
    idle.collect()
}
