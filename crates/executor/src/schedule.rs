//! When each operation of a plan may begin: a pure state machine over the plan's graph.
//!
//! It knows numbers only: no resources, no time, no runtime. The driver feeds it what happened
//! ([`Input`]) and carries out what it answers ([`Command`]), so that tests can drive it through
//! every order of completion, failure and cancellation.
//!
//! A node of the graph is a change of the plan; a change is taken apart into steps, because a
//! replacement is two operations between which others may have to run. Where `B` depends on `A`:
//!
//! - what makes or changes `B` waits for what makes or changes `A`;
//! - if both are replaced in the same order, the old `B` is deleted before the old `A`;
//! - if `A` is replaced by creating first, its old object is deleted only after `B` has moved on
//!   to the new one;
//! - an edge from or to a plain deletion is taken as it stands: one after the other.
//!
//! The second and third rule are courtesies to the service. Where all rules together would make
//! operations wait for each other, these two give way.

use std::collections::{BTreeSet, VecDeque};

/// How a change is carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Nothing to do; done as soon as what it depends on is.
    Pass,
    /// One operation that makes, changes or reads.
    Forward,
    /// One operation that takes away.
    Backward,
    /// A replacement that deletes first.
    DeleteThenCreate,
    /// A replacement that creates first.
    CreateThenDelete,
}

/// One operation of a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Step {
    /// Index of the change in the plan.
    pub node: usize,
    /// Which of its operations.
    pub part: Part,
}

/// Which operation of a change a step is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// The only operation of a change that is no replacement.
    Only,
    /// The deletion in a replacement.
    Delete,
    /// The creation in a replacement.
    Create,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The schedule may begin to give out work.
    Begin,
    /// A started step was done.
    Done(Step),
    /// A started step failed.
    Failed(Step),
    /// Nothing new may begin.
    Cancel,
}

/// What is to be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Begin this step.
    Start(Step),
    /// This change with nothing to do was reached: everything it depends on is done.
    Pass(usize),
    /// This step will never begin; `Some` node is the change whose failure is the cause, `None`
    /// stands for cancellation.
    Skip(Step, Option<usize>),
    /// Every step was done, failed or skipped; nothing will follow.
    Finish,
}

/// The dependencies form a cycle: these changes wait for each other.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the plan's operations wait for each other in a cycle")]
pub struct Cycle {
    /// Changes that are on or behind the cycle.
    pub nodes: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Waiting,
    Ready,
    Running,
    Over,
}

#[derive(Clone, Debug)]
struct Entry {
    step: Step,
    pass: bool,
    status: Status,
    /// How many of the steps that must come first are not done yet.
    missing: usize,
    followers: Vec<usize>,
}

/// The state machine; see the module's documentation.
#[derive(Clone, Debug)]
pub struct Schedule {
    entries: Vec<Entry>,
    /// Index into `entries` of the first step of each node; one more at the end.
    first: Vec<usize>,
    /// Steps that may begin, given out in the plan's order.
    ready: BTreeSet<usize>,
    /// Steps with nothing to do that were reached.
    passing: Vec<usize>,
    running: usize,
    parallelism: usize,
    /// Steps that are not over yet.
    left: usize,
    begun: bool,
    cancelled: bool,
    finished: bool,
}

impl Schedule {
    /// A schedule for changes of these shapes; `edges[i]` are the changes that come before `i`.
    /// At most `parallelism` (at least one) steps run at a time.
    pub fn new(shapes: &[Shape], edges: &[Vec<usize>], parallelism: usize) -> Result<Self, Cycle> {
        Self::connected(shapes, edges, parallelism, true)
            .or_else(|_| Self::connected(shapes, edges, parallelism, false))
    }

    fn connected(
        shapes: &[Shape],
        edges: &[Vec<usize>],
        parallelism: usize,
        courteous: bool,
    ) -> Result<Self, Cycle> {
        let mut entries = Vec::with_capacity(shapes.len());
        let mut first = Vec::with_capacity(shapes.len() + 1);
        for (node, shape) in shapes.iter().enumerate() {
            first.push(entries.len());
            let parts: &[Part] = match shape {
                Shape::Pass | Shape::Forward | Shape::Backward => &[Part::Only],
                Shape::DeleteThenCreate => &[Part::Delete, Part::Create],
                Shape::CreateThenDelete => &[Part::Create, Part::Delete],
            };
            entries.extend(parts.iter().map(|&part| Entry {
                step: Step { node, part },
                pass: *shape == Shape::Pass,
                status: Status::Waiting,
                missing: 0,
                followers: Vec::new(),
            }));
        }
        first.push(entries.len());
        let left = entries.len();
        let mut schedule = Self {
            entries,
            first,
            ready: BTreeSet::new(),
            passing: Vec::new(),
            running: 0,
            parallelism: parallelism.max(1),
            left,
            begun: false,
            cancelled: false,
            finished: false,
        };
        for (node, shape) in shapes.iter().enumerate() {
            let (start, end) = (schedule.first[node], schedule.first[node + 1]);
            if end - start == 2 {
                schedule.order(start, start + 1);
            }
            for &before in edges.get(node).into_iter().flatten() {
                if let Some(before_shape) = shapes.get(before).filter(|_| before != node) {
                    schedule.connect(before, *before_shape, node, *shape, courteous);
                }
            }
        }
        schedule.check_acyclic()?;
        Ok(schedule)
    }

