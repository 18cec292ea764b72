//! Every order of completion, failure and cancellation, without a runtime.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;

use Shape::{Backward, CreateThenDelete, DeleteThenCreate, Forward, Pass};

/// A step as the tests write it: `0`, `0-` (delete) or `0+` (create).
fn name(step: Step) -> String {
    let sign = match step.part {
        Part::Only => "",
        Part::Delete => "-",
        Part::Create => "+",
    };
    format!("{}{sign}", step.node)
}

/// Starts everything as early as possible with unlimited parallelism; steps that are given out
/// together are completed together. One word per round.
fn rounds(shapes: &[Shape], edges: &[Vec<usize>]) -> String {
    let mut schedule = Schedule::new(shapes, edges, usize::MAX).unwrap();
    let mut commands = schedule.on(Input::Begin);
    let mut rounds = Vec::new();
    loop {
        let started: Vec<Step> = starts(&commands);
        if started.is_empty() {
            assert_eq!(commands.last(), Some(&Command::Finish));
            return rounds.join(" ");
        }
        rounds.push(
            started
                .iter()
                .copied()
                .map(name)
                .collect::<Vec<_>>()
                .join(","),
        );
        commands = started
            .iter()
            .flat_map(|&s| schedule.on(Input::Done(s)))
            .collect();
    }
}

fn starts(commands: &[Command]) -> Vec<Step> {
    let mut steps: Vec<Step> = commands
        .iter()
        .filter_map(|c| match c {
            Command::Start(step) => Some(*step),
            _ => None,
        })
        .collect();
    steps.sort_unstable();
    steps
}

#[test]
fn orders() {
    let after_first = [vec![], vec![0]];
    for (shapes, edges, expected) in [
        (vec![], vec![], ""),
        (vec![Forward, Forward], vec![vec![], vec![]], "0,1"),
        (vec![Forward, Forward], after_first.to_vec(), "0 1"),
        (
            vec![Forward, Forward, Forward],
            vec![vec![1, 2], vec![2], vec![]],
            "2 1 0",
        ),
        // A change with nothing to do passes the order on.
        (
            vec![Forward, Pass, Forward],
            vec![vec![], vec![0], vec![1]],
            "0 2",
        ),
        (vec![Pass, Pass], after_first.to_vec(), ""),
        (vec![Backward, Backward], after_first.to_vec(), "0 1"),
        (vec![DeleteThenCreate], vec![vec![]], "0- 0+"),
        (vec![CreateThenDelete], vec![vec![]], "0+ 0-"),
        // 1 depends on 0.
        (
            vec![DeleteThenCreate, Forward],
            after_first.to_vec(),
            "0- 0+ 1",
        ),
        (
            vec![DeleteThenCreate, DeleteThenCreate],
            after_first.to_vec(),
            "1- 0- 0+ 1+",
        ),
        (
            vec![CreateThenDelete, Forward],
            after_first.to_vec(),
            "0+ 1 0-",
        ),
        (
            vec![CreateThenDelete, CreateThenDelete],
            after_first.to_vec(),
            "0+ 1+ 1- 0-",
        ),
        (
            vec![CreateThenDelete, DeleteThenCreate],
            after_first.to_vec(),
            "0+,1- 0-,1+",
        ),
        (
            vec![DeleteThenCreate, CreateThenDelete],
            after_first.to_vec(),
            "0- 0+ 1+ 1-",
        ),
        (
            vec![Forward, CreateThenDelete],
            after_first.to_vec(),
            "0 1+ 1-",
        ),
        (
            vec![Forward, DeleteThenCreate],
            after_first.to_vec(),
            "0,1- 1+",
        ),
        // Deletions stand as they are written.
        (
            vec![DeleteThenCreate, Backward],
            after_first.to_vec(),
            "0- 0+ 1",
        ),
        (
            vec![Backward, DeleteThenCreate],
            after_first.to_vec(),
            "0 1- 1+",
        ),
        (vec![Backward, Forward], after_first.to_vec(), "0 1"),
        (vec![Forward, Backward], after_first.to_vec(), "0 1"),
    ] {
        assert_eq!(rounds(&shapes, &edges), expected, "{shapes:?} {edges:?}");
    }
}

