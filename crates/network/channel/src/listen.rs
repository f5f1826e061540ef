//! The miner's end.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use quinn::{Connection, Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use vouch_protocol::{PartyKey, PublicKey};

use crate::{ChannelError, ChannelLimits, Stream, hello, tls};

/// Codes of closed connections: the miner stops, the connection rested, the caller was not accepted.
const STOPPED: VarInt = VarInt::from_u32(0);
const RESTED: VarInt = VarInt::from_u32(1);
const REFUSED: VarInt = VarInt::from_u32(2);

/// Handshakes that may wait, and bytes that may come before a connection is accepted.
const MAX_WAITING: usize = 256;
const EARLY_BYTES: u64 = 1 << 14;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The key that it has shown.
    pub key: PublicKey,
    /// Where it is.
    pub address: SocketAddr,
}

/// What a miner does with connections and streams.
pub trait Service: Send + Sync + 'static {
    /// Held as long as a connection is open.
    type Place: Send + 'static;

    /// A place for a connection from an address, if it may have one.
    fn place(&self, address: IpAddr) -> Option<Self::Place>;

    /// Whether a key may ask.
    fn admit(&self, key: PublicKey) -> impl Future<Output = bool> + Send;

    /// Answers on one stream.
    fn answer(&self, caller: Caller, stream: Stream) -> impl Future<Output = ()> + Send;
}

/// A miner's socket.
pub struct Listener {
    endpoint: Endpoint,
    key: PartyKey,
    limits: ChannelLimits,
}

impl Listener {
    /// Listens at an address. Must be called inside of tokio.
    ///
    /// # Errors
    /// [`ChannelError::Socket`], [`ChannelError::Tls`].
    pub fn bind(address: SocketAddr, key: &PartyKey, limits: ChannelLimits) -> Result<Self, ChannelError> {
        let socket = |source| ChannelError::Socket { address, source };
        let mut server = ServerConfig::with_crypto(Arc::new(tls::server()?));
        server
            .transport_config(limits.listener())
            .max_incoming(MAX_WAITING)
            .incoming_buffer_size(EARLY_BYTES)
            .incoming_buffer_size_total(EARLY_BYTES * MAX_WAITING as u64);
        // A miner that was started anew can still tell its callers that their connections are gone: what that takes comes
        // from its key.
        let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key.derive("quic-reset"))));
        let [a, b, c, d, e, f, g, h, ..] = key.derive("quic-connections");
        let identifiers = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(identifiers)));
        let udp = std::net::UdpSocket::bind(address).map_err(socket)?;
        let endpoint = Endpoint::new(config, Some(server), udp, Arc::new(TokioRuntime)).map_err(socket)?;
        Ok(Self { endpoint, key: key.clone(), limits })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Serves until `stop` is ready, then finishes what is under way.
    pub async fn serve<S: Service>(self, service: Arc<S>, stop: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let incoming = tokio::select! {
                () = &mut stop => break,
                incoming = self.endpoint.accept() => incoming,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            };
            let Some(incoming) = incoming else { break };
            // A made-up address does not get further than this. Nothing is kept for it.
            if !incoming.remote_address_validated() {
                let _ = incoming.retry();
                continue;
            }
            let place = service.place(incoming.remote_address().ip());
            let (Some(place), Ok(permit)) = (place, room.clone().try_acquire_owned()) else {
                incoming.refuse();
                continue;
            };
            let line = Line { key: self.key.clone(), limits: self.limits, service: service.clone() };
            let stopped = stopped.clone();
            connections.spawn(async move { line.hold(incoming, (place, permit), stopped).await });
        }
        self.endpoint.set_server_config(None);
        stopping.send_replace(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.drain, all).await.is_err() {
            tracing::warn!("some requests over QUIC did not end in time");
        }
        self.endpoint.close(STOPPED, b"the miner stops");
        // The news that it is closed goes out, and the socket is free for whoever comes next.
        let _ = tokio::time::timeout(self.limits.handshake, self.endpoint.wait_idle()).await;
    }
}

/// One connection.
struct Line<S> {
    key: PartyKey,
    limits: ChannelLimits,
    service: Arc<S>,
}

impl<S: Service> Line<S> {
    async fn hold(
        self,
        incoming: Incoming,
        place: (S::Place, OwnedSemaphorePermit),
        mut stopped: watch::Receiver<bool>,
    ) {
        let address = incoming.remote_address();
        let opening = async {
            let connection = incoming.await?;
            let admit = async |key| self.service.admit(key).await;
            match hello::answer(&connection, &self.key, admit).await {
                Ok(key) => Ok((connection, key)),
                Err(error) => {
                    connection.close(REFUSED, b"the caller is not accepted");
                    Err(error)
                }
            }
        };
        let opened = tokio::select! {
            opened = tokio::time::timeout(self.limits.handshake, opening) => opened,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match opened {
            Ok(Ok((connection, key))) => self.serve(&connection, Caller { key, address }, stopped).await,
            Ok(Err(error)) => tracing::debug!(%address, %error, "a caller was not accepted"),
            Err(_) => tracing::debug!(%address, "a caller did not show its key in time"),
        }
        drop(place);
    }

    async fn serve(&self, connection: &Connection, caller: Caller, mut stopped: watch::Receiver<bool>) {
        let mut answers = JoinSet::new();
        let why = loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break STOPPED,
                accepted = tokio::time::timeout(self.limits.rest, connection.accept_bi()) => match accepted {
                    Ok(Ok(stream)) => {
                        let (service, silence) = (self.service.clone(), self.limits.silence);
                        let arrived = stream.0.stopped();
                        answers.spawn(async move {
                            service.answer(caller, Stream::new(stream)).await;
                            // An answer is under way until the caller has acknowledged it.
                            let _ = tokio::time::timeout(silence, arrived).await;
                        });
                    }
                    // The caller is gone, and so is what it asked for: what still runs is dropped.
                    Ok(Err(_)) => return,
                    Err(_) if answers.is_empty() => break RESTED,
                    Err(_) => {}
                },
                Some(_) = answers.join_next(), if !answers.is_empty() => {}
            }
        };
        while answers.join_next().await.is_some() {}
        connection.close(why, if why == RESTED { b"nothing was asked" } else { b"the miner stops" });
    }
}
