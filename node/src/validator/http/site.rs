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

/// The script of the page's that may reach nodes of Ethereum, which the user names. It has no other rights, and the page has
/// not this one.
const NODE_WORKER: &str = "assets/node-worker.js";
const NODE_POLICY: &str = "default-src 'none'; connect-src http: https:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Serves a folder: what has a `.gz` beside it goes compressed to whoever takes that, and paths that are no file are
/// the page's own.
pub(super) fn site(dir: &Path) -> Router {
    let files = ServeDir::new(dir).precompressed_gzip().fallback(ServeFile::new(dir.join("index.html")));
    let worker = ServeFile::new(dir.join(NODE_WORKER)).precompressed_gzip();
    let worker = Router::new().route_service(&format!("/{NODE_WORKER}"), worker);
    headers(Router::new().fallback_service(files), POLICY).merge(headers(worker, NODE_POLICY))
}

fn headers(files: Router, policy: &'static str) -> Router {
    let says = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    files
        .layer(says(header::CONTENT_SECURITY_POLICY, policy))
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

    /// Only this script reaches other addresses.
    #[tokio::test]
    async fn the_worker_that_asks_nodes_has_its_own_policy() {
        use axum::{body::Body, http::Request};
        use tower::ServiceExt;

        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("assets")).unwrap();
        for file in ["index.html", "assets/worker.js", NODE_WORKER] {
            std::fs::write(dir.path().join(file), file).unwrap();
        }
        let policy = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = site(dir.path()).oneshot(request).await.unwrap();
            assert!(response.status().is_success(), "{path}");
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        assert_eq!(policy("/assets/node-worker.js").await, NODE_POLICY);
        for path in ["/", "/verify", "/assets/worker.js", "/assets/node-worker.js/"] {
            assert_eq!(policy(path).await, POLICY, "{path}");
        }
    }
}