#[test]
fn a_cycle_is_refused_with_its_members() {
    let edges = [vec![], vec![2], vec![1]];
    let cycle = Schedule::new(&[Forward; 3], &edges, 1).unwrap_err();
    assert_eq!(cycle.nodes, [1, 2]);
}

#[test]
fn what_is_not_running_cannot_end() {
    let mut schedule = Schedule::new(&[Forward, Forward], &[vec![], vec![0]], 1).unwrap();
    let step = |node| Step {
        node,
        part: Part::Only,
    };
    assert_eq!(schedule.on(Input::Done(step(0))), []);
    assert_eq!(schedule.on(Input::Begin), [Command::Start(step(0))]);
    assert_eq!(schedule.on(Input::Done(step(1))), []);
    assert_eq!(schedule.on(Input::Failed(step(7))), []);
    assert_eq!(
        schedule.on(Input::Failed(step(0))),
        [Command::Skip(step(1), Some(0)), Command::Finish]
    );
    assert_eq!(schedule.on(Input::Failed(step(0))), []);
    assert_eq!(schedule.on(Input::Cancel), []);
}

/// A schedule and what was seen of it so far.
#[derive(Clone)]
struct Run {
    schedule: Schedule,
    running: BTreeSet<Step>,
    over: BTreeMap<Step, How>,
    cancelled: bool,
    finished: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum How {
    Done,
    Failed,
    Skipped,
}

impl Run {
    fn take(&mut self, commands: &[Command], parallelism: usize) {
        for command in commands {
            assert!(!self.finished, "a command after the end");
            match *command {
                Command::Start(step) => {
                    assert!(!self.cancelled, "started after cancellation: {step:?}");
                    assert!(!self.over.contains_key(&step) && self.running.insert(step));
                }
                Command::Pass(node) => {
                    assert!(!self.cancelled);
                    self.end(
                        Step {
                            node,
                            part: Part::Only,
                        },
                        How::Done,
                    );
                }
                Command::Skip(step, cause) => {
                    assert!(!self.running.contains(&step));
                    match cause {
                        Some(node) => assert!(
                            self.over
                                .iter()
                                .any(|(s, h)| s.node == node && *h == How::Failed)
                        ),
                        None => assert!(self.cancelled),
                    }
                    self.end(step, How::Skipped);
                }
                Command::Finish => self.finished = true,
            }
        }
        assert!(self.running.len() <= parallelism);
        assert_eq!(self.schedule.running(), self.running.len());
    }

