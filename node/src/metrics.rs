//! Metrics in the Prometheus text format: one registry a server.

#[cfg(test)]
mod operations;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Kind of a result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabel {
    result: String,
}

/// Counters by result.
pub(crate) type ByResult = Family<ResultLabel, Counter>;

pub(crate) fn by(result: impl ToString) -> ResultLabel {
    ResultLabel { result: result.to_string() }
}

/// A server's metrics.
pub(crate) struct Metrics {
    registry: Registry,
    /// Requests answered, by status.
    pub(crate) requests: ByResult,
    /// Proofs asked of miners or made here, by outcome.
    pub(crate) proofs: ByResult,
    /// Users' questions, by end.
    pub(crate) predictions: ByResult,
    /// Seconds until a proof.
    pub(crate) proof_seconds: Histogram,
    /// Seconds of a verification.
    pub(crate) verify_seconds: Histogram,
    /// Waiting now.
    pub(crate) waiting: Gauge,
    /// Being proved now.
    pub(crate) proving: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 17))
}

impl Metrics {
    fn common() -> Self {
        let mut registry = Registry::with_prefix("vouch");
        let requests = ByResult::default();
        registry.register("http_requests", "HTTP requests answered, by status", requests.clone());
        Self {
            registry,
            requests,
            proofs: ByResult::default(),
            predictions: ByResult::default(),
            proof_seconds: seconds(),
            verify_seconds: seconds(),
            waiting: Gauge::default(),
            proving: Gauge::default(),
        }
    }

    pub(crate) fn miner() -> Self {
        let mut m = Self::common();
        m.registry.register("proofs", "Requests to prove, by result", m.proofs.clone());
        m.registry.register("proof_seconds", "Time to prove, without waiting", m.proof_seconds.clone());
        m.registry.register("queue_waiting", "Requests that wait", m.waiting.clone());
        m.registry.register("queue_proving", "Requests that are proved now", m.proving.clone());
        m
    }

    pub(crate) fn validator() -> Self {
        let mut m = Self::common();
        m.registry.register("attempts", "Answers of miners, by outcome", m.proofs.clone());
        m.registry.register("predictions", "Users' questions, by end", m.predictions.clone());
        m.registry.register("response_seconds", "Time until a miner's answer", m.proof_seconds.clone());
        m.registry.register("verify_seconds", "Time to verify an answer", m.verify_seconds.clone());
        m.registry.register("predictions_waiting", "Users' questions that are open", m.waiting.clone());
        m.registry.register("in_flight", "Queries that are with miners", m.proving.clone());
        m
    }

    pub(crate) fn encode(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            out.clear();
        }
        out
    }
}
