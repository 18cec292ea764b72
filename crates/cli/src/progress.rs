//! What moves on a terminal while a run goes on: one line for each operation under way, and how
//! many there are in all.

use std::collections::BTreeMap;
use std::time::Duration;

use flowctl_model::Address;
use flowctl_model::event::{Event, Operation};
use flowctl_render::events::human::doing;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often lines are drawn again.
const TICK: Duration = Duration::from_millis(120);

type Key = (Address, &'static str, bool);

/// The lines at the bottom of the terminal.
pub(crate) struct Progress {
    lines: MultiProgress,
    /// All operations, or all resources that are read.
    total: Option<ProgressBar>,
    running: BTreeMap<Key, ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            lines: MultiProgress::new(),
            total: None,
            running: BTreeMap::new(),
        }
    }

    /// Whether an event is worth a line that stays.
    pub(crate) fn is_result(event: &Event) -> bool {
        !matches!(
            event,
            Event::OperationStarted(_)
                | Event::OperationStillGoing { .. }
                | Event::RefreshProgress { .. }
        )
    }

    /// Moves the lines.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::RefreshStarted { total } => self.count("Refreshing state", *total),
            Event::RefreshProgress { done, .. } => {
                if let Some(total) = &self.total {
                    total.set_position(*done as u64);
                }
            }
            Event::RefreshDone { .. } | Event::Summary(_) => self.clear(),
            Event::OperationPlanned(_) => match &self.total {
                Some(total) => total.inc_length(1),
                None => self.count("Applying", 1),
            },
            Event::OperationStarted(operation) => self.begin(operation),
            Event::OperationStillGoing {
                operation,
                waiting_for: Some(what),
                ..
            } => {
                if let Some(line) = self.running.get(&key(operation)) {
                    line.set_message(format!("{} waiting for {what}", doing(operation)));
                }
            }
            Event::OperationFinished { operation, .. }
            | Event::OperationFailed { operation, .. }
            | Event::OperationSkipped { operation, .. } => self.end(operation),
            Event::RunStarted { .. }
            | Event::Recovered(_)
            | Event::OperationStillGoing { .. }
            | Event::Cancelled { .. } => {}
        }
    }

    /// Does something with the terminal while the lines are out of the way.
    pub(crate) fn aside(&self, work: impl FnOnce()) {
        self.lines.suspend(work);
    }

    /// Takes all lines away.
    pub(crate) fn clear(&mut self) {
        for line in std::mem::take(&mut self.running).into_values() {
            line.finish_and_clear();
        }
        if let Some(total) = self.total.take() {
            total.finish_and_clear();
        }
    }

    fn count(&mut self, what: &'static str, length: usize) {
        self.clear();
        let line = ProgressBar::new(length as u64).with_message(what);
        let line = self
            .lines
            .add(line.with_style(style("{msg} [{bar:30}] {pos}/{len} [{elapsed}]")));
        line.enable_steady_tick(TICK);
        self.total = Some(line);
    }

    fn begin(&mut self, operation: &Operation) {
        let line = ProgressBar::new_spinner().with_message(doing(operation));
        let line = line.with_style(style("{spinner} {msg} [{elapsed}]"));
        let line = match &self.total {
            Some(total) => self.lines.insert_before(total, line),
            None => self.lines.add(line),
        };
        line.enable_steady_tick(TICK);
        self.running.insert(key(operation), line);
    }

    fn end(&mut self, operation: &Operation) {
        if let Some(line) = self.running.remove(&key(operation)) {
            line.finish_and_clear();
        }
        if let Some(total) = &self.total {
            total.inc(1);
        }
    }
}

fn key(operation: &Operation) -> Key {
    let address = operation.address.clone();
    (address, operation.action.name(), operation.deposed)
}

/// A layout; one that indicatif does not understand would be a fault of ours, and plain is better
/// than nothing.
fn style(layout: &str) -> ProgressStyle {
    let plain = || ProgressStyle::default_bar();
    ProgressStyle::with_template(layout).unwrap_or_else(|_| plain())
}
