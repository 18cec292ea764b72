//! Policies: what every plan has to meet, written in a directory of its own so that those who
//! answer for the rules need not be those who write the configuration.
//!
//! Only their syntax and structure is read here. Which rules there are, and what they look at, is
//! for whoever evaluates them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Expr, Name, Span};
use crate::blocks;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hcl;
use crate::load::{FileSystem, join};
use crate::source::SourceMap;

/// What files of policies end with.
const ENDING: &str = ".hcl";

/// A `policy` block.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// Its label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// What becomes of a plan that does not meet it.
    pub severity: Severity,
    /// What has to hold.
    pub rule: Rule,
    /// `resource_type`: only resources of this type.
    pub resource_type: Option<Name>,
    /// `name`: only resources whose `name` this regular expression finds.
    pub name_pattern: Option<Name>,
    /// `tags`: only resources whose tags of these keys these regular expressions find.
    pub tags: Vec<(Arc<str>, Name)>,
    /// `except`: addresses that the policy is not about.
    pub except: Vec<Name>,
    /// `ignorable`: whether comments in the configuration may ask for exceptions.
    pub ignorable: bool,
}

/// What a policy asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Rule {
    /// `rule`: one that is built in, by its name.
    BuiltIn(Name),
    /// `condition` and `error_message`: an expression over `self`.
    Custom {
        /// What must be true.
        condition: Expr,
        /// What is said when it is not.
        error_message: Expr,
    },
}

/// Reads the policies of a directory; its files are added to `sources`.
pub fn load_policies(
    directory: &str,
    files: &dyn FileSystem,
    sources: &mut SourceMap,
) -> (Vec<Policy>, Vec<Diagnostic>) {
    let mut policies = Vec::new();
    let mut found = Vec::new();
    let unreadable = |what: &str, reason: &str| {
        Diagnostic::error_without_place(
            "Unreadable policies",
            format!("{what} cannot be read: {reason}."),
        )
    };
    let mut names = match files.list(directory) {
        Ok(names) => names,
        Err(reason) => {
            let what = format!("The directory {directory}");
            return (policies, vec![unreadable(&what, &reason)]);
        }
    };
    names.retain(|name| name.ends_with(ENDING) && !name.starts_with('.'));
    names.sort();
    for name in names {
        let path = join(directory, &name);
        match files.read(&path) {
            Ok(text) => {
                let file = sources.add(path, text.as_str());
                let (body, wrong) = hcl::parse_body(file, &text);
                found.extend(wrong);
                policies.extend(blocks::policies(body, &mut found));
            }
            Err(reason) => found.push(unreadable(&format!("The file {path}"), &reason)),
        }
    }
    if policies.is_empty() && found.is_empty() {
        // A directory that was misspelled must not pass for one whose rules are all met.
        let error = Diagnostic::error_without_place(
            "No policies",
            format!("The directory {directory} has no file with a policy block."),
        );
        found.push(error.with_help("policies are written in files that end with `.hcl`"));
    }
    duplicates(&policies, &mut found);
    (policies, found)
}

fn duplicates(policies: &[Policy], out: &mut Vec<Diagnostic>) {
    let mut seen = BTreeMap::new();
    for policy in policies {
        if let Some(first) = seen.insert(&policy.name.text, policy.header) {
            let detail = format!("There is a policy named {:?} already.", &*policy.name.text);
            let error = Diagnostic::error(policy.header, "Duplicate policy", detail);
            out.push(error.with_label(first, "first declared here"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(&'static [(&'static str, &'static str)]);

    impl FileSystem for Files {
        fn list(&self, directory: &str) -> Result<Vec<String>, String> {
            match directory {
                "rules" => Ok(self.0.iter().map(|(name, _)| (*name).to_owned()).collect()),
                _ => Err("there is no such file or directory".to_owned()),
            }
        }
        fn read(&self, path: &str) -> Result<String, String> {
            let of = |name: &str| join("rules", name) == path;
            let found = self.0.iter().find(|(name, _)| of(name));
            found
                .map(|(_, text)| (*text).to_owned())
                .ok_or_else(|| "?".to_owned())
        }
    }

    fn read(text: &'static str) -> (Vec<Policy>, Vec<String>) {
        let files = [("a.hcl", text), ("notes.md", "policy {")];
        let files = Files(Box::leak(Box::new(files)));
        let (policies, found) = load_policies("rules", &files, &mut SourceMap::default());
        let told = found.iter().map(|d| format!("{}: {}", d.summary, d.detail));
        (policies, told.collect())
    }

    #[test]
    fn everything_that_a_policy_may_say() {
        let (policies, found) = read(
            r#"
policy "keys" {
  rule     = "kms-arn-required"
  severity = "warning"
  name     = "^prod-"
  tags     = { env = "prod|live" }
  except   = ["aws_appflow_connector_profile.old"]
}
policy "own" {
  resource_type = "terraform_data"
  condition     = self.input != null
  error_message = "An input is needed."
}
"#,
        );
        assert_eq!(found, Vec::<String>::new());
        let [keys, own] = &policies[..] else {
            panic!("{policies:?}")
        };
        assert_eq!(keys.severity, Severity::Warning);
        assert_eq!(&*keys.name_pattern.as_ref().unwrap().text, "^prod-");
        assert_eq!(&*keys.tags[0].0, "env");
        assert_eq!(&*keys.except[0].text, "aws_appflow_connector_profile.old");
        assert!(matches!(&keys.rule, Rule::BuiltIn(name) if &*name.text == "kms-arn-required"));
        assert_eq!(own.severity, Severity::Error);
        assert!(matches!(own.rule, Rule::Custom { .. }));
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        for (text, expected) in [
            ("rule \"x\" {}", "Unsupported block type"),
            ("a = 1", "Unsupported argument"),
            ("policy {}", "Missing name for policy"),
            ("policy \"a\" {}", "Policy without a rule"),
            (
                "policy \"a\" {\n rule = \"r\"\n condition = self.x\n error_message = \"\"\n}",
                "Policy with two rules",
            ),
            (
                "policy \"a\" {\n condition = self.x\n}",
                "Missing required argument",
            ),
            (
                "policy \"a\" {\n condition = true\n error_message = \"no\"\n}",
                "Invalid policy condition",
            ),
            ("policy \"a\" {\n rule = var.x\n}", "Variables not allowed"),
            (
                "policy \"a\" {\n rule = \"r\"\n severity = \"fatal\"\n}",
                "Invalid severity",
            ),
            (
                "policy \"a\" {\n rule = \"r\"\n except = \"x\"\n}",
                "Invalid expression",
            ),
            (
                "policy \"a\" {\n rule = \"r\"\n}\npolicy \"a\" {\n rule = \"r\"\n}",
                "Duplicate policy",
            ),
            ("", "No policies"),
        ] {
            let (_, found) = read(text);
            assert!(
                found.iter().any(|told| told.starts_with(expected)),
                "{text}: {found:?}"
            );
        }
        let (_, found) = load_policies("rulse", &Files(&[]), &mut SourceMap::default());
        assert_eq!(found[0].summary, "Unreadable policies");
    }
}
