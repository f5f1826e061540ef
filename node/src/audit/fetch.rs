//! What an audit fetches from a validator, which may be hostile: every answer has a limit, and no redirect is followed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;

/// Largest verifying key, bytes.
pub(super) const MAX_KEY: usize = 64 << 20;
/// Largest envelope, bytes.
pub(super) const MAX_ENVELOPE: usize = 4 << 20;
/// Largest page of the log, and largest account of itself, bytes.
const MAX_PAGE: usize = 64 << 20;

/// A validator's interface.
pub(super) struct Source {
    client: reqwest::Client,
    base: String,
}

impl Source {
    pub(super) fn new(url: &str) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, base: url.trim_end_matches('/').to_owned() })
    }

    /// At most `limit` bytes; more is an error.
    pub(super) async fn bytes(&self, path: &str, limit: usize) -> Result<Vec<u8>> {
        let mut response = self.client.get(format!("{}{path}", self.base)).send().await?.error_for_status()?;
        let mut read = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            ensure!(read.len().saturating_add(chunk.len()) <= limit, "{path}: more than {limit} bytes");
            read.extend_from_slice(&chunk);
        }
        Ok(read)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let bytes = self.bytes(path, MAX_PAGE).await?;
        serde_json::from_slice(&bytes).with_context(|| format!("{path}: not what was asked for"))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::Redirect;
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn answers_have_limits() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/x", get(|| async { "12345678" }))
            .route("/elsewhere", get(|| async { Redirect::temporary("/x") }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let source = Source::new(&url).unwrap();
        assert_eq!(source.bytes("/x", 8).await.unwrap(), b"12345678");
        let error = source.bytes("/x", 7).await.unwrap_err().to_string();
        assert!(error.contains("more than 7 bytes"), "{error}");
        assert_ne!(source.bytes("/elsewhere", 8).await.unwrap_or_default(), b"12345678");
        assert_eq!(source.json::<u64>("/x").await.unwrap(), 12_345_678);
        assert!(source.json::<String>("/x").await.is_err());
    }
}
