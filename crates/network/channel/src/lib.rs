//! Confidential channels between validators and miners: QUIC with TLS 1.3, where each end knows the other's key.
//!
//! ```text
//! validator                                   miner
//!     ------------- QUIC, TLS 1.3 ------------>       a certificate of this one process: it names nobody
//!     -- first stream: key, signature -------->       of the session's exporter, both keys and the role
//!     <----------------- key, signature -------
//!     -- one stream a request ---------------->
//! ```
//!
//! The certificate is not what says who the miner is. The signatures do, and they are of this session alone: see
//! [`vouch_protocol::ChannelBinding`]. A miner says nothing before it knows that the caller may ask it, and a validator sends
//! no request before it knows that the miner is the one on the chain.
//!
//! What is said on a stream is not this crate's business. The node has one HTTP/1.1 request and its answer on each.

mod dial;
mod error;
mod hello;
mod limits;
mod listen;
mod stream;
mod tls;

pub use dial::{Dialer, Opened};
pub use error::ChannelError;
pub use limits::ChannelLimits;
pub use listen::{Caller, Listener, Service};
pub use stream::Stream;

/// The application's protocol in TLS: another version of it has another name.
pub const ALPN: &[u8] = b"vouch/1";

#[cfg(test)]
mod tests;
