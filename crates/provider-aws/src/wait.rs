//! How long to wait for what a service tells late.

use std::time::Duration;

use tokio::time::Instant;

/// Pauses that grow.
pub(crate) struct Waiting {
    began: Instant,
    next: Duration,
    longest: Duration,
}

impl Waiting {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            began: Instant::now(),
            next: first,
            longest,
        }
    }

    /// Pauses, unless waiting would take longer than `limit` in all.
    pub(crate) async fn pause(&mut self, limit: Duration) -> bool {
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
