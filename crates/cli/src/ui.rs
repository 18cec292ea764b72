//! The terminal: the only writer of stdout and stderr, the only reader of answers.
//!
//! Results go to stdout, diagnostics and progress to stderr. Nothing that moves, no colour and no
//! question appears where nobody would see it.

use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Color};
use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_render::diagnostics::human::{self, Look};
use flowctl_render::style::{Style, Styled, clean};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use zeroize::Zeroizing;

use crate::args::{ColorWhen, GlobalArgs};
use crate::env::Env;
use crate::error::{CommandError, Outcome};

/// The width of what is not written to a terminal.
const WIDTH: usize = 80;

/// The terminal, or what stands in its place.
pub(crate) struct Ui {
    out: Stream,
    err: Stream,
    width: usize,
    unicode: bool,
    /// Whether questions may be asked.
    asks: bool,
    /// Whether work goes on when nobody reads the results any more.
    keeps_going: bool,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    color: bool,
    terminal: bool,
}

impl Stream {
    fn new(writer: impl Write + IsTerminal + Send + 'static, when: ColorWhen, env: &Env) -> Self {
        let terminal = writer.is_terminal();
        let color = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => terminal && !env.no_color,
        };
        Self {
            writer: Box::new(io::BufWriter::new(writer)),
            color,
            terminal,
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }

    /// A labelled text as this stream shows it.
    fn dressed(&self, text: &Styled) -> String {
        if self.color {
            colored(text)
        } else {
            text.as_str().to_owned()
        }
    }
}

impl Ui {
    /// The terminal as the options and the environment want it.
    pub(crate) fn new(options: &GlobalArgs, env: &Env) -> Self {
        let when = if options.no_color {
            ColorWhen::Never
        } else {
            options.color
        };
        let out = Stream::new(io::stdout(), when, env);
        let err = Stream::new(io::stderr(), when, env);
        let seen = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let seen = seen.filter(|_| out.terminal || err.terminal);
        Self {
            width: env.columns.or(seen).unwrap_or(WIDTH).max(40),
            unicode: !env.ascii,
            asks: io::stdin().is_terminal() && err.terminal && !env.no_input,
            keeps_going: false,
            out,
            err,
        }
    }

    /// A terminal for what must be said before it is known how: no colours.
    pub(crate) fn plain() -> Self {
        let stream = |writer: Box<dyn Write + Send>| Stream {
            writer,
            color: false,
            terminal: false,
        };
        Self {
            out: stream(Box::new(io::stdout())),
            err: stream(Box::new(io::stderr())),
            width: WIDTH,
            unicode: true,
            asks: false,
            keeps_going: false,
        }
    }

