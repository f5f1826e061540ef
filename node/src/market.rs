//! Where market data comes from: a file, or an address that answers with JSON.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use thiserror::Error;
use vouch_api::Market;

/// Longest text of market data.
const MAX_BYTES: usize = 1 << 20;
/// After this long without an answer, there is none.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no market data.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum MarketError {
    /// The file cannot be read.
    #[error("market data {path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The address is none.
    #[error("market data: {address:?} is no address of HTTP: {reason}")]
    Address { address: String, reason: String },
    /// Nobody answers there, or not in time.
    #[error("market data: {0}")]
    Connection(reqwest::Error),
    /// The answer is no success.
    #[error("market data: expected status 200, got {got}")]
    Status { got: StatusCode },
    /// More than market data can be.
    #[error("market data: expected at most {limit} bytes, got more")]
    TooLong { limit: usize },
    /// What is there is no market data.
    #[error("market data: {0}")]
    Content(serde_json::Error),
}

/// A future of market data.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Market, MarketError>> + Send + 'a>>;

/// Something that has market data.
pub trait MarketSource: Send + Sync {
    /// The data of now.
    fn market(&self) -> Answer<'_>;
}

/// The source that a setting names: an address of HTTP or HTTPS, or else a file.
///
/// # Errors
/// [`MarketError::Address`].
pub fn source(setting: &str) -> Result<Box<dyn MarketSource>, MarketError> {
    if setting.starts_with("http://") || setting.starts_with("https://") {
        return Ok(Box::new(HttpSource::new(setting, TIMEOUT)?));
    }
    Ok(Box::new(FileSource { path: setting.into() }))
}

fn read(bytes: &[u8]) -> Result<Market, MarketError> {
    serde_json::from_slice(bytes).map_err(MarketError::Content)
}

/// A file of JSON, read anew each time.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// The file at a path.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl MarketSource for FileSource {
    fn market(&self) -> Answer<'_> {
        Box::pin(async {
            let failed = |source| MarketError::File { path: self.path.clone(), source };
            // A file that grows is not read beyond the limit either.
            let file = tokio::fs::File::open(&self.path).await.map_err(failed)?;
            let mut bytes = Vec::new();
            let mut limited = tokio::io::AsyncReadExt::take(file, MAX_BYTES as u64 + 1);
            tokio::io::AsyncReadExt::read_to_end(&mut limited, &mut bytes).await.map_err(failed)?;
            if bytes.len() > MAX_BYTES {
                return Err(MarketError::TooLong { limit: MAX_BYTES });
            }
            read(&bytes)
        })
    }
}

/// JSON over HTTP. Redirects are not followed, and no more is read than market data can have.
#[derive(Debug, Clone)]
pub struct HttpSource {
    client: Client,
    url: Url,
}

impl HttpSource {
    /// The data at an address, waited for no longer than `timeout`.
    ///
    /// # Errors
    /// [`MarketError::Address`], [`MarketError::Connection`] if there is no client.
    pub fn new(address: &str, timeout: Duration) -> Result<Self, MarketError> {
        let reason =
            |error: &dyn ToString| MarketError::Address { address: address.to_owned(), reason: error.to_string() };
        let url = Url::parse(address).map_err(|error| reason(&error))?;
        let redirect = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirect).no_proxy().timeout(timeout).build();
        Ok(Self { client: client.map_err(MarketError::Connection)?, url })
    }
}

impl MarketSource for HttpSource {
    fn market(&self) -> Answer<'_> {
        Box::pin(async {
            // The address may hold a secret: it is not told.
            let failed = |error: reqwest::Error| MarketError::Connection(error.without_url());
            let mut response = self.client.get(self.url.clone()).send().await.map_err(failed)?;
            if response.status() != StatusCode::OK {
                return Err(MarketError::Status { got: response.status() });
            }
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if bytes.len() + chunk.len() > MAX_BYTES {
                    return Err(MarketError::TooLong { limit: MAX_BYTES });
                }
                bytes.extend_from_slice(&chunk);
            }
            read(&bytes)
        })
    }
}
