//! When a request is sent again, beyond what the service's client does by itself.
//!
//! The client repeats throttled and failed requests a few times, and the provider waits for what
//! becomes visible late. What is left here: throttling that outlasts the client's patience, and
//! answers that were lost. Both are sent again with the same token, so that nothing is done twice.
//!
//! Waits grow and are shortened by chance, so that what was refused together does not come again
//! together. Throttling says only that there is too much at once, so it is waited out as long as
//! the limit in time allows; what may be a real fault is given up after a few attempts.

use std::time::Duration;

use flowctl_schema::{ErrorKind, ProviderError};

/// How often and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// How often a request is sent in all, throttled attempts not counted; at least once.
    pub attempts: u32,
    /// The longest wait before the second attempt; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait of all.
    pub longest_wait: Duration,
    /// How long after its first attempt a request is still sent again.
    pub limit: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(15),
            limit: Duration::from_mins(15),
        }
    }
}

/// The attempts of one request so far.
#[derive(Clone, Copy, Default, Debug)]
pub struct Attempts {
    /// How many were throttled.
    pub throttled: u32,
    /// How many failed otherwise.
    pub failed: u32,
}

impl Attempts {
    /// How many there were.
    pub fn number(self) -> u32 {
        self.throttled.saturating_add(self.failed)
    }
}

impl RetryPolicy {
    /// Counts an attempt that failed like this, `elapsed` after the first one began, and says how
    /// long to wait before the next; `None` if there is to be none. `chance` is between 0 and 1.
    pub fn wait(
        &self,
        attempts: &mut Attempts,
        error: &ProviderError,
        elapsed: Duration,
        chance: f64,
    ) -> Option<Duration> {
        if error.kind == ErrorKind::Throttled {
            attempts.throttled = attempts.throttled.saturating_add(1);
        } else {
            attempts.failed = attempts.failed.saturating_add(1);
        }
        if !is_passing(error.kind) || attempts.failed >= self.attempts.max(1) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempts.number() - 1);
        let longest = self
            .first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait);
        // At least half of it: a wait of nothing would be none.
        let wait = longest.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
        (elapsed.saturating_add(wait) <= self.limit).then_some(wait)
    }
}

/// Whether the same request may succeed later. Everything else is permanent.
pub fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Throttled | ErrorKind::Internal | ErrorKind::Ambiguous
    )
}

/// Whether the service may have done the work although it did not say so.
pub fn is_fate_unknown(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Internal | ErrorKind::Ambiguous)
}

/// What a request waits for that is to be sent again after such an error.
pub(crate) fn waiting_for(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Throttled => "the service to take more requests",
        ErrorKind::Ambiguous => "another attempt, after an answer that was lost",
        _ => "another attempt, after an error of the service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> ProviderError {
        ProviderError::local(kind, "Create", "")
    }

    /// The waits, in seconds, while every attempt fails like this at once.
    fn waits(policy: RetryPolicy, kind: ErrorKind, chance: f64) -> Vec<f64> {
        let (mut attempts, mut elapsed, mut waits) =
            (Attempts::default(), Duration::ZERO, Vec::new());
        while let Some(wait) = policy.wait(&mut attempts, &error(kind), elapsed, chance) {
            elapsed += wait;
            waits.push(wait.as_secs_f64());
        }
        waits
    }

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 5,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(3),
        limit: Duration::from_mins(1),
    };

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        assert_eq!(
            waits(POLICY, ErrorKind::Ambiguous, 1.0),
            [1.0, 2.0, 3.0, 3.0]
        );
        assert_eq!(
            waits(POLICY, ErrorKind::Internal, 0.0),
            [0.5, 1.0, 1.5, 1.5]
        );
        let endless = RetryPolicy {
            attempts: u32::MAX,
            limit: Duration::MAX,
            ..POLICY
        };
        let mut attempts = Attempts {
            throttled: 500,
            failed: 500,
        };
        let wait = endless.wait(
            &mut attempts,
            &error(ErrorKind::Internal),
            Duration::ZERO,
            1.0,
        );
        assert_eq!(wait, Some(Duration::from_secs(3)));
    }

    #[test]
    fn throttling_is_waited_out_up_to_the_limit_in_time() {
        let waits = waits(POLICY, ErrorKind::Throttled, 1.0);
        let all: f64 = waits.iter().sum();
        assert!(
            waits.len() > 15 && (57.0..=60.0).contains(&all),
            "{waits:?}"
        );
        let once = RetryPolicy {
            attempts: 0,
            ..POLICY
        };
        assert_eq!(
            super::tests::waits(once, ErrorKind::Internal, 1.0),
            [0.0; 0]
        );
    }

    #[test]
    fn permanent_errors_are_never_sent_again() {
        use ErrorKind::{
            AccessDenied, Ambiguous, Authentication, Conflict, Internal, NotConfigured, NotFound,
            Other, Quota, Throttled, Unreachable, Unready, Validation,
        };
        for (kind, again, fate_unknown) in [
            (NotFound, false, false),
            (Conflict, false, false),
            (AccessDenied, false, false),
            (Validation, false, false),
            (Authentication, false, false),
            (Quota, false, false),
            (NotConfigured, false, false),
            (Unreachable, false, false),
            (Other, false, false),
            (Unready, false, false),
            (Throttled, true, false),
            (Internal, true, true),
            (Ambiguous, true, true),
        ] {
            let wait = RetryPolicy::default().wait(
                &mut Attempts::default(),
                &error(kind),
                Duration::ZERO,
                0.5,
            );
            assert_eq!(wait.is_some(), again, "{kind:?}");
            assert_eq!(is_fate_unknown(kind), fate_unknown, "{kind:?}");
        }
    }
}
