//! A token bucket: how much input a client may send. Pure: the caller says what time it is.

use std::time::{Duration, Instant};

/// Admits `per_second` pieces a second with a burst of one second's worth.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    per_second: u32,
    tokens: f64,
    filled: Instant,
}

impl RateLimit {
    /// A full bucket.
    pub fn new(per_second: u32, now: Instant) -> Self {
        Self {
            per_second,
            tokens: f64::from(per_second),
            filled: now,
        }
    }

    /// Takes one piece.
    ///
    /// # Errors
    /// How long until the next piece would be admitted.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let rate = f64::from(self.per_second.max(1));
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * rate).min(rate);
        self.filled = self.filled.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_second_passes_and_the_rest_is_told_how_long_to_wait() {
        let t0 = Instant::now();
        let mut limit = RateLimit::new(10, t0);
        assert!((0..10).all(|_| limit.take(t0).is_ok()));
        let wait = limit.take(t0).unwrap_err();
        assert!(wait <= Duration::from_millis(100) && wait > Duration::from_millis(99));
        assert!(limit.take(t0 + wait + Duration::from_micros(1)).is_ok());
    }
}