    /// How many steps run now.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Takes in what happened and says what is to be done. An input about a step that is not
    /// running changes nothing.
    pub fn on(&mut self, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        match input {
            Input::Begin => {
                if !self.begun {
                    self.begun = true;
                    for index in 0..self.entries.len() {
                        self.make_ready(index);
                    }
                }
            }
            Input::Done(step) => {
                if let Some(index) = self.stop(step) {
                    self.complete(index);
                }
            }
            Input::Failed(step) => {
                if let Some(index) = self.stop(step) {
                    self.skip_after(index, step.node, &mut commands);
                }
            }
            Input::Cancel => self.cancel(&mut commands),
        }
        self.give_out(&mut commands);
        if self.begun && self.left == 0 && !self.finished {
            self.finished = true;
            commands.push(Command::Finish);
        }
        commands
    }

    /// Orders the steps of two changes of which `after` depends on `before`.
    fn connect(
        &mut self,
        before: usize,
        before_shape: Shape,
        after: usize,
        after_shape: Shape,
        courteous: bool,
    ) {
        let plain = |shape| shape == Shape::Backward;
        if plain(before_shape) || plain(after_shape) {
            self.order(self.first[before + 1] - 1, self.first[after]);
            return;
        }
        self.order(self.forward(before), self.forward(after));
        if !courteous {
            return;
        }
        match (
            before_shape,
            after_shape,
            self.backward(before),
            self.backward(after),
        ) {
            // Both orders would have to hold at once: the deletions are left unordered. A planner
            // that spreads create-before-delete to dependencies does not produce this.
            (Shape::DeleteThenCreate, Shape::CreateThenDelete, ..) => {}
            (.., Some(old_before), Some(old_after)) => self.order(old_after, old_before),
            (Shape::CreateThenDelete, _, Some(old_before), None) => {
                self.order(self.forward(after), old_before);
            }
            _ => {}
        }
    }

    /// The step that makes or changes, in a change that has one.
    fn forward(&self, node: usize) -> usize {
        let (start, end) = (self.first[node], self.first[node + 1]);
        (start..end)
            .find(|&i| self.entries[i].step.part == Part::Create)
            .unwrap_or(start)
    }

    /// The deletion in a replacement.
    fn backward(&self, node: usize) -> Option<usize> {
        (self.first[node]..self.first[node + 1])
            .find(|&i| self.entries[i].step.part == Part::Delete)
    }

    fn order(&mut self, before: usize, after: usize) {
        self.entries[before].followers.push(after);
        self.entries[after].missing += 1;
    }

    fn check_acyclic(&self) -> Result<(), Cycle> {
        let mut missing: Vec<usize> = self.entries.iter().map(|e| e.missing).collect();
        let mut free: Vec<usize> = (0..missing.len()).filter(|&i| missing[i] == 0).collect();
        let mut seen = 0;
        while let Some(index) = free.pop() {
            seen += 1;
            for &follower in &self.entries[index].followers {
                missing[follower] -= 1;
                if missing[follower] == 0 {
                    free.push(follower);
                }
            }
        }
        if seen == missing.len() {
            return Ok(());
        }
        let stuck = (0..missing.len()).filter(|&i| missing[i] > 0);
        let nodes: BTreeSet<usize> = stuck.map(|i| self.entries[i].step.node).collect();
        Err(Cycle {
            nodes: nodes.into_iter().collect(),
        })
    }

    fn make_ready(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        if entry.missing == 0 && entry.status == Status::Waiting {
            entry.status = Status::Ready;
            if entry.pass {
                self.passing.push(index);
            } else {
                self.ready.insert(index);
            }
        }
    }

    /// Takes a running step off the list of running ones.
    fn stop(&mut self, step: Step) -> Option<usize> {
        let range = *self.first.get(step.node)?..*self.first.get(step.node + 1)?;
        let index = range.into_iter().find(|&i| self.entries[i].step == step)?;
        if self.entries[index].status != Status::Running {
            return None;
        }
        self.running -= 1;
        self.end(index);
        Some(index)
    }

    fn end(&mut self, index: usize) {
        self.entries[index].status = Status::Over;
        self.left -= 1;
    }

    fn complete(&mut self, index: usize) {
        let followers = std::mem::take(&mut self.entries[index].followers);
        for follower in followers {
            let entry = &mut self.entries[follower];
            entry.missing -= 1;
            self.make_ready(follower);
        }
    }

    fn skip_after(&mut self, failed: usize, cause: usize, commands: &mut Vec<Command>) {
        let mut queue = VecDeque::from([failed]);
        while let Some(index) = queue.pop_front() {
            for follower in std::mem::take(&mut self.entries[index].followers) {
                let entry = &self.entries[follower];
                // What follows a failure has never been ready, so it can only wait or be over.
                if entry.status != Status::Waiting {
                    continue;
                }
                if !entry.pass {
                    commands.push(Command::Skip(entry.step, Some(cause)));
                }
                self.end(follower);
                queue.push_back(follower);
            }
        }
    }

    fn cancel(&mut self, commands: &mut Vec<Command>) {
        if std::mem::replace(&mut self.cancelled, true) {
            return;
        }
        self.begun = true;
        self.ready.clear();
        self.passing.clear();
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            if matches!(entry.status, Status::Waiting | Status::Ready) {
                if !entry.pass {
                    commands.push(Command::Skip(entry.step, None));
                }
                self.end(index);
            }
        }
    }

    fn give_out(&mut self, commands: &mut Vec<Command>) {
        while let Some(index) = self.passing.pop() {
            commands.push(Command::Pass(self.entries[index].step.node));
            self.end(index);
            self.complete(index);
        }
        while self.running < self.parallelism {
            let Some(index) = self.ready.pop_first() else {
                break;
            };
            let entry = &mut self.entries[index];
            entry.status = Status::Running;
            commands.push(Command::Start(entry.step));
            self.running += 1;
        }
    }
}

#[cfg(test)]
mod tests;
