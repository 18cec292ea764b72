//! `flowctl comment`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use flowctl_render::plan::markdown;

use crate::app::{App, Context};
use crate::error::{CommandError, Outcome};
use crate::forge::{Forge, Host, Thread};
use crate::{files, runtime};

/// The first line of a comment that has no marker of its own.
const MARKER: &str = "<!-- flowctl:comment -->";

/// Write a plan as a comment on a pull request, in place of the one before
///
/// The comment begins with a line that nobody sees, as `flowctl plan --format=markdown` writes it:
/// a comment with the same first line is given the new text, so that each directory keeps one
/// comment. The token is that of GITHUB_TOKEN or GITLAB_TOKEN.
#[derive(Args)]
#[command(group = ArgGroup::new("where").required(true))]
pub(crate) struct CommentArgs {
    /// The pull request on GitHub
    #[arg(long, value_name = "OWNER/REPO#N", value_parser = Thread::github, group = "where")]
    github: Option<Thread>,

    /// The merge request on GitLab
    #[arg(long, value_name = "GROUP/PROJECT!N", value_parser = Thread::gitlab, group = "where")]
    gitlab: Option<Thread>,

    /// The text in Markdown; - for standard input
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// Where the host's API is, if not at api.github.com, GITHUB_API_URL or CI_SERVER_URL
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &CommentArgs) -> Result<Outcome, CommandError> {
    let App { ui, context } = app;
    let Some(thread) = args.github.as_ref().or(args.gitlab.as_ref()) else {
        return Err(CommandError::Internal);
    };
    let text = text(&args.file, thread.host)?;
    let marker = marker(&text).unwrap_or(MARKER);
    let forge = forge(context, thread.host, args.api_url.as_deref())?;
    let runtime = runtime::full()?;
    let posted = runtime.block_on(forge.post(thread, marker, &text))?;
    let did = if posted.updated { "Updated" } else { "Created" };
    let place = posted.url.map(|url| format!(": {url}"));
    ui.print(&format!("{did} the comment{}\n", place.unwrap_or_default()))?;
    Ok(Outcome::Done)
}

fn forge(context: &Context, host: Host, given: Option<&str>) -> Result<Forge, CommandError> {
    let env = &context.env;
    let (token, url) = match host {
        Host::GitHub => {
            let url = env.github_api_url.clone();
            let url = url.unwrap_or_else(|| "https://api.github.com".to_owned());
            (env.github_token.clone(), url)
        }
        Host::GitLab => {
            let server = env.gitlab_url.as_deref().unwrap_or("https://gitlab.com");
            let url = format!("{}/api/v4", server.trim_end_matches('/'));
            (env.gitlab_token.clone(), url)
        }
    };
    let Some(token) = token else {
        let detail = format!(
            "The environment variable {} is not set, and {} takes comments from nobody unknown.",
            host.token_variable(),
            host.name()
        );
        return Err(CommandError::user("No token", detail));
    };
    Forge::new(host, given.unwrap_or(&url), token)
}

/// The text of the comment, if the host takes one of its length.
fn text(file: &Path, host: Host) -> Result<String, CommandError> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    } else {
        files::read(file)
    };
    let text = read.map_err(|reason| {
        let detail = format!("The file {} cannot be read: {reason}.", file.display());
        CommandError::user("Failed to read the comment", detail)
    })?;
    if text.trim().is_empty() {
        let detail = format!("There is nothing in {}.", file.display());
        return Err(CommandError::user("Empty comment", detail));
    }
    let longest = match host {
        Host::GitHub => markdown::Host::GitHub,
        Host::GitLab => markdown::Host::GitLab,
    }
    .max_length();
    let text = match marker(&text) {
        Some(_) => text,
        None => format!("{MARKER}\n{text}"),
    };
    let length = text.chars().count();
    if length > longest {
        let name = host.name();
        let detail =
            format!("{name} takes {longest} characters, and there are {length}: it is too long.");
        return Err(CommandError::user("Comment too long", detail).with_help(
            "write it with `flowctl plan --format=markdown`, which keeps to the limit",
        ));
    }
    Ok(text)
}

/// The line by which a text can be found again: a comment of Markdown that nobody sees.
fn marker(text: &str) -> Option<&str> {
    let first = text.lines().next()?.trim();
    (first.starts_with("<!-- ") && first.ends_with(" -->")).then_some(first)
}
