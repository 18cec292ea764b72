//! Named points of an operation at which tests may end the run, to show that nothing is lost.

use std::str::FromStr;

use flowctl_model::event::Operation;
use futures::future::BoxFuture;

/// A point in the course of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultPoint {
    /// Before the intent is committed.
    BeforeIntent,
    /// After the intent is committed, before the request.
    AfterIntent,
    /// While the request is under way.
    AfterSend,
    /// After the answer, before its result is committed.
    BeforeResult,
    /// After the result is committed.
    AfterResult,
}

impl FaultPoint {
    /// Every point, in the order in which an operation comes by them, with its name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("before-intent", Self::BeforeIntent),
        ("after-intent", Self::AfterIntent),
        ("after-send", Self::AfterSend),
        ("before-result", Self::BeforeResult),
        ("after-result", Self::AfterResult),
    ];
}

/// The text names no point.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a fault point")]
pub struct UnknownFaultPoint(String);

impl FromStr for FaultPoint {
    type Err = UnknownFaultPoint;
    fn from_str(text: &str) -> Result<Self, UnknownFaultPoint> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, point)| *point)
            .ok_or_else(|| UnknownFaultPoint(text.to_owned()))
    }
}

/// What happens at a point.
pub trait Faults: Send + Sync {
    /// Comes by a point; a run that is to end there never gets an answer.
    fn reach<'a>(&'a self, point: FaultPoint, operation: &'a Operation) -> BoxFuture<'a, ()>;

    /// Whether something is to happen at a point at all, so that others can be passed quickly.
    fn watches(&self, point: FaultPoint) -> bool;
}

/// Nothing happens anywhere.
pub struct NoFaults;

impl Faults for NoFaults {
    fn reach<'a>(&'a self, _: FaultPoint, _: &'a Operation) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
    fn watches(&self, _: FaultPoint) -> bool {
        false
    }
}

/// The process dies, as if killed, or panics, when an operation comes by a point for the nth time.
#[cfg(any(debug_assertions, feature = "fault-points"))]
pub struct AbortAt {
    point: FaultPoint,
    left: std::sync::atomic::AtomicUsize,
    panics: bool,
}

#[cfg(any(debug_assertions, feature = "fault-points"))]
impl AbortAt {
    /// Dies at the `nth` coming by `point`, counted from one.
    pub fn new(point: FaultPoint, nth: usize) -> Self {
        Self {
            point,
            left: std::sync::atomic::AtomicUsize::new(nth),
            panics: false,
        }
    }

    /// Panics there instead, as a fault of the program would.
    #[must_use]
    pub fn panicking(self) -> Self {
        Self {
            panics: true,
            ..self
        }
    }
}

#[cfg(any(debug_assertions, feature = "fault-points"))]
impl Faults for AbortAt {
    fn reach<'a>(&'a self, point: FaultPoint, _: &'a Operation) -> BoxFuture<'a, ()> {
        use std::sync::atomic::Ordering::Relaxed;
        if point == self.point && self.left.fetch_sub(1, Relaxed) == 1 {
            assert!(!self.panics, "asked for by a fault test");
            std::process::abort();
        }
        Box::pin(std::future::ready(()))
    }
    fn watches(&self, point: FaultPoint) -> bool {
        point == self.point
    }
}
