//! A miner's queue in NATS JetStream, shared by as many prover hosts as there are.
//!
//! ```text
//! miner --- job ---> stream (work queue) ---> one prover
//!       <--- answer, on a subject of the miner's own ---
//! ```
//!
//! A job stays in the stream until its prover acknowledges it, after the answer was sent. While a prover works it says
//! so; when it has said nothing for [`BrokerSettings::ack_wait`], the job is given to another. So an answer can come
//! twice, and the miner takes the first that holds.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, ErrorCode, Message};
use async_nats::{Client, ConnectOptions};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio_stream::StreamExt;
use vouch_api::{ModelId, Nonce, Salt};

/// The consumer that all provers share.
const PROVERS: &str = "provers";
/// How often a job is given to a prover: one that takes its provers down with it is left.
const MAX_DELIVERIES: i64 = 3;
/// How long the server may take to answer.
const REQUEST: Duration = Duration::from_secs(4);
/// How long a job may stay, whatever its deadline.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Where the queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerSettings {
    /// `nats://host:port`, with user and password where they are needed.
    pub(crate) url: String,
    /// The stream's name.
    pub(crate) name: String,
    /// Most jobs in it.
    pub(crate) limit: usize,
    /// Silence after which a prover is given up.
    pub(crate) ack_wait: Duration,
}

/// Why the queue cannot be used.
#[derive(Debug, Error)]
pub(crate) enum BrokerError {
    /// Nobody answers there.
    #[error("queue: cannot connect to {server}: {reason}")]
    Connect {
        /// Where, without user and password.
        server: String,
        reason: String,
    },
    /// The server does not do what it is asked.
    #[error("queue: {what}: {reason}")]
    Server { what: &'static str, reason: String },
    /// The queue holds as many jobs as it may.
    #[error("queue: full")]
    Full,
}

fn server(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> BrokerError {
    move |reason| BrokerError::Server { what, reason: reason.to_string() }
}

/// Whether a stream has refused to store a message: it is full, or the server cannot write.
fn not_stored(error: &PublishError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<jetstream::Error>());
    source.is_some_and(|error| error.error_code() == ErrorCode::STREAM_STORE_FAILED)
}

/// A run to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The subject of the answer.
    pub(crate) answer: String,
    /// The model.
    pub(crate) model_id: ModelId,
    /// The flat input integers.
    pub(crate) inputs: Vec<i64>,
    /// What hashes are salted with, if the model has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<Salt>,
    /// The nonce that the proof must contain.
    pub(crate) nonce: Nonce,
    /// When nobody waits any more.
    pub(crate) until_ms: u64,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What the miner answers: an envelope, for a model with hashed outputs after their values.
    Proof(Vec<u8>),
    /// The model refuses the inputs.
    Inputs(String),
    /// The prover failed.
    Failed(String),
}

impl Answer {
    /// One byte that says which, then the rest.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, rest) = match self {
            Self::Proof(bytes) => (0, bytes.as_slice()),
            Self::Inputs(text) => (1, text.as_bytes()),
            Self::Failed(text) => (2, text.as_bytes()),
        };
        [&[kind], rest].concat()
    }

    /// `None` if the bytes are no answer.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let text = || String::from_utf8_lossy(rest).chars().take(500).collect();
        match kind {
            0 => Some(Self::Proof(rest.to_vec())),
            1 => Some(Self::Inputs(text())),
            2 => Some(Self::Failed(text())),
            _ => None,
        }
    }
}

/// A connection to the queue.
#[derive(Debug, Clone)]
pub(crate) struct Broker {
    settings: BrokerSettings,
    client: Client,
    context: jetstream::Context,
    stream: Stream,
    consumer: PullConsumer,
}

/// The address without user and password.
fn shown(url: &str) -> String {
    url.rsplit('@').next().unwrap_or_default().trim_start_matches("nats://").trim_start_matches("tls://").to_owned()
}

