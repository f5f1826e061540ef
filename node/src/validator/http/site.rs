//! The dashboard's files.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// What the page may do: the policy in its `index.html`, which a worker's script does not inherit, and that nobody may
/// show the page in a frame, which only a header can say.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves a folder: what has a `.gz` beside it goes compressed to whoever takes that, and paths that are no file are
/// the page's own.
pub(super) fn site(dir: &Path) -> Router {
    let files = ServeDir::new(dir).precompressed_gzip().fallback(ServeFile::new(dir.join("index.html")));
    let says = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    Router::new()
        .fallback_service(files)
        .layer(says(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(says(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(says(header::REFERRER_POLICY, "no-referrer"))
        // Names of files stay when their content changes: each visit asks whether it has.
        .layer(says(header::CACHE_CONTROL, "no-cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_same_policy() {
        let page = include_str!("../../../../web/index.html");
        let own = POLICY.strip_suffix("; frame-ancestors 'none'").unwrap();
        assert!(page.contains(&format!("content=\"{own}\"")), "{own}");
    }
}