    /// Writes a result as it is.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CommandError> {
        match self.out.write(text) {
            Err(error) if self.keeps_going && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(unwritable),
        }
    }

    /// Writes a labelled result.
    pub(crate) fn print_styled(&mut self, text: &Styled) -> Result<(), CommandError> {
        let text = self.out.dressed(text);
        self.print(&text)
    }

    /// Writes a remark to stderr. That it cannot be written is no reason to stop.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = self.err.write(&format!("{text}\n"));
    }

    /// Shows what is wrong, and where.
    pub(crate) fn diagnostics(&mut self, found: &[Diagnostic], sources: &SourceMap) {
        if found.is_empty() {
            return;
        }
        let look = Look {
            color: self.err.color,
            width: self.width,
            unicode: self.unicode,
        };
        let text = human::human(found, sources, &look);
        let _ = self.err.write(&text);
    }

    /// Shows warnings in one line each.
    pub(crate) fn compact_warnings(&mut self, found: &[Diagnostic], sources: &SourceMap) {
        let mut text = Styled::new();
        text.push(Style::Warning, "Warnings:\n\n");
        for warning in found {
            let ignored = if warning.ignored.is_some() {
                "Ignored: "
            } else {
                ""
            };
            text.plain(&format!("- {ignored}{}", clean(&warning.summary)));
            if let Some(span) = warning.span
                && let (Some(file), Some((start, _))) =
                    (sources.get(span.file), sources.range(span))
            {
                let place = format!(" ({}:{})", clean(&file.path), start.line);
                text.push(Style::Dim, &place);
            }
            text.plain("\n");
        }
        text.plain("\nWithout --compact-warnings they are shown in full.\n");
        let text = self.err.dressed(&text);
        let _ = self.err.write(&text);
    }

    /// Shows what ended a command.
    pub(crate) fn error(&mut self, error: &CommandError) {
        match error {
            CommandError::Wrong(found, sources) => self.diagnostics(found, sources),
            CommandError::Interrupted => self.note("Interrupted; nothing was changed."),
            CommandError::Told
            | CommandError::Usage
            | CommandError::BrokenPipe
            | CommandError::Internal => {}
        }
    }

    /// Shows clap's answer: help and version are results, everything else is an error.
    pub(crate) fn answer_of_clap(
        &mut self,
        answer: &clap::Error,
        color: bool,
    ) -> Result<Outcome, CommandError> {
        let dress = |terminal: bool| {
            let text = answer.render();
            if color && terminal {
                text.ansi().to_string()
            } else {
                text.to_string()
            }
        };
        if answer.use_stderr() {
            let text = dress(io::stderr().is_terminal());
            let _ = self.err.write(&text);
            Err(CommandError::Usage)
        } else {
            self.print(&dress(io::stdout().is_terminal()))?;
            Ok(Outcome::Done)
        }
    }

    /// How wide lines may be.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether someone watches stderr.
    pub(crate) fn is_watched(&self) -> bool {
        self.err.terminal
    }

    /// Whether someone is there to answer.
    pub(crate) fn can_ask(&self) -> bool {
        self.asks
    }

    /// What was approved is carried out to its end, whether or not somebody still reads along.
    pub(crate) fn keep_going(&mut self) {
        self.keeps_going = true;
    }

    /// No question is asked from here on.
    pub(crate) fn ask_nothing(&mut self) {
        self.asks = false;
    }

    /// Asks for a line; `None` at the end of input. What is secret is not shown while it is typed.
    pub(crate) fn ask(
        &mut self,
        question: &Styled,
        secret: bool,
    ) -> Result<Option<Zeroizing<String>>, CommandError> {
        let question = self.err.dressed(question);
        let _ = self.err.write(&question);
        if secret {
            let answer = console::Term::stderr().read_secure_line();
            return answer
                .map(|line| Some(Zeroizing::new(line)))
                .map_err(unreadable);
        }
        read_line().map_err(unreadable)
    }

    /// The same for a command with a runtime, which can be interrupted meanwhile.
    pub(crate) async fn ask_beside(
        &mut self,
        question: &Styled,
    ) -> Result<Option<Zeroizing<String>>, CommandError> {
        let question = self.err.dressed(question);
        let _ = self.err.write(&question);
        let line = tokio::task::spawn_blocking(read_line).await;
        // It cannot be cancelled, and a panic has been reported where it happened.
        line.map_err(|_| CommandError::Internal)?
            .map_err(unreadable)
    }
}

/// A line of input without its end; `None` at the end of input.
fn read_line() -> io::Result<Option<Zeroizing<String>>> {
    let mut line = Zeroizing::new(String::new());
    let read = io::stdin().lock().read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok((read > 0).then_some(line))
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn unwritable(error: io::Error) -> CommandError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return CommandError::BrokenPipe;
    }
    CommandError::user("Cannot write the output", format!("{error}."))
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn unreadable(error: io::Error) -> CommandError {
    CommandError::user("Cannot read the answer", format!("{error}."))
}

/// A labelled text with the colours of a terminal.
fn colored(text: &Styled) -> String {
    let mut out = String::with_capacity(text.as_str().len() * 2);
    for (style, run) in text.runs() {
        let color = |color: AnsiColor| anstyle::Style::new().fg_color(Some(Color::Ansi(color)));
        let look = match style {
            Style::Plain => {
                out.push_str(run);
                continue;
            }
            Style::Strong => anstyle::Style::new().bold(),
            Style::Dim => anstyle::Style::new().dimmed(),
            Style::Added => color(AnsiColor::Green),
            Style::Changed => color(AnsiColor::Yellow),
            Style::Removed => color(AnsiColor::Red),
            Style::Error => color(AnsiColor::Red).bold(),
            Style::Warning => color(AnsiColor::Yellow).bold(),
        };
        out.push_str(&look.render().to_string());
        out.push_str(run);
        out.push_str(&look.render_reset().to_string());
    }
    out
}

/// Whose log may be shown. The service's client is not among them: it logs answers, and a service may
/// repeat in them what it was sent.
const LOGGED: [&str; 4] = ["flowctl", "aws_config", "hyper_util", "rustls"];

/// Starts the log on stderr if it is asked for: addresses and ids, never values.
pub(crate) fn start_log(env: &Env, verbose: u8) {
    let filter = match (&env.log, verbose) {
        (Some(filter), _) if !filter.is_empty() => filter.clone(),
        (_, 0) => return,
        (_, 1) => "info".to_owned(),
        _ => "debug".to_owned(),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    let shown = tracing_subscriber::filter::filter_fn(|line| {
        let of = |name| line.target().split("::").next() == Some(name);
        LOGGED.into_iter().any(of) || line.target().starts_with("flowctl_")
    });
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::EnvFilter::new(filter))
        .with(lines.with_filter(shown));
    // There is no other log in this process.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
