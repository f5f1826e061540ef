//! Why there is no channel.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use vouch_protocol::PublicKey;

/// Why there is no channel, or no longer one.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ChannelError {
    /// The operating system gives no socket.
    #[error("cannot use UDP at {address}: {source}")]
    Socket { address: SocketAddr, source: io::Error },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The address is none that can be asked.
    #[error("{address} cannot be asked: {reason}")]
    Address { address: SocketAddr, reason: String },
    /// The connection failed, or was closed by the other end.
    #[error("connection: {0}")]
    Connection(#[from] quinn::ConnectionError),
    /// The other end did not show its key in time.
    #[error("no channel in {limit_ms} ms")]
    Late { limit_ms: u128 },
    /// The other end ended the exchange of keys.
    #[error("the exchange of keys broke off: {0}")]
    Hello(String),
    /// The other end has another key.
    #[error("expected the key {expected}, the other end has {got}")]
    OtherKey { expected: PublicKey, got: PublicKey },
    /// The signature is of another session, other keys, or no signature.
    #[error("the signature of {key} does not match this channel")]
    Forged { key: PublicKey },
    /// The caller may not ask.
    #[error("{key} may not ask")]
    NotAdmitted { key: PublicKey },
}
