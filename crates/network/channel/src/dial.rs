//! The validator's end: one connection a miner, kept for the next request.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use quinn::{ClientConfig, Connection, Endpoint, VarInt};
use vouch_protocol::{PartyKey, PublicKey};

use crate::{ChannelError, ChannelLimits, Stream, hello, tls};

/// Code of a connection whose other end is not the miner that was meant.
const NOT_MEANT: VarInt = VarInt::from_u32(3);

/// A stream for one request.
pub struct Opened {
    /// The stream.
    pub stream: Stream,
    /// Whether its connection was there before: the miner may have gone since.
    pub kept: bool,
}

struct Line {
    address: SocketAddr,
    connection: Connection,
    used: Instant,
}

/// Opens channels to miners.
pub struct Dialer {
    endpoint: Endpoint,
    key: PartyKey,
    limits: ChannelLimits,
    lines: Mutex<HashMap<PublicKey, Line>>,
}

impl Dialer {
    /// A dialer with a socket of its own. Must be called inside of tokio.
    ///
    /// # Errors
    /// [`ChannelError::Socket`], [`ChannelError::Tls`].
    pub fn new(key: &PartyKey, limits: ChannelLimits) -> Result<Self, ChannelError> {
        let any = |ip: IpAddr| SocketAddr::new(ip, 0);
        let (v6, v4) = (any(Ipv6Addr::UNSPECIFIED.into()), any(Ipv4Addr::UNSPECIFIED.into()));
        // The first reaches both kinds of addresses; there are hosts without IPv6.
        let endpoint = Endpoint::client(v6).or_else(|_| Endpoint::client(v4));
        let mut endpoint = endpoint.map_err(|source| ChannelError::Socket { address: v4, source })?;
        let mut config = ClientConfig::new(Arc::new(tls::client()?));
        config.transport_config(limits.dialer());
        endpoint.set_default_client_config(config);
        Ok(Self { endpoint, key: key.clone(), limits, lines: Mutex::default() })
    }

    /// A stream to a miner at an address, over the connection that is there, or a new one.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub async fn open(&self, miner: &PublicKey, address: SocketAddr) -> Result<Opened, ChannelError> {
        let limit = self.limits.handshake;
        let late = |_| ChannelError::Late { limit_ms: limit.as_millis() };
        if let Some(connection) = self.kept(miner, address) {
            // A miner may grant no streams.
            match tokio::time::timeout(limit, connection.open_bi()).await.map_err(late)? {
                Ok(stream) => return Ok(Opened { stream: Stream::new(stream), kept: true }),
                Err(error) => tracing::debug!(%miner, %error, "a kept connection is gone"),
            }
        }
        let connecting = async {
            let connection = self.connect(miner, address).await?;
            let stream = connection.open_bi().await?;
            Ok::<_, ChannelError>((connection, stream))
        };
        let (connection, stream) = tokio::time::timeout(limit, connecting).await.map_err(late)??;
        self.keep(miner, Line { address, connection, used: Instant::now() });
        Ok(Opened { stream: Stream::new(stream), kept: false })
    }

    /// Does not use the connection to a miner again.
    pub fn forget(&self, miner: &PublicKey) {
        self.lines().remove(miner);
    }

    /// Number of connections that are kept.
    pub fn kept_connections(&self) -> usize {
        self.lines().len()
    }

    async fn connect(&self, miner: &PublicKey, address: SocketAddr) -> Result<Connection, ChannelError> {
        let connecting = self.endpoint.connect(address, tls::NAME);
        let connecting = connecting.map_err(|error| ChannelError::Address { address, reason: error.to_string() })?;
        let connection = connecting.await?;
        if let Err(error) = hello::call(&connection, &self.key, miner).await {
            connection.close(NOT_MEANT, b"not the miner that was meant");
            return Err(error);
        }
        Ok(connection)
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<PublicKey, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to a miner, if it is open and the miner is still at this address. Those that nobody needs are closed:
    /// a connection ends with its last handle.
    fn kept(&self, miner: &PublicKey, address: SocketAddr) -> Option<Connection> {
        // Sooner than the miner closes it.
        let rest = self.limits.rest / 3 * 2;
        let mut lines = self.lines();
        lines.retain(|_, line| line.connection.close_reason().is_none() && line.used.elapsed() < rest);
        let line = lines.get_mut(miner).filter(|line| line.address == address)?;
        line.used = Instant::now();
        Some(line.connection.clone())
    }

    fn keep(&self, miner: &PublicKey, line: Line) {
        let mut lines = self.lines();
        if lines.len() >= self.limits.connections && !lines.contains_key(miner) {
            let oldest = lines.iter().min_by_key(|(_, line)| line.used).map(|(key, _)| *key);
            oldest.map(|key| lines.remove(&key));
        }
        lines.insert(*miner, line);
    }
}
