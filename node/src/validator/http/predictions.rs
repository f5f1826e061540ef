//! Questions of users, how they stand, and the values of their hashed outputs.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{
    HiddenOutputs, OutputsRequest, PredictionAccepted, PredictionEvent, PredictionRequest, PredictionStatus, paths,
};

use super::events::{Message, event, pipe, stream};
use super::extract::Id;
use super::responses::{Reply, problems};
use crate::validator::Validator;
use crate::validator::hidden_outputs::{self, NotKept};
use crate::validator::predictions::{PredictionError, Predictions};
use crate::validator::stop::Stop;
use crate::{ApiError, Refusal, now_ms, server};

/// Largest body of a request for values.
const MAX_OUTPUTS_REQUEST: usize = 1024;

problems!(AskProblems: Malformed, NoSuchModel, Slow, NonceUsed, TooLarge, MediaType, TooManyValues, Inputs, RefusedInputs, NeedlessSalt, Rate, Full);
problems!(Problems: NotFound, NoSuchPrediction);
problems!(OutputsProblems: Malformed, OtherSalt, NotFound, NoSuchPrediction, Slow, Open, NotKept, TooLarge, MediaType);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(prediction))
        .routes(routes!(prediction_events))
        .routes(routes!(outputs))
}

impl From<PredictionError> for Refusal {
    fn from(error: PredictionError) -> Self {
        match error {
            PredictionError::Rate { retry_after_s } => Self::rate(retry_after_s),
            PredictionError::NoSuchModel(id) => ApiError::NoSuchModel.because(id),
            PredictionError::TooManyValues => ApiError::TooManyValues.because(error),
            PredictionError::Inputs(error) => ApiError::Inputs.because(error),
            PredictionError::Run(error) => ApiError::RefusedInputs.because(error),
            PredictionError::Salt(error) => ApiError::NeedlessSalt.because(error),
            PredictionError::Stopping => Self::full(error, 10),
            PredictionError::Full => Self::full(error, 5),
            PredictionError::NonceUsed => ApiError::NonceUsed.because(error),
            PredictionError::Database(error) => error.into(),
            PredictionError::Panicked => Self::internal(error),
        }
    }
}

/// Asks for a prediction. The answer is its identifier; how it stands is told there.
#[utoipa::path(post, path = "/v1/predictions", request_body = PredictionRequest,
    responses((status = 202, body = PredictionAccepted), AskProblems))]
async fn ask(
    Shared(v): Shared<Validator>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refusal> {
    v.predictions.admit(peer.ip())?;
    let accepted = v.predictions.ask(server::read_json(request, v.http.max_body_bytes).await?).await?;
    let location = format!("{}/{}", paths::PREDICTIONS, accepted.status.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted)).into_response())
}

async fn standing(predictions: &Predictions, id: &str) -> Result<PredictionStatus, Refusal> {
    predictions.standing(id).await?.ok_or_else(|| ApiError::NoSuchPrediction.because(id))
}

/// How a prediction stands.
#[utoipa::path(get, path = "/v1/predictions/{id}", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = PredictionStatus), Problems))]
async fn prediction(Shared(predictions): Shared<Arc<Predictions>>, Id(id): Id) -> Reply<PredictionStatus> {
    Ok(Json(standing(&predictions, &id).await?))
}

/// How a prediction stands, now and at each change, until it ends: server-sent events, each a PredictionEvent.
#[utoipa::path(get, path = "/v1/predictions/{id}/events", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Message, content_type = "text/event-stream"), Problems))]
async fn prediction_events(
    Shared(predictions): Shared<Arc<Predictions>>,
    Shared(stop): Shared<Stop>,
    Id(id): Id,
) -> Result<Response, Refusal> {
    // First listen, then look: nothing is missed between.
    let mut events = predictions.listen();
    let status = standing(&predictions, &id).await?;
    let (sender, receiver) = pipe();
    tokio::spawn(async move {
        let mut last = PredictionEvent { seq: 0, at_ms: now_ms(), status, detail: String::new() };
        loop {
            let sent = sender.send(event(last.seq, last.status.state.as_str(), &last)).await;
            if sent.is_err() || last.status.state.is_final() {
                return;
            }
            last = loop {
                tokio::select! {
                    () = stop.stopped() => return,
                    () = sender.closed() => return,
                    next = events.recv() => match next {
                        Ok(next) if next.status.id == id => break next,
                        Ok(_) => {}
                        // Too slow to hear all: go on from how it stands.
                        Err(RecvError::Lagged(_)) => match standing(&predictions, &id).await {
                            Ok(status) => break PredictionEvent { seq: last.seq, at_ms: now_ms(), status, detail: String::new() },
                            Err(_) => return,
                        },
                        Err(RecvError::Closed) => return,
                    },
                }
            };
        }
    });
    Ok(stream(receiver))
}

/// The values of a prediction's hashed outputs, for whoever has its salt: once, and for some minutes after the prediction has ended. They are the validator's
/// word until their hash is found to be that of the envelope.
#[utoipa::path(post, path = "/v1/predictions/{id}/outputs", params(("id" = String, Path, description = "Its identifier")), request_body = OutputsRequest,
    responses((status = 200, body = HiddenOutputs), OutputsProblems))]
async fn outputs(
    Shared(predictions): Shared<Arc<Predictions>>,
    Shared(hidden): Shared<Arc<hidden_outputs::HiddenOutputs>>,
    Id(id): Id,
    request: Request,
) -> Reply<HiddenOutputs> {
    let asked: OutputsRequest = server::read_json(request, MAX_OUTPUTS_REQUEST).await?;
    if !standing(&predictions, &id).await?.state.is_final() {
        return Err(ApiError::Open.because(&id));
    }
    hidden.take(&id, asked.salt).map(|outputs| Json(HiddenOutputs { outputs })).map_err(|why| match why {
        NotKept::OtherSalt => ApiError::OtherSalt.because(&id),
        NotKept::Gone => {
            let detail = "it has no hashed outputs, or they were fetched, not fetched in time, or lost with a restart";
            ApiError::NotKept.because(detail)
        }
    })
}
