//! A strategy on its way.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use vouch_client::numbers::Numbers;
use vouch_client::strategy::Preferences;
use vouch_client::words::short;
use wasm_bindgen_futures::spawn_local;

use crate::api::{self, State, StrategyRecord, StrategyRequest, StrategyStep};
use crate::http::Failure;
use crate::poll::{now, sleep, stopwatch};
use crate::settings::numbers;
use crate::strategy::{ChainEvidence, ChainState, Models};

/// How far a strategy is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Stage {
    /// None has been asked for.
    #[default]
    Idle,
    /// It is on its way to the validator.
    Sending,
    /// Miners have it.
    Waiting { record: Box<StrategyRecord>, since: f64, unreachable: bool },
    /// The chain is here.
    Here { took_ms: f64, evidence: Box<ChainEvidence>, verdict: RwSignal<ChainState> },
    /// It ended without a chain.
    Failed(String),
}

impl Stage {
    /// Whether the user has to wait.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sending | Self::Waiting { .. })
    }

    /// Chain and verdict, once they are here.
    pub(super) fn evidence(&self) -> Option<(ChainEvidence, RwSignal<ChainState>)> {
        match self {
            Self::Here { evidence, verdict, .. } => Some(((**evidence).clone(), *verdict)),
            _ => None,
        }
    }

    /// The name of a token, or its number while the market data is not here.
    pub(super) fn token_name(&self, token: usize) -> String {
        let known = self.record().and_then(|record| record.market.tokens.get(token));
        known.map_or_else(|| format!("token {}", token + 1), |token| token.name.clone())
    }

    /// What the validator says of the strategy.
    fn record(&self) -> Option<&StrategyRecord> {
        match self {
            Self::Waiting { record, .. } => Some(record),
            Self::Here { evidence, .. } => Some(&evidence.record),
            _ => None,
        }
    }
}

/// Asks, follows the answer, fetches the chain and has it verified.
pub(super) fn ask(models: &Models, preferences: Preferences, stage: RwSignal<Stage>, owner: Option<Owner>) {
    stage.set(Stage::Sending);
    let models = models.clone();
    spawn_local(async move {
        let since = now();
        let question = StrategyRequest { horizon: preferences.horizon, risk: preferences.risk, market: None };
        let asked = api::ask_strategy(&question).await.map_err(|failure| match failure {
            Failure::Unreachable => "The validator does not answer, so nothing was asked.".to_owned(),
            other => other.sentence(),
        });
        let end = match asked {
            Ok(record) => follow(models, record, Some(preferences), stage, since).await,
            Err(reason) => Err(reason),
        };
        finish(end, since, stage, owner);
    });
}

/// Shows a strategy that was asked for before, and puts its preferences into the form.
pub(super) fn show(
    models: &Models,
    id: String,
    stage: RwSignal<Stage>,
    typed: (RwSignal<String>, RwSignal<String>),
    owner: Option<Owner>,
) {
    stage.set(Stage::Sending);
    let models = models.clone();
    spawn_local(async move {
        let since = now();
        let end = match api::strategy(&id).await {
            Ok(record) => {
                typed.0.try_set(record.horizon.to_string());
                typed.1.try_set(record.risk.to_string());
                follow(models, record, None, stage, since).await
            }
            Err(failure) if failure.is_missing() => Err("The validator knows no strategy of this address.".to_owned()),
            Err(failure) => Err(failure.sentence()),
        };
        finish(end, since, stage, owner);
    });
}

fn finish(end: Result<ChainEvidence, String>, since: f64, stage: RwSignal<Stage>, owner: Option<Owner>) {
    match end {
        Ok(evidence) => {
            let here = || {
                let verdict = evidence.verdict();
                Stage::Here { took_ms: now() - since, evidence: Box::new(evidence.clone()), verdict }
            };
            if let Some(owner) = owner {
                stage.try_set(owner.with(here));
            }
        }
        Err(reason) => {
            stage.try_set(Stage::Failed(reason));
        }
    }
}

