//! One request to a miner and its answer: over QUIC, or in the clear over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use axum::body::Body;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::StatusCode;
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use vouch_api::{AttemptOutcome, paths};
use vouch_channel::{ChannelLimits, Dialer, Stream};
use vouch_protocol::{PartyKey, PublicKey, SignedHeaders};

use super::address::Place;
use super::clock::{Sent, Timed};
use super::query::Answer;

/// What an answer's head may have.
const MAX_HEADERS: usize = 64;
const HEAD_BYTES: usize = 1 << 14;

/// A signed request.
pub(super) struct Post {
    pub(super) headers: SignedHeaders,
    pub(super) body: Vec<u8>,
    /// Longest answer, bytes.
    pub(super) limit: usize,
    /// When the request was handed over.
    pub(super) sent: Sent,
}

/// Sends requests to miners.
pub(super) struct Postman {
    http: reqwest::Client,
    quic: Dialer,
}

/// An answer's bytes as they come.
struct Read {
    bytes: Vec<u8>,
    limit: usize,
}

impl Read {
    /// Takes a piece; an answer that is too long is one already.
    fn take(&mut self, piece: &[u8]) -> Result<(), Answer> {
        if piece.len() > self.limit - self.bytes.len() {
            return Err(Answer::not(AttemptOutcome::Malformed, format!("more than {} bytes", self.limit)));
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn done(self) -> Answer {
        Answer { outcome: AttemptOutcome::Verified, body: self.bytes, detail: String::new() }
    }
}

fn failed(reason: impl ToString) -> Answer {
    Answer::not(AttemptOutcome::Failed, reason)
}

/// Where an answer can be read, or what the status says instead.
fn reader(status: StatusCode, limit: usize) -> Result<Read, Answer> {
    match status {
        StatusCode::OK => Ok(Read { bytes: Vec::new(), limit }),
        StatusCode::SERVICE_UNAVAILABLE => Err(Answer::not(AttemptOutcome::Busy, "the miner is full")),
        status => Err(failed(format!("status {status}"))),
    }
}

impl Postman {
    pub(super) fn new(key: &PartyKey) -> Result<Self> {
        // Nothing is decompressed and no redirect is followed: what a miner sends is what is read.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(1)
            // Sooner than any miner closes an idle connection: a request that meets a closed one would count as failed.
            .pool_idle_timeout(Duration::from_secs(1))
            .build()?;
        Ok(Self { http, quic: Dialer::new(key, ChannelLimits::default())? })
    }

    /// Sends a request, and reads the answer up to its limit.
    pub(super) async fn send(&self, miner: &PublicKey, place: Place, post: Post) -> Answer {
        match place {
            Place::Quic(address) => self.over_quic(miner, address, &post).await,
            Place::Http(address) => self.over_http(address, post).await.unwrap_or_else(|answer| answer),
        }
    }

    async fn over_quic(&self, miner: &PublicKey, address: SocketAddr, post: &Post) -> Answer {
        let mut tries = 2;
        loop {
            let opened = match self.quic.open(miner, address).await {
                Ok(opened) => opened,
                Err(error) => return failed(error),
            };
            tries -= 1;
            let error = match exchange(opened.stream, address, post).await {
                Ok(answer) => return answer,
                Err(error) => error,
            };
            self.quic.forget(miner);
            // The miner was started anew since the last request. It does not do anything twice: it keeps the nonces of
            // requests. The clock runs on: a miner that breaks off after it has read the request wins no time.
            if !opened.kept || tries == 0 {
                return failed(error);
            }
        }
    }

    async fn over_http(&self, address: SocketAddr, post: Post) -> Result<Answer, Answer> {
        let body = reqwest::Body::wrap(Timed::new(post.body, post.sent));
        let mut request = self.http.post(format!("http://{address}{}", paths::PROVE));
        request = request.header("content-type", "application/json").body(body);
        for (name, value) in post.headers.to_pairs() {
            request = request.header(name, value);
        }
        let broken = |error: reqwest::Error| failed(error.without_url());
        let mut response = request.send().await.map_err(broken)?;
        let mut read = reader(response.status(), post.limit)?;
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            read.take(&piece)?;
        }
        Ok(read.done())
    }
}

/// One HTTP request on a stream. An error means that no answer has begun.
async fn exchange(stream: Stream, address: SocketAddr, post: &Post) -> Result<Answer, hyper::Error> {
    let mut http = http1::Builder::new();
    http.max_headers(MAX_HEADERS).max_buf_size(HEAD_BYTES);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await?;
    // Ends with this function, however it ends: the miner learns that nobody waits for an answer any more.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let mut request = hyper::Request::post(paths::PROVE)
        .header("host", address.to_string())
        .header("content-type", "application/json");
    for (name, value) in post.headers.to_pairs() {
        request = request.header(name, value);
    }
    let request = match request.body(Timed::new(post.body.clone(), post.sent.clone())) {
        Ok(request) => request,
        Err(error) => return Ok(Answer::not(AttemptOutcome::Cancelled, error)),
    };
    let response = sender.send_request(request).await?;
    let mut read = match reader(response.status(), post.limit) {
        Ok(read) => read,
        Err(answer) => return Ok(answer),
    };
    let mut body = Body::new(response.into_body()).into_data_stream();
    while let Some(piece) = body.next().await {
        let taken = piece.map_err(failed).and_then(|piece| read.take(&piece));
        if let Err(answer) = taken {
            return Ok(answer);
        }
    }
    Ok(read.done())
}
