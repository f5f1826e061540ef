//! The miner's two servers: QUIC for validators, HTTP for whoever watches, and for validators on the same machine.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vouch_channel::{ChannelLimits, Listener};
use vouch_protocol::PartyKey;

use super::{Miner, routes};
use crate::server::{Limits, serve, serve_channels};

/// Listens for validators.
///
/// # Errors
/// Names the address.
pub fn listen(address: SocketAddr, key: &PartyKey, limits: &Limits) -> Result<Listener> {
    let channel = ChannelLimits { connections: limits.connections, drain: limits.drain, ..ChannelLimits::default() };
    Ok(Listener::bind(address, key, channel)?)
}

impl Miner {
    /// Serves until `stop` is ready. Then nothing more is taken, and what was taken is finished.
    pub async fn serve(
        self: &Arc<Self>,
        http: TcpListener,
        channels: Listener,
        limits: Limits,
        stop: impl Future<Output = ()>,
    ) {
        let (stopping, stopped) = watch::channel(false);
        let stop = async {
            stop.await;
            self.close();
            stopping.send_replace(true);
        };
        let until = |mut stopped: watch::Receiver<bool>| async move {
            // The sender lives as long as this function.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let miner = self.clone();
        let admit = move |key| {
            let miner = miner.clone();
            async move { routes::known(&miner, key).await.is_ok() }
        };
        let app = routes::for_validators(self.clone());
        tokio::join!(
            serve(http, self.router(), limits.clone(), until(stopped.clone())),
            serve_channels(channels, app, limits, admit, until(stopped)),
            stop,
        );
    }
}
