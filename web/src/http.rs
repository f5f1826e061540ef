//! Requests to the validator, and what it means when they fail.

use leptos::prelude::*;
use serde::de::DeserializeOwned;
pub(crate) use vouch_client::failure::Failure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

/// Whether the validator answers; shown at the top of every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Link {
    /// Not yet known.
    #[default]
    Unknown,
    /// The last request was answered.
    Up,
    /// The last request was not answered.
    Down,
}

thread_local! {
    static LINK: ArcRwSignal<Link> = ArcRwSignal::new(Link::Unknown);
}

/// The state of the connection, as a signal.
pub(crate) fn link() -> ArcRwSignal<Link> {
    LINK.with(Clone::clone)
}

fn set_link(state: Link) {
    let link = link();
    if link.get_untracked() != state {
        link.set(state);
    }
}

async fn send(method: &str, path: &str, body: Option<String>) -> Result<Response, Failure> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_cache(RequestCache::NoStore);
    if let Some(body) = body {
        let headers = web_sys::Headers::new().map_err(malformed)?;
        headers.set("content-type", "application/json").map_err(malformed)?;
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(&body));
    }
    let Ok(response) = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await else {
        set_link(Link::Down);
        return Err(Failure::Unreachable);
    };
    let response: Response = response.dyn_into().map_err(malformed)?;
    // What stands between us and a validator that is gone answers with these.
    if matches!(response.status(), 502 | 504) {
        set_link(Link::Down);
        return Err(Failure::Unreachable);
    }
    set_link(Link::Up);
    if response.ok() { Ok(response) } else { Err(problem(response).await) }
}

async fn problem(response: Response) -> Failure {
    #[derive(serde::Deserialize, Default)]
    struct Problem {
        #[serde(default)]
        title: String,
        #[serde(default)]
        detail: String,
    }
    let status = response.status();
    let text = text(&response).await.unwrap_or_default();
    let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
    let title = if problem.title.is_empty() { format!("status {status}") } else { problem.title };
    Failure::Refused { status, title, detail: problem.detail }
}

async fn text(response: &Response) -> Result<String, Failure> {
    let text = JsFuture::from(response.text().map_err(malformed)?).await.map_err(|_| Failure::Unreachable)?;
    Ok(text.as_string().unwrap_or_default())
}

fn malformed(value: impl Into<JsValue>) -> Failure {
    Failure::Malformed(format!("{:?}", value.into()))
}

async fn parsed<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    serde_json::from_str(&text(&response).await?).map_err(|error| Failure::Malformed(error.to_string()))
}

/// The JSON at a path.
pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    parsed(send("GET", path, None).await?).await
}

/// The bytes at a path.
pub(crate) async fn bytes(path: &str) -> Result<Vec<u8>, Failure> {
    let response = send("GET", path, None).await?;
    let buffer = JsFuture::from(response.array_buffer().map_err(malformed)?).await.map_err(|_| Failure::Unreachable)?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Sends JSON, reads JSON.
pub(crate) async fn post<T: DeserializeOwned>(path: &str, body: &impl serde::Serialize) -> Result<T, Failure> {
    let body = serde_json::to_string(body).map_err(|error| Failure::Malformed(error.to_string()))?;
    parsed(send("POST", path, Some(body)).await?).await
}