impl Broker {
    /// Connects, and makes the stream if there is none. A miner's limit is the stream's; a prover takes what is there.
    pub(crate) async fn connect(settings: BrokerSettings, miner: bool) -> Result<Self, BrokerError> {
        let options = ConnectOptions::new()
            .name("vouch-node")
            .connection_timeout(Duration::from_secs(5))
            .request_timeout(Some(REQUEST));
        let client = options.connect(settings.url.as_str()).await;
        let client =
            client.map_err(|error| BrokerError::Connect { server: shown(&settings.url), reason: error.to_string() })?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(REQUEST);
        let config = stream::Config {
            name: settings.name.clone(),
            subjects: vec![format!("{}.job", settings.name)],
            retention: RetentionPolicy::WorkQueue,
            // Who asks is told at once that there is no room.
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            max_messages: i64::try_from(settings.limit).unwrap_or(i64::MAX),
            max_age: MAX_AGE,
            ..stream::Config::default()
        };
        if miner {
            context.create_or_update_stream(config.clone()).await.map_err(|e| server("make the stream")(&e))?;
        }
        let stream = context.get_or_create_stream(config).await.map_err(|e| server("open the stream")(&e))?;
        let config = pull::Config {
            durable_name: Some(PROVERS.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: settings.ack_wait,
            max_deliver: MAX_DELIVERIES,
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(|e| server("make the consumer")(&e))?;
        Ok(Self { settings, client, context, stream, consumer })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn settings(&self) -> &BrokerSettings {
        &self.settings
    }

    /// While the connection is being made again, nothing waits for it.
    fn connected(&self) -> Result<(), BrokerError> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            state => Err(server("reach the server")(&state)),
        }
    }

    /// Puts a job into the queue. Returns its number there.
    pub(crate) async fn put(&self, job: &Job) -> Result<u64, BrokerError> {
        self.connected()?;
        let bytes = serde_json::to_vec(job).map_err(|e| server("write a job")(&e))?;
        let mut sent = self.publish(bytes.clone()).await;
        if sent.as_ref().is_err_and(not_stored) {
            if self.full().await? {
                return Err(BrokerError::Full);
            }
            // Since then a prover has finished a job, or it was not for want of room.
            sent = self.publish(bytes).await;
        }
        sent.map(|kept| kept.sequence).map_err(|e| server("keep a job")(&e))
    }

    async fn publish(&self, bytes: Vec<u8>) -> Result<PublishAck, PublishError> {
        let subject = format!("{}.job", self.settings.name);
        self.context.publish(subject, bytes.into()).await?.await
    }

    /// Whether the stream has as many jobs as it may.
    async fn full(&self) -> Result<bool, BrokerError> {
        let stream = self.stream.get_info().await.map_err(|e| server("count jobs")(&e))?;
        Ok(u64::try_from(stream.config.max_messages).is_ok_and(|limit| stream.state.messages >= limit))
    }

    /// Takes a job back, if no prover has finished it.
    pub(crate) async fn take_back(&self, sequence: u64) -> Result<(), BrokerError> {
        self.stream.delete_message(sequence).await.map(drop).map_err(|e| server("take a job back")(&e))
    }

    /// Jobs in the queue, and how many of them are with provers.
    pub(crate) async fn load(&self) -> Result<(u64, u64), BrokerError> {
        self.connected()?;
        let stream = self.stream.get_info().await.map_err(|e| server("count jobs")(&e))?;
        let consumer = self.stream.consumer_info(PROVERS).await.map_err(|e| server("count jobs")(&e))?;
        Ok((stream.state.messages, consumer.num_ack_pending as u64))
    }

    /// The next job, if there is one within `wait`.
    pub(crate) async fn next(&self, wait: Duration) -> Result<Option<Message>, BrokerError> {
        let batch = self.consumer.batch().max_messages(1).expires(wait).messages().await;
        let mut batch = batch.map_err(|e| server("ask for a job")(&e))?;
        batch.next().await.transpose().map_err(|e| server("ask for a job")(&e))
    }

    /// Sends an answer, and waits until the server has it.
    pub(crate) async fn answer(&self, job: &Job, answer: &Answer) -> Result<(), BrokerError> {
        let published = self.client.publish(job.answer.clone(), answer.encode().into()).await;
        published.map_err(|e| server("send an answer")(&e))?;
        self.client.flush().await.map_err(|e| server("send an answer")(&e))
    }
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::context::PublishErrorKind;

    use super::*;

    #[test]
    fn answers_come_back_as_they_were_sent() {
        for answer in [Answer::Proof(vec![0, 1, 255]), Answer::Inputs("too large".into()), Answer::Failed("é".into())]
        {
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
        assert_eq!(Answer::decode(&[]), None);
        assert_eq!(Answer::decode(&[3, 1]), None);
        assert_eq!(Answer::decode(&[1, 0xff]), Some(Answer::Inputs("\u{fffd}".into())));
    }

    /// Whatever the server's text is, the code decides.
    #[test]
    fn a_stream_that_stores_nothing_is_known_by_its_code() {
        let refused = |code: u16, text: &str| {
            let answer = serde_json::json!({ "code": 503, "err_code": code, "description": text });
            let error: jetstream::Error = serde_json::from_value(answer).unwrap();
            PublishError::with_source(PublishErrorKind::Other, error)
        };
        assert!(not_stored(&refused(10077, "maximum messages exceeded")));
        assert!(not_stored(&refused(10077, "no more messages")));
        assert!(!not_stored(&refused(10039, "maximum messages exceeded")));
        assert!(!not_stored(&PublishError::new(PublishErrorKind::TimedOut)));
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("nats://user:secret@host:4222"), "host:4222");
        assert_eq!(shown("nats://host:4222"), "host:4222");
    }
}
