//! The verdict of this browser.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;
use vouch_client::report::{QUESTIONS, Question, in_words, refuses_development};
use vouch_client::words::{capital, shortened};

use crate::settings::{Settings, numbers};
use crate::worker::{Check, Report};

/// How far a verification is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum VerdictState {
    /// Nothing to verify yet.
    #[default]
    Waiting,
    /// The worker is at it.
    Running,
    /// It has ended.
    Done(Report),
    /// It could not be made: the verifier did not start, or the key is damaged.
    Impossible(String),
}

impl VerdictState {
    /// From the worker's answer.
    pub(crate) fn from_answer(answer: Result<Report, String>) -> Self {
        match answer {
            Ok(report) => Self::Done(report),
            Err(reason) => Self::Impossible(reason),
        }
    }

    /// The report, if there is one.
    pub(crate) fn report(&self) -> Option<&Report> {
        match self {
            Self::Done(report) => Some(report),
            _ => None,
        }
    }
}

/// The verdict with its checks.
#[component]
pub(crate) fn Verdict(
    /// How far it is.
    #[prop(into)]
    state: Signal<VerdictState>,
) -> impl IntoView {
    let class = move || match state.get() {
        VerdictState::Done(report) if report.accepted => "verdict accepted",
        VerdictState::Done(_) | VerdictState::Impossible(_) => "verdict refused",
        _ => "verdict",
    };
    let word = move || match state.get() {
        VerdictState::Waiting => "Nothing to check yet".to_owned(),
        VerdictState::Running => "Checking …".to_owned(),
        VerdictState::Done(report) if report.accepted => "Accepted".to_owned(),
        VerdictState::Done(_) => "Refused".to_owned(),
        VerdictState::Impossible(_) => "Could not be checked".to_owned(),
    };
    let time = move || match state.get() {
        VerdictState::Done(report) => format!("by your browser, in {}", numbers().ms(report.total_ms)),
        _ => "by your browser".to_owned(),
    };
    view! {
        <section class=class aria-label="Verdict of this browser" id="verdict">
            <div class="verdict-head">
                <p class="verdict-word" role="status" id="verdict-word">{word}</p>
                <p class="quiet small">{time}</p>
            </div>
            {move || match state.get() {
                VerdictState::Impossible(reason) => Some(view! { <p>{reason}</p> }),
                _ => None,
            }}
            {move || state.with(|state| state.report().is_some_and(|report| refuses_development(report.checks.iter())))
                .then(|| view! { <AcceptDevelopment /> })}
            <CheckList state />
        </section>
    }
}

/// The list of checks; all lines are there from the start, so nothing moves when they are filled.
#[component]
fn CheckList(
    /// How far the verification is.
    #[prop(into)]
    state: Signal<VerdictState>,
) -> impl IntoView {
    let lines = move || {
        let state = state.get();
        let report = state.report();
        let expected = QUESTIONS.iter().map(|Question { name, question, .. }| {
            let check = report.and_then(|report| report.checks.iter().find(|check| check.name == *name));
            line(numbers(), name, question, check)
        });
        // A newer verifier may know checks that this page does not.
        let more = report.map(|report| report.checks.as_slice()).unwrap_or_default().iter();
        let more = more.filter(|check| QUESTIONS.iter().all(|question| question.name != check.name));
        let more = more.map(|check| line(numbers(), &check.name, "", Some(check)));
        expected.chain(more).collect_view()
    };
    view! { <ol class="checks">{lines}</ol> }
}

/// The mark of a line: what came of its check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Checked and right.
    Passed,
    /// Right as far as it was checked, but not compared with what the user expects: nobody said what that is.
    NotChecked,
    /// Wrong.
    Refused,
    /// Not reached, because another check failed.
    NotReached,
    /// Still to come.
    Waiting,
}

impl Mark {
    /// Of a check that was made, or given up.
    pub(crate) fn of(check: &Check) -> Self {
        match (check.passed, check.code.as_str()) {
            (true, Check::NOT_CHECKED) => Self::NotChecked,
            (true, _) => Self::Passed,
            (false, Check::NOT_REACHED) => Self::NotReached,
            (false, _) => Self::Refused,
        }
    }

    /// Its classes, its path in a square of 18 units (tick, ring, cross, dots, dash), and its word for those who do not see it.
    pub(crate) fn sign(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Passed => ("check passed ticked", "M3 9.5 7 14 15 4", "passed"),
            Self::NotChecked => ("check unchecked", "M9 4A5 5 0 1 1 8.99 4", "not checked"),
            Self::Refused => ("check failed ticked", "M4 4 14 14M14 4 4 14", "refused"),
            Self::NotReached => ("check unreached", "M4 9h.01M9 9h.01M14 9h.01", "not reached"),
            Self::Waiting => ("check waiting", "M4 9H14", "not made yet"),
        }
    }
}

/// The choice that a refused development setup leaves. It is the user's alone: no link and no server makes it.
#[component]
pub(crate) fn AcceptDevelopment() -> impl IntoView {
    let policy = Settings::get().allow_development;
    view! {
        <div class="note warn section" id="development-refused">
            <p>"A verifying key here rests on a development setup, so this browser refuses its proofs: whoever made that setup could forge them. Accept them only to try things out."</p>
            <p><button type="button" on:click=move |_| policy.set(true)>"Accept development setups in this browser"</button></p>
        </div>
    }
}

fn line(numbers: Numbers, name: &str, question: &'static str, check: Option<&Check>) -> impl IntoView + use<> {
    let mark = check.map_or(Mark::Waiting, Mark::of);
    let (class, path, word) = mark.sign();
    let detail = check.map_or_else(|| question.to_owned(), in_words);
    let time = check.filter(|check| check.micros > 0).map(|check| numbers.ms(check.micros as f64 / 1000.0));
    view! {
        <li class=class data-check=name.to_owned()>
            <svg class="sign" viewBox="0 0 18 18" aria-hidden="true"><path d=path /></svg>
            <span class="check-name">{capital(name)}<span class="visually-hidden">{format!(": {word}")}</span></span>
            <span class="check-time">{time}</span>
            <span class="check-detail" title=detail.clone()>{shortened(&detail)}</span>
        </li>
    }
}
