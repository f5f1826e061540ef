//! Questions to nodes: JSON-RPC 2.0 over one WebSocket, to one node after the other.
//!
//! A node that does not answer, breaks off, talks nonsense, belongs to another chain or is behind is left for the next one.
//! What a node *refuses* is an answer: another node would say the same.

mod socket;

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Endpoint, EndpointError, SubtensorError};
use socket::Socket;

/// Messages that are not the answer before a node is given up.
const MAX_STRANGE: usize = 256;
/// Blocks that another node may be behind.
const MAX_BEHIND: u64 = 20;
/// A node whose newest block stays the same for so long is left.
const STALL: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct Answer {
    id: Option<u64>,
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
    #[serde(default)]
    data: Value,
}

/// The nodes, and the connection to one of them.
pub(crate) struct Nodes {
    endpoints: Vec<Endpoint>,
    at: usize,
    limit: Duration,
    socket: Option<Socket>,
    next_id: u64,
    /// Hash of the first block, once known.
    genesis: Option<String>,
    /// Newest block that any node had, and since when.
    newest: (u64, Instant),
    connections: u64,
}

/// How an exchange ended, if not with an answer.
enum Failure {
    Node(EndpointError),
    Refused(Refusal),
}

impl Nodes {
    /// The nodes; none is asked yet. `limit` is for one connection or one exchange.
    pub(crate) fn new(endpoints: Vec<Endpoint>, limit: Duration) -> Self {
        Self {
            endpoints,
            at: 0,
            limit,
            socket: None,
            next_id: 1,
            genesis: None,
            newest: (0, Instant::now()),
            connections: 0,
        }
    }

    /// How many connections there were: another number, and perhaps another node.
    pub(crate) fn connections(&self) -> u64 {
        self.connections
    }

    /// Hash of the first block, once a node has answered.
    pub(crate) fn genesis(&self) -> Option<&str> {
        self.genesis.as_deref()
    }

    /// The node that is asked now.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoints[self.at % self.endpoints.len()]
    }

    /// Asks; each node at most once, and the first one twice, since its connection may have become stale.
    pub(crate) fn ask(&mut self, method: &'static str, params: &Value) -> Result<Value, SubtensorError> {
        let mut last: Option<(String, EndpointError)> = None;
        for _ in 0..=self.endpoints.len() {
            match self.exchange(method, params) {
                Ok(value) => return Ok(value),
                Err(Failure::Refused(Refusal { code, message, data })) => {
                    let detail = data.as_str().map(|data| format!(": {data}")).unwrap_or_default();
                    let message = format!("{message}{detail}").chars().take(300).collect();
                    return Err(SubtensorError::Node { method, code, message });
                }
                Err(Failure::Node(source)) => {
                    let endpoint = self.endpoint().to_string();
                    tracing::debug!(endpoint, %source, method, "the node is left");
                    // A connection that was open may only have been idle for too long: the same node again, once.
                    let stale = self.socket.take().is_some() && last.is_none();
                    if !(stale && matches!(source, EndpointError::Broken(_))) {
                        self.leave();
                    }
                    last = Some((endpoint, source));
                }
            }
        }
        let none = || (self.endpoint().to_string(), EndpointError::Connect("no node was asked".into()));
        let (endpoint, source) = last.unwrap_or_else(none);
        Err(SubtensorError::Endpoint { endpoint, source })
    }

    /// Goes to the next node.
    pub(crate) fn leave(&mut self) {
        self.socket = None;
        self.at = (self.at + 1) % self.endpoints.len();
    }

    /// Notes the newest block of the node that is asked. If it stays the same for long, the node is left.
    pub(crate) fn head(&mut self, number: u64) {
        if number > self.newest.0 {
            self.newest = (number, Instant::now());
        } else if self.newest.1.elapsed() > STALL && self.endpoints.len() > 1 {
            tracing::warn!(endpoint = %self.endpoint(), number, "no new block for two minutes; the node is left");
            self.newest.1 = Instant::now();
            self.leave();
        }
    }

    fn exchange(&mut self, method: &'static str, params: &Value) -> Result<Value, Failure> {
        if self.socket.is_none() {
            self.connect()?;
        }
        self.raw(method, params)
    }

    /// Connects to the node, and asks whether it is one of this chain.
    fn connect(&mut self) -> Result<(), Failure> {
        let socket = Socket::connect(self.endpoint(), self.limit).map_err(Failure::Node)?;
        self.socket = Some(socket);
        self.connections += 1;
        let got = self.raw("chain_getBlockHash", &json!([0]))?;
        let got = got.as_str().unwrap_or_default().to_owned();
        match &self.genesis {
            Some(expected) if *expected != got => {
                self.socket = None;
                return Err(Failure::Node(EndpointError::OtherChain { expected: expected.clone(), got }));
            }
            _ => self.genesis = Some(got),
        }
        let header = self.raw("chain_getHeader", &json!([]))?;
        let number = header.get("number").and_then(Value::as_str).and_then(number).unwrap_or(0);
        if number + MAX_BEHIND < self.newest.0 {
            self.socket = None;
            return Err(Failure::Node(EndpointError::Behind { got: number, seen: self.newest.0 }));
        }
        Ok(())
    }

    fn raw(&mut self, method: &'static str, params: &Value) -> Result<Value, Failure> {
        let id = self.next_id;
        self.next_id += 1;
        let Some(socket) = &mut self.socket else {
            return Err(Failure::Node(EndpointError::Connect("no connection".into())));
        };
        let question = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        socket.send(question.to_string()).map_err(Failure::Node)?;
        for _ in 0..MAX_STRANGE {
            let text = socket.receive().map_err(Failure::Node)?;
            let answer: Answer =
                serde_json::from_str(&text).map_err(|e| Failure::Node(EndpointError::Protocol(e.to_string())))?;
            if answer.id == Some(id) {
                return answer.error.map_or(Ok(answer.result), |refusal| Err(Failure::Refused(refusal)));
            }
        }
        Err(Failure::Node(EndpointError::Protocol("nothing but other messages".into())))
    }
}

/// A number in hexadecimal, as nodes write numbers of blocks.
pub(crate) fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}