async fn follow(
    models: Models,
    mut record: StrategyRecord,
    preferences: Option<Preferences>,
    stage: RwSignal<Stage>,
    since: f64,
) -> Result<ChainEvidence, String> {
    loop {
        match record.status.state {
            State::Done => break,
            State::Failed => {
                let reason = record.status.error.unwrap_or_else(|| "no reason given".into());
                return Err(format!("The strategy was not finished: {reason}. You can ask again."));
            }
            _ => {}
        }
        let waiting = |record: &StrategyRecord, unreachable| Stage::Waiting {
            record: Box::new(record.clone()),
            since,
            unreachable,
        };
        // The page may be gone.
        if stage.try_set(waiting(&record, false)).is_some() {
            return Err(String::new());
        }
        sleep(Duration::from_millis(300)).await;
        match api::strategy(&record.status.id).await {
            Ok(newer) => record = newer,
            Err(Failure::Unreachable) => {
                stage.try_set(waiting(&record, true));
                sleep(Duration::from_secs(2)).await;
            }
            Err(failure) => return Err(failure.sentence()),
        }
    }
    let bytes = api::strategy_chain(&record.status.id).await.map_err(|failure| failure.sentence())?;
    let asked_here = preferences.is_some();
    // What the user typed, not what the validator says that they did.
    let preferences = preferences.unwrap_or(Preferences { horizon: record.horizon, risk: record.risk });
    let expected = models.expected(&record, preferences)?;
    Ok(ChainEvidence { models, record, expected, bytes: Arc::new(bytes), asked_here })
}

/// The steps of a strategy.
#[component]
pub(super) fn Progress(stage: RwSignal<Stage>, models: Models) -> impl IntoView {
    let clock = stopwatch(move || stage.try_with_untracked(Stage::is_busy).unwrap_or(false));
    let tokens = models.strategy.tokens();
    let steps = move || {
        let numbers = numbers();
        stage.with(|stage| {
            let steps = stage.record().map(|record| record.status.steps.clone()).unwrap_or_default();
            let proofs = (0..=tokens).map(|number| {
                let name = if number < tokens {
                    format!("Forecast for {}", stage.token_name(number))
                } else {
                    "Allocation, from the forecasts".to_owned()
                };
                proof_line(name, steps.get(number))
            });
            let proofs = proofs.collect_view();
            let (class, note) = browser(stage, numbers, clock.get());
            view! {
                {proofs}
                <li class=class><span>"Your browser checks all proofs and links"</span><span class="small quiet">{note}</span></li>
            }
        })
    };
    view! {
        <section class="section" aria-label="Progress">
            <ol class="steps" id="strategy-steps">{steps}</ol>
            <div role="status" id="strategy-failure">
                {move || stage.with(|stage| match stage {
                    Stage::Failed(reason) => Some(view! { <p class="note bad">{reason.clone()}</p> }),
                    Stage::Waiting { unreachable: true, .. } => Some(view! { <p class="note bad">{"The validator does not answer just now. It keeps what was asked; this page goes on when it is back.".to_owned()}</p> }),
                    _ => None,
                })}
            </div>
        </section>
    }
}

fn proof_line(name: String, step: Option<&StrategyStep>) -> impl IntoView + use<> {
    let (class, state) = match step.map(|step| step.state) {
        Some(State::Done) => ("step done", "proved"),
        Some(State::Failed) => ("step", "failed"),
        Some(State::Verifying) => ("step now", "the validator checks it"),
        Some(State::Queued) if step.is_some_and(|step| step.prediction.is_some()) => ("step now", "waits for a miner"),
        Some(State::Queued) | None => ("step", ""),
        Some(_) => ("step now", "a miner proves it"),
    };
    let miner = step.and_then(|step| step.miner.as_deref()).map(|miner| format!(", {}", short(miner)));
    let note = if state.is_empty() { String::new() } else { state.to_owned() + &miner.unwrap_or_default() };
    view! { <li class=class><span>{name}</span><span class="small quiet">{note}</span></li> }
}

/// The last step, and what there is to say of it.
fn browser(stage: &Stage, numbers: Numbers, now: f64) -> (&'static str, String) {
    match stage {
        Stage::Waiting { since, .. } => ("step", numbers.fixed((now - since) / 1000.0, 1) + " s"),
        Stage::Here { took_ms, verdict, .. } => match verdict.with(|verdict| verdict.report().map(|r| r.total_ms)) {
            Some(ms) => ("step done", format!("{}; {} in all", numbers.ms(ms), numbers.ms(*took_ms))),
            None => ("step now", String::new()),
        },
        _ => ("step", String::new()),
    }
}
