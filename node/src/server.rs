//! What both servers share: connections with limits, request ids, time-outs, metrics, shutdown.

mod address;
mod channels;
mod patient;

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rand_core::{OsRng, RngCore};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
use tower::ServiceExt;
use tracing::Instrument;
use vouch_envelope::hex;

use crate::api_error::{ApiError, Refusal};
use crate::metrics::{Metrics, by};

use address::Connections;
use patient::Patient;

pub(crate) use address::counted;
pub use channels::serve_channels;

/// Header: the request's identifier.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// Limits of a server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once; others wait to be accepted.
    pub connections: usize,
    /// Most connections at once from one address, of IPv6 from one /64; more are closed.
    pub per_address: usize,
    /// How long a client may take to send a request's head.
    pub head: Duration,
    /// How long one write to a client may wait; then the connection is closed.
    pub write: Duration,
    /// Proxies in front of the server: their connections are not limited by address, and they say in `X-Forwarded-For` who
    /// their client is.
    pub proxies: Vec<IpAddr>,
    /// How long a stop waits for what is under way.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 64,
            head: Duration::from_secs(10),
            write: Duration::from_secs(30),
            proxies: Vec::new(),
            drain: Duration::from_secs(30),
        }
    }
}

/// Serves until `stop` is ready, then finishes what is under way.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let connections = Connections::default();
    let proxies: Arc<[IpAddr]> = limits.proxies.iter().map(IpAddr::to_canonical).collect();
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (connection, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match connection {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let proxied = proxies.contains(&peer.ip().to_canonical());
        let open = if proxied { None } else { connections.open(peer.ip(), limits.per_address) };
        if open.is_none() && !proxied {
            tracing::debug!(%peer, "too many connections of one address");
            continue;
        }
        let (app, proxies) = (app.clone(), proxies.clone());
        let service = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            let client = address::client(peer, request.headers(), &proxies);
            request.extensions_mut().insert(ConnectInfo(client));
            app.clone().oneshot(request)
        });
        let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head).max_headers(MAX_HEADERS);
        let stream = TokioIo::new(Patient::new(stream, limits.write));
        let connection = builder.serve_connection(stream, TowerToHyperService::new(service)).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // An error here is the client's: it went away, or spoke no HTTP.
            let _: Result<(), _> = watched.await;
            drop((permit, open));
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

/// Request ids, a span and a line for each request, metrics, and a net under panics.
pub(crate) fn layers(app: Router, metrics: Arc<Metrics>) -> Router {
    app.layer(tower_http::catch_panic::CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
        Refusal::internal("a handler panicked").into_response()
    }))
    .layer(middleware::from_fn(move |request, next| observe(metrics.clone(), request, next)))
}

async fn observe(metrics: Arc<Metrics>, mut request: Request, next: Next) -> Response {
    let mut bytes = [0; 8];
    OsRng.fill_bytes(&mut bytes);
    let id = hex::encode(&bytes);
    let value = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"));
    request.headers_mut().insert(REQUEST_ID, value.clone());
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let start = std::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && !is_problem(&response) {
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = ApiError::Method.into_response();
        response.headers_mut().extend(allowed.map(|allowed| (header::ALLOW, allowed)));
    }
    metrics.requests.get_or_create(&by(response.status().as_u16())).inc();
    span.in_scope(|| {
        tracing::debug!(status = response.status().as_u16(), took_ms = start.elapsed().as_millis() as u64, "answered")
    });
    response.headers_mut().insert(REQUEST_ID, value);
    response.headers_mut().entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes() == vouch_api::PROBLEM_JSON.as_bytes())
}

/// Answers 504 to what takes longer. Streams are not covered beyond their first byte.
pub(crate) fn timeout(app: Router, limit: Duration) -> Router {
    let late = || ApiError::Late.into_response();
    app.layer(middleware::from_fn(move |request: Request, next: Next| async move {
        Ok::<_, Infallible>(tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| late()))
    }))
}

/// Reads a body of at most `limit` bytes within `time`.
pub(crate) async fn read_body(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Refusal> {
    let read = async {
        let (mut chunks, mut bytes) = (body.into_data_stream(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ApiError::Malformed.because("the body ended early"))?;
            if chunk.len() > limit - bytes.len() {
                return Err(ApiError::TooLarge.because(format!("at most {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(time, read).await.unwrap_or_else(|_| Err(ApiError::Slow.into()))
}

/// Reads a body of JSON.
pub(crate) async fn read_json<T: serde::de::DeserializeOwned>(request: Request, limit: usize) -> Result<T, Refusal> {
    let content = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !content.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::MediaType.because("expected content type application/json"));
    }
    let body = read_body(request.into_body(), limit, Duration::from_secs(10)).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::Malformed.because(error))
}

/// Binds an address.
///
/// # Errors
/// Names the address.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| anyhow::anyhow!("cannot listen on {address}: {e}"))
}

/// Ready when the process is asked to stop (SIGINT or SIGTERM).
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM");
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// The largest number that JSON carries exactly everywhere, and that SQLite can hold.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A number in a query that may be left out, up to `MAX`.
pub(crate) fn at_most<'de, const MAX: u64, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    use serde::de::{Deserialize, Error};
    match Option::<u64>::deserialize(from)? {
        Some(number) if number > MAX => Err(D::Error::custom(format_args!("{number} is more than {MAX}"))),
        number => Ok(number),
    }
}
