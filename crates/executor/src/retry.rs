//! When a request is sent again, beyond what the service's client does by itself.
//!
//! The client repeats throttled and failed requests a few times, and the provider waits for what
//! becomes visible late. What is left here: throttling that outlasts the client's patience, and
//! answers that were lost. Both are sent again with the same token, so that nothing is done twice.

use std::time::Duration;

use flowctl_schema::{ErrorKind, ProviderError};

/// How often and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// How often a request is sent in all; at least once.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(15),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before sending again after `attempt` attempts (the first is 1) of which
    /// the last failed like this; `None` if it is not to be sent again.
    pub fn wait(&self, attempt: u32, error: &ProviderError) -> Option<Duration> {
        if !is_passing(error.kind) || attempt >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        Some(
            self.first_wait
                .saturating_mul(doubled)
                .min(self.longest_wait),
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let policy = RetryPolicy {
            attempts: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(3),
        };
        let error = ProviderError::local(ErrorKind::Ambiguous, "Create", "");
        let waits: Vec<_> = (1..=5)
            .map(|n| policy.wait(n, &error).map(|w| w.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(2), Some(3), Some(3), None]);
        let endless = RetryPolicy {
            attempts: u32::MAX,
            ..policy
        };
        assert_eq!(endless.wait(1_000, &error), Some(Duration::from_secs(3)));
    }

    #[test]
    fn permanent_errors_are_never_sent_again() {
        use ErrorKind::{
            AccessDenied, Ambiguous, Authentication, Conflict, Internal, NotConfigured, NotFound,
            Other, Quota, Throttled, Unreachable, Validation,
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
            (Throttled, true, false),
            (Internal, true, true),
            (Ambiguous, true, true),
        ] {
            let error = ProviderError::local(kind, "Create", "");
            assert_eq!(
                RetryPolicy::default().wait(1, &error).is_some(),
                again,
                "{kind:?}"
            );
            assert_eq!(is_fate_unknown(kind), fate_unknown, "{kind:?}");
        }
    }
}
