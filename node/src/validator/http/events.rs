//! Server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

/// A server-sent event, as `text/event-stream` has it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "for the document only")]
pub(super) struct Message {
    /// The event's number.
    id: String,
    /// The prediction's state.
    event: String,
    /// A PredictionEvent.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// An event on its way, or the end of the stream.
pub(super) type Sent = Result<Event, Infallible>;

/// A channel for the events of one answer.
pub(super) fn pipe() -> (Sender<Sent>, Receiver<Sent>) {
    channel(16)
}

/// An event with its number, its name, and its data as JSON.
pub(super) fn event(seq: u64, name: &str, data: &impl serde::Serialize) -> Sent {
    Ok(Event::default().id(seq.to_string()).event(name).json_data(data).unwrap_or_default())
}

/// The answer.
pub(super) fn stream(receiver: Receiver<Sent>) -> Response {
    let keep = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(ReceiverStream::new(receiver)).keep_alive(keep).into_response()
}
