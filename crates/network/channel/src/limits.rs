//! What one end grants the other.

use std::sync::Arc;
use std::time::Duration;

use quinn::{IdleTimeout, TransportConfig, VarInt};

/// Streams that one connection may have open.
const STREAMS: u32 = 16;
/// Bytes of one stream, and of all streams of a connection, that may wait to be read.
const STREAM_WINDOW: u32 = 1 << 18;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes that may wait for the other end's acknowledgement.
const SEND_WINDOW: u64 = 1 << 20;

/// Limits of a channel.
#[derive(Debug, Clone, Copy)]
pub struct ChannelLimits {
    /// Most connections at once; a miner refuses others, a validator closes the one that rested longest.
    pub connections: usize,
    /// How long it may take until both ends have shown their keys.
    pub handshake: Duration,
    /// A connection whose other end is silent for so long is lost. A validator asks for a sign of life four times in this
    /// time.
    pub silence: Duration,
    /// A miner closes a connection without a request for so long; a validator no longer uses it after two thirds of that.
    pub rest: Duration,
    /// How long a stop waits for what is under way.
    pub drain: Duration,
}

impl Default for ChannelLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            handshake: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            rest: Duration::from_secs(90),
            drain: Duration::from_secs(30),
        }
    }
}

impl ChannelLimits {
    fn transport(&self) -> TransportConfig {
        let mut transport = TransportConfig::default();
        let silence = u32::try_from(self.silence.as_millis()).unwrap_or(u32::MAX);
        transport
            .max_concurrent_uni_streams(VarInt::from_u32(0))
            .datagram_receive_buffer_size(None)
            .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(silence))))
            .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
            .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
            .send_window(SEND_WINDOW);
        transport
    }

    pub(crate) fn listener(&self) -> Arc<TransportConfig> {
        let mut transport = self.transport();
        transport.max_concurrent_bidi_streams(VarInt::from_u32(STREAMS));
        Arc::new(transport)
    }

    pub(crate) fn dialer(&self) -> Arc<TransportConfig> {
        let mut transport = self.transport();
        // A miner opens no streams. A proof takes longer than a silence: without a sign of life the wait for it would end.
        transport.max_concurrent_bidi_streams(VarInt::from_u32(0)).keep_alive_interval(Some(self.silence / 4));
        Arc::new(transport)
    }
}
