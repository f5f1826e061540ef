//! Errors, as RFC 9457 says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not served (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The kind of problem: `urn:vouch:problem:` and a short name that programs may rely on.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What it is about here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The request's identifier, as in the header `x-request-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// Start of every kind.
    pub const PREFIX: &'static str = "urn:vouch:problem:";

    /// A problem of a kind named `name`.
    pub fn new(status: u16, name: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        let kind = format!("{}{name}", Self::PREFIX);
        Self { kind, title: title.into(), status, detail: detail.into(), request_id: None }
    }

    /// The kind's short name.
    pub fn name(&self) -> &str {
        self.kind.strip_prefix(Self::PREFIX).unwrap_or(&self.kind)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.title, self.status, self.name())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Problem {}
