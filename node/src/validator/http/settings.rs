//! What can be set about the interface.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The interface: `[validator.http]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Folder of the dashboard's files, served at `/`.
    pub dashboard: Option<PathBuf>,
    /// Origins whose pages may use the interface; `*` for all.
    pub cors: Vec<String>,
    /// Largest body of a question, bytes.
    pub max_body_bytes: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { dashboard: None, cors: Vec::new(), max_body_bytes: 1 << 20 }
    }
}
