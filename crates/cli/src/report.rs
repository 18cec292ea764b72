//! What a run says while it goes on: to a person, as JSON lines, or both at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

use flowctl_model::Text;
use flowctl_model::event::{Event, RunKind};
use flowctl_model::plan::Plan;
use flowctl_model::snapshot::OutputState;
use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_render::style::{Style, Styled};
use flowctl_render::{events, output};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc;

use crate::args::planning::RunArgs;
use crate::error::{CommandError, Outcome};
use crate::progress::Progress;
use crate::ui::Ui;

/// Who is told about a run, and how.
pub(crate) struct Report<'a> {
    pub(crate) ui: &'a mut Ui,
    kind: RunKind,
    compact_warnings: bool,
    /// Stdout gets JSON lines instead of text.
    json: bool,
    /// A file that gets JSON lines beside.
    into: Option<File>,
    /// What moves on a terminal.
    progress: Option<Progress>,
    outcome: events::human::Outcome,
}

impl<'a> Report<'a> {
    /// Begins to tell; a stream of JSON begins with who speaks.
    pub(crate) fn begin(
        ui: &'a mut Ui,
        kind: RunKind,
        args: &RunArgs,
    ) -> Result<Self, CommandError> {
        let into = match &args.json_into {
            None => None,
            Some(path) => Some(File::create(path).map_err(|error| {
                let detail = format!("{}: {error}.", path.display());
                CommandError::user("Cannot write the file of --json-into", detail)
            })?),
        };
        let mut report = Self {
            progress: (!args.json && ui.is_watched()).then(Progress::new),
            ui,
            kind,
            compact_warnings: args.compact_warnings,
            json: args.json,
            into,
            outcome: events::human::Outcome::default(),
        };
        report.outcome.note(&Event::RunStarted { kind });
        report.lines(|now| vec![events::json::version(env!("CARGO_PKG_VERSION"), now)])?;
        Ok(report)
    }

    /// Ends the report with what ended the run: those who read JSON lines are told there.
    pub(crate) fn end(
        mut self,
        ended: Result<Outcome, CommandError>,
    ) -> Result<Outcome, CommandError> {
        let Err(CommandError::Wrong(found, sources)) = &ended else {
            return ended;
        };
        if self.json {
            self.diagnostics(found, sources);
            return Err(CommandError::Told);
        }
        let _ = self.diagnostic_lines(found, sources);
        ended
    }

    /// Does some work and tells what it tells meanwhile.
    pub(crate) async fn follow<T>(
        &mut self,
        work: impl AsyncFnOnce(mpsc::UnboundedSender<Event>) -> T,
    ) -> T {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let listen = async {
            while let Some(event) = receiver.recv().await {
                self.event(&event);
            }
        };
        let (done, ()) = tokio::join!(work(sender), listen);
        if let Some(progress) = &mut self.progress {
            progress.clear();
        }
        done
    }

    /// Tells an event. That nobody reads it is no reason to stop in the midst of a run.
    fn event(&mut self, event: &Event) {
        let kind = self.kind;
        let _ = self.lines(|now| events::json::event(event, kind, now));
        self.outcome.note(event);
        if self.json {
            return;
        }
        let line = events::human::line(event).map(|mut line| {
            line.plain("\n");
            line
        });
        match &mut self.progress {
            Some(progress) => {
                progress.event(event);
                if let Some(line) = line.filter(|_| Progress::is_result(event)) {
                    let ui = &mut *self.ui;
                    progress.aside(|| drop(ui.print_styled(&line)));
                }
            }
            None => {
                if let Some(line) = line {
                    let _ = self.ui.print_styled(&line);
                }
            }
        }
    }

    /// Tells what is wrong or doubtful.
    pub(crate) fn diagnostics(&mut self, found: &[Diagnostic], sources: &SourceMap) {
        let _ = self.diagnostic_lines(found, sources);
        if self.json {
            return;
        }
        if self.compact_warnings && !found.iter().any(Diagnostic::is_error) {
            self.ui.compact_warnings(found, sources);
        } else {
            self.ui.diagnostics(found, sources);
        }
    }

    fn diagnostic_lines(
        &mut self,
        found: &[Diagnostic],
        sources: &SourceMap,
    ) -> Result<(), CommandError> {
        self.lines(|now| {
            let line = |diagnostic| events::json::diagnostic(diagnostic, sources, now);
            found.iter().map(line).collect()
        })
    }

    /// Tells a plan to those who read JSON lines.
    pub(crate) fn plan(&mut self, plan: &Plan) -> Result<(), CommandError> {
        self.lines(|now| events::json::plan(plan, now))
    }

    /// Tells the outputs.
    pub(crate) fn outputs(
        &mut self,
        outputs: &BTreeMap<Text, OutputState>,
    ) -> Result<(), CommandError> {
        self.lines(|now| vec![events::json::outputs(outputs, now)])?;
        if self.json || outputs.is_empty() {
            return Ok(());
        }
        let mut text = Styled::new();
        text.push(Style::Strong, "\nOutputs:\n\n");
        text.plain(&output::human(outputs));
        self.ui.print_styled(&text)
    }

    /// Tells people how a run ended that changed something.
    pub(crate) fn summary(&mut self) -> Result<(), CommandError> {
        let mut text = Styled::new();
        text.plain("\n");
        text.append(&self.outcome.summary());
        self.say(&text)
    }

    /// Tells something to people only.
    pub(crate) fn say(&mut self, text: &Styled) -> Result<(), CommandError> {
        if self.json {
            Ok(())
        } else {
            self.ui.print_styled(text)
        }
    }

    fn lines(&mut self, write: impl FnOnce(&str) -> Vec<String>) -> Result<(), CommandError> {
        if !self.json && self.into.is_none() {
            return Ok(());
        }
        let mut text = write(&timestamp()).join("\n");
        if text.is_empty() {
            return Ok(());
        }
        text.push('\n');
        if let Some(file) = &mut self.into {
            file.write_all(text.as_bytes()).map_err(|error| {
                let detail = format!("{error}.");
                CommandError::user("Cannot write the file of --json-into", detail)
            })?;
        }
        if self.json {
            self.ui.print(&text)?;
        }
        Ok(())
    }
}

/// A time in seconds since 1970, as machines read it.
pub(crate) fn time_of(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time has whole seconds enough"
    )]
    let time = OffsetDateTime::from_unix_timestamp(seconds as i64);
    time.ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Now, as machines read it.
pub(crate) fn timestamp() -> String {
    let now = OffsetDateTime::now_utc();
    now.format(&Rfc3339).unwrap_or_default()
}