    fn end(&mut self, step: Step, how: How) {
        assert_eq!(self.over.insert(step, how), None, "{step:?} ended twice");
    }
}

/// Goes through every order of completion, failure and cancellation of a small graph.
fn explore(shapes: &[Shape], edges: &[Vec<usize>], parallelism: usize) -> usize {
    let schedule = Schedule::new(shapes, edges, parallelism).unwrap();
    let before = must_come_first(&schedule);
    let all: BTreeSet<Step> = schedule.entries.iter().map(|e| e.step).collect();
    let mut start = Run {
        schedule,
        running: BTreeSet::new(),
        over: BTreeMap::new(),
        cancelled: false,
        finished: false,
    };
    let commands = start.schedule.on(Input::Begin);
    start.take(&commands, parallelism);
    let (mut stack, mut seen, mut ends) = (vec![start], HashSet::new(), 0);
    while let Some(run) = stack.pop() {
        let key = (run.running.clone(), run.over.clone(), run.cancelled);
        if !seen.insert(key) {
            continue;
        }
        for step in &run.running {
            for first in &before[step] {
                assert_eq!(
                    run.over.get(first),
                    Some(&How::Done),
                    "{step:?} before {first:?}"
                );
            }
        }
        if run.running.is_empty() {
            check_end(&run, &all, shapes, &before);
            ends += 1;
        }
        let mut inputs: Vec<Input> = Vec::new();
        for &step in &run.running {
            inputs.extend([Input::Done(step), Input::Failed(step)]);
        }
        if !run.cancelled && !run.finished {
            inputs.push(Input::Cancel);
        }
        for input in inputs {
            let mut next = run.clone();
            match input {
                Input::Done(step) => {
                    next.running.remove(&step);
                    next.end(step, How::Done);
                }
                Input::Failed(step) => {
                    next.running.remove(&step);
                    next.end(step, How::Failed);
                }
                _ => next.cancelled = true,
            }
            let commands = next.schedule.on(input);
            next.take(&commands, parallelism);
            stack.push(next);
        }
    }
    ends
}

fn must_come_first(schedule: &Schedule) -> BTreeMap<Step, BTreeSet<Step>> {
    let mut before: BTreeMap<Step, BTreeSet<Step>> = schedule
        .entries
        .iter()
        .map(|e| (e.step, BTreeSet::new()))
        .collect();
    for entry in &schedule.entries {
        for &follower in &entry.followers {
            before
                .get_mut(&schedule.entries[follower].step)
                .unwrap()
                .insert(entry.step);
        }
    }
    before
}

/// Everything is accounted for, and only what had to be was skipped.
fn check_end(
    run: &Run,
    all: &BTreeSet<Step>,
    shapes: &[Shape],
    before: &BTreeMap<Step, BTreeSet<Step>>,
) {
    assert!(
        run.finished,
        "nothing runs and nothing was finished: {:?}",
        run.over
    );
    for step in all {
        let how = run.over.get(step);
        if shapes[step.node] == Pass {
            assert!(matches!(how, None | Some(How::Done)));
            continue;
        }
        assert!(how.is_some(), "{step:?} is not accounted for");
        if how == Some(&How::Skipped) && !run.cancelled {
            let failed_before = |step: &Step| {
                let (mut queue, mut found) = (vec![*step], false);
                while let Some(step) = queue.pop() {
                    found |= run.over.get(&step) == Some(&How::Failed);
                    queue.extend(before[&step].iter().copied());
                }
                found
            };
            assert!(failed_before(step), "{step:?} was skipped without a cause");
        }
    }
}

#[test]
fn every_order_of_every_small_graph_is_accounted_for() {
    let kinds = [Pass, Forward, Backward, DeleteThenCreate, CreateThenDelete];
    let mut ends = 0;
    // All acyclic graphs of three nodes whose edges go to lower indices, with all shapes.
    for graph in 0..8_u8 {
        let edge = |bit: u8, to: usize| (graph & bit != 0).then_some(to);
        let edges = vec![
            vec![],
            edge(1, 0).into_iter().collect(),
            edge(2, 0).into_iter().chain(edge(4, 1)).collect::<Vec<_>>(),
        ];
        for a in kinds {
            for b in kinds {
                for c in kinds {
                    for parallelism in [1, 2, 10] {
                        ends += explore(&[a, b, c], &edges, parallelism);
                    }
                }
            }
        }
    }
    assert!(ends > 10_000, "{ends}");
}

#[test]
fn larger_graphs_finish_in_every_order_too() {
    let diamond = [vec![], vec![0], vec![0], vec![1, 2], vec![]];
    let shapes = [
        CreateThenDelete,
        Forward,
        CreateThenDelete,
        Forward,
        Backward,
    ];
    assert!(explore(&shapes, &diamond, 2) > 10);
    let chain = [vec![], vec![0], vec![1], vec![2]];
    assert!(explore(&[DeleteThenCreate; 4], &chain, 3) > 10);
}
