//! How long to wait for what the service tells late.

use std::time::Duration;

use tokio::time::Instant;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a role that was made just before.
    pub(crate) role: Duration,
    /// For a change to be seen.
    pub(crate) visible: Duration,
    /// For a private connection.
    pub(crate) private: Duration,
    /// The first pause, which doubles with each further one.
    pub(crate) first: Duration,
    /// The longest pause.
    pub(crate) longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            role: Duration::from_mins(2),
            visible: Duration::from_secs(30),
            private: Duration::from_mins(15),
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
        }
    }
}

/// Pauses that grow.
pub(super) struct Waiting {
    began: Instant,
    next: Duration,
    longest: Duration,
}

impl Waiting {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            began: Instant::now(),
            next: first,
            longest,
        }
    }

    /// Pauses, unless waiting would take longer than `limit` in all.
    pub(super) async fn pause(&mut self, limit: Duration) -> bool {
        if self.began.elapsed() + self.next > limit {
            return false;
        }
        tokio::time::sleep(self.next).await;
        self.next = self.next.saturating_mul(2).min(self.longest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_end() {
        let mut waiting = Waiting::new(Duration::from_millis(1), Duration::from_millis(2));
        let limit = Duration::from_millis(20);
        let mut pauses = 0;
        while waiting.pause(limit).await {
            pauses += 1;
        }
        assert!((1..=11).contains(&pauses), "{pauses}");
        assert!(!waiting.pause(Duration::ZERO).await);
    }
}
