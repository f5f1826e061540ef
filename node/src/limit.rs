//! Rate limits: a token bucket for each caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Instant;

/// Most callers that are remembered; beyond that, full buckets are forgotten.
const MOST: usize = 65_536;

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// A bucket for each caller: `burst` requests at once, `per_second` in the long run.
pub(crate) struct Limiter<K> {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        Self { per_second: per_second.max(1e-6), burst: f64::from(burst.max(1)), buckets: Mutex::default() }
    }

    /// Takes a token, or says in how many seconds there is one.
    pub(crate) fn take(&self, key: K) -> Result<(), u64> {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(|e| e.into_inner());
        let refilled =
            |b: &Bucket| (b.tokens + now.duration_since(b.at).as_secs_f64() * self.per_second).min(self.burst);
        if buckets.len() >= MOST {
            buckets.retain(|_, bucket| refilled(bucket) < self.burst);
            if buckets.len() >= MOST {
                return Err(1);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: self.burst, at: now });
        bucket.tokens = refilled(bucket);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(((1.0 - bucket.tokens) / self.per_second).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_wait() {
        let limiter = Limiter::new(0.5, 3);
        assert_eq!([0; 4].map(|_| limiter.take("a")), [Ok(()), Ok(()), Ok(()), Err(2)]);
        assert_eq!(limiter.take("b"), Ok(()), "callers do not share");
    }

    #[test]
    fn many_callers_do_not_fill_the_memory() {
        let limiter = Limiter::new(0.001, 2);
        let refused = (0..MOST + 10).filter(|i| limiter.take(*i).is_err()).count();
        assert_eq!(refused, 10);
    }
}
