//! Options of commands that show a plan.

use std::path::Path;

use clap::{Args, ValueEnum};
use flowctl_render::plan::human::{Context, HumanOptions};
use flowctl_render::plan::markdown;

use crate::env::Env;

/// How much is shown to people.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LookArgs {
    /// One line for each resource
    #[arg(long)]
    compact: bool,

    /// How many unchanged lines or elements are shown beside a change; `all` for everything
    #[arg(long, value_name = "N", default_value = "3", value_parser = lines)]
    context: Context,
}

impl LookArgs {
    /// The same for a terminal of so many columns.
    pub(crate) fn options(self, width: usize) -> HumanOptions {
        HumanOptions {
            width,
            context: self.context,
            compact: self.compact,
        }
    }

    /// Whether anything was asked for.
    pub(crate) fn is_given(self) -> bool {
        self.compact || self.context != HumanOptions::default().context
    }
}

/// The most that a comment may take; the verdict and the counts take some of it in any case.
fn length(text: &str) -> Result<usize, String> {
    let length = text.parse().ok();
    let enough = length.filter(|length| *length >= markdown::SHORTEST);
    enough.ok_or_else(|| format!("a whole number from {} on is needed", markdown::SHORTEST))
}

/// How much is shown beside a change.
fn lines(text: &str) -> Result<Context, String> {
    if text == "all" {
        return Ok(Context::All);
    }
    let wrong = |_| "a whole number is needed, or `all`".to_owned();
    text.parse().map(Context::Lines).map_err(wrong)
}

/// How a comment on a pull request is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct MarkdownArgs {
    /// Where a plan in Markdown is to be read
    #[arg(long, value_name = "HOST", default_value = "github")]
    markdown_host: MarkdownHost,

    /// The most characters of a plan in Markdown, if the host's own limit is too much; at least 1000
    #[arg(long, value_name = "N", value_parser = length)]
    max_length: Option<usize>,

    /// Where all of a plan in Markdown can be read if it has to be shortened: an address or a
    /// command; if not given, the page of the CI job or the command that shows it
    #[arg(long, value_name = "PLACE")]
    whole_at: Option<String>,

    /// What a plan in Markdown or HTML says it is of, by which its comment is told from others on
    /// the same pull request; if not given, the directory as seen from the top of its repository
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
}

impl MarkdownArgs {
    /// What the plan is of.
    pub(crate) fn target(&self) -> String {
        match &self.label {
            Some(label) => label.clone(),
            None => place(&std::env::current_dir().unwrap_or_default()),
        }
    }

    /// Where all of it can be read, which `command` shows wherever it is run.
    pub(crate) fn whole(&self, env: &Env, command: &str) -> String {
        let given = self.whole_at.as_ref().or(env.job.as_ref());
        given.map_or(command, String::as_str).to_owned()
    }

    /// The options of a comment on `target`.
    pub(crate) fn options<'a>(&self, target: &'a str, whole: &'a str) -> markdown::Options<'a> {
        markdown::Options {
            kind: markdown::Kind::Plan,
            target,
            host: self.markdown_host.into(),
            max_length: self.max_length,
            whole: Some(whole),
        }
    }
}

/// A directory, from the top of the git repository it is in: two of the same name are told apart.
fn place(directory: &Path) -> String {
    let mut ancestors = directory.ancestors();
    let top = ancestors.find(|ancestor| ancestor.join(".git").exists());
    let below = top.and_then(|top| directory.strip_prefix(top).ok());
    let below = below.filter(|below| !below.as_os_str().is_empty());
    let name = || directory.file_name().unwrap_or_default();
    below
        .map_or_else(name, Path::as_os_str)
        .to_string_lossy()
        .into_owned()
}

/// The command that shows a plan, saved or to be made again.
pub(crate) fn showing(saved: Option<&Path>) -> String {
    match saved {
        Some(path) => format!("flowctl show {}", path.display()),
        None => "flowctl plan".to_owned(),
    }
}

/// Where comments on pull requests are read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum MarkdownHost {
    Github,
    Gitlab,
    Bitbucket,
}

impl From<MarkdownHost> for markdown::Host {
    fn from(host: MarkdownHost) -> Self {
        match host {
            MarkdownHost::Github => Self::GitHub,
            MarkdownHost::Gitlab => Self::GitLab,
            MarkdownHost::Bitbucket => Self::Bitbucket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_never_longer_than_was_asked_for() {
        assert_eq!(length("1000"), Ok(1000));
        for wrong in ["999", "0", "-1", "x"] {
            let said = length(wrong).unwrap_err();
            assert_eq!(said, "a whole number from 1000 on is needed");
        }
    }

    #[test]
    fn directories_of_the_same_name_are_told_apart() {
        let top = tempfile::tempdir().unwrap();
        let live = top.path().join("live/eu");
        std::fs::create_dir_all(&live).unwrap();
        assert_eq!(place(&live), "eu");
        std::fs::create_dir(top.path().join(".git")).unwrap();
        assert_eq!(place(&live), "live/eu");
        let name = top.path().file_name().unwrap().to_string_lossy();
        assert_eq!(place(top.path()), name);
    }
}
