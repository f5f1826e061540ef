//! HTTP on channels: each stream of a connection is one request.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tower::ServiceExt;
use vouch_channel::{Caller, Listener, Service, Stream};
use vouch_protocol::PublicKey;

use super::address::{Connections, Open};
use super::patient::Patient;
use super::{Limits, MAX_HEADERS};

/// Serves those whom `admit` knows, until `stop` is ready, then finishes what is under way. A request carries its
/// [`Caller`].
pub async fn serve_channels<A, F>(
    listener: Listener,
    app: Router,
    limits: Limits,
    admit: A,
    stop: impl Future<Output = ()>,
) where
    A: Fn(PublicKey) -> F + Send + Sync + 'static,
    F: Future<Output = bool> + Send,
{
    let service = Channels { app, limits, admit, connections: Connections::default() };
    listener.serve(Arc::new(service), stop).await;
}

struct Channels<A> {
    app: Router,
    limits: Limits,
    admit: A,
    connections: Connections,
}

impl<A, F> Service for Channels<A>
where
    A: Fn(PublicKey) -> F + Send + Sync + 'static,
    F: Future<Output = bool> + Send,
{
    type Place = Open;

    fn place(&self, address: IpAddr) -> Option<Open> {
        self.connections.open(address, self.limits.per_address)
    }

    fn admit(&self, key: PublicKey) -> impl Future<Output = bool> + Send {
        (self.admit)(key)
    }

    async fn answer(&self, caller: Caller, stream: Stream) {
        let app = self.app.clone();
        let service = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(caller.address));
            request.extensions_mut().insert(caller);
            app.clone().oneshot(request)
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.head).max_headers(MAX_HEADERS).keep_alive(false);
        let stream = TokioIo::new(Patient::new(stream, self.limits.write));
        // An error here is the caller's: it went away, or spoke no HTTP.
        let _: Result<(), _> = http.serve_connection(stream, TowerToHyperService::new(service)).await;
    }
}
