//! What is typed: options that several commands share, each defined once.

pub(crate) mod look;
pub(crate) mod normalise;
pub(crate) mod planning;
pub(crate) mod policy;
pub(crate) mod variables;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// Options of every command, before or after it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Go to this directory first
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) chdir: Option<PathBuf>,

    /// The state
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = ".flowctl/state.db"
    )]
    pub(crate) state: PathBuf,

    /// Send requests to this endpoint instead of the service's own
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,

    /// Use an AppFlow endpoint inside flowctl: no AWS account is needed
    ///
    /// Its data are in `.flowctl/emulator.db`.
    #[arg(long, global = true, conflicts_with = "endpoint_url")]
    pub(crate) emulator: bool,

    /// Let `external` run the programs that the configuration names
    ///
    /// FLOWCTL_ALLOW_EXTERNAL=1 does the same.
    #[arg(long, global = true)]
    pub(crate) allow_external: bool,

    /// Plan a configuration of strangers: nothing outside of this directory is read, nothing that it
    /// names is run, and it cannot say where requests go
    ///
    /// Without a value the directory is the configuration's own. FLOWCTL_UNTRUSTED=1 or
    /// FLOWCTL_UNTRUSTED=DIR does the same.
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true,
        default_missing_value = ".")]
    pub(crate) untrusted: Option<PathBuf>,

    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help = "When to use colours: auto, always or never"
    )]
    pub(crate) color: ColorWhen,

    /// The same as --color=never
    #[arg(long, global = true)]
    pub(crate) no_color: bool,

    /// Log what is done to stderr; -vv logs more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Options of commands that need the state for themselves.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Run")]
pub(crate) struct LockArgs {
    /// Wait this long for another run to end: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,

    /// Accepted for Terraform's sake: the state is always locked
    #[arg(long, value_name = "BOOL", hide = true, num_args = 0..=1, require_equals = true,
        default_value = "true", default_missing_value = "true",
        action = clap::ArgAction::Set)]
    pub(crate) lock: bool,
}

/// A time as Terraform writes it: `30s`, `1m30s`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let wrong = || format!("`{text}` is not a time such as 30s, 5m or 1m30s");
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let (count, after) = rest.split_at(number);
        let (unit, factor) = UNITS
            .into_iter()
            .filter(|(unit, _)| after.starts_with(unit))
            .max_by_key(|(unit, _)| unit.len())
            .ok_or_else(wrong)?;
        seconds += count.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = after.get(unit.len()..).unwrap_or_default();
    }
    if text.is_empty() {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_terraform_writes_them() {
        for (text, milliseconds) in [
            ("0s", Some(0)),
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("250ms", Some(250)),
            ("30", None),
            ("", None),
            ("s", None),
            ("5 m", None),
            ("-5s", None),
        ] {
            let read = duration(text).ok().map(|time| time.as_millis());
            assert_eq!(read, milliseconds, "{text}");
        }
    }
}
