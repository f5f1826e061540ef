//! What a place shows while there is nothing to show.

use leptos::prelude::*;

use crate::http::Failure;
use crate::poll::Polled;

/// Something is on its way. The place keeps its height, so that nothing jumps.
#[component]
pub(crate) fn Loading(
    /// What is on its way.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! { <p class="quiet skeleton" role="status">{format!("Fetching {what} …")}</p> }
}

/// There is nothing, and that is all right.
#[component]
pub(crate) fn Empty(
    /// What there is none of.
    #[prop(into)]
    title: String,
    /// Why, and what to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
}

/// A request failed. With `stale`, older values are still shown nearby.
#[component]
pub(crate) fn Trouble(
    /// Why.
    #[prop(into)]
    failure: Signal<Option<Failure>>,
    /// Whether older values are shown.
    #[prop(into, default = Signal::stored(false))]
    stale: Signal<bool>,
) -> impl IntoView {
    view! {
        <div role="status">
            {move || failure.get().map(|failure| {
                let next = match (&failure, stale.get()) {
                    (Failure::Unreachable, true) => " What you see is the last that it said. Trying again every two seconds.",
                    (Failure::Unreachable, false) => " Trying again every two seconds; nothing is lost.",
                    (_, true) => " What you see is the last good answer.",
                    (_, false) => "",
                };
                // What is said about values that are shown lies over the page, so that they do not move.
                let class = if stale.get() { "note bad over" } else { "note bad" };
                view! { <p class=class>{failure.sentence()}{next}</p> }
            })}
        </div>
    }
}

/// What is shown instead of a list: that it is on its way, why it is not there, or that it is empty.
#[component]
pub(crate) fn Listed<T: Send + Sync + 'static>(
    /// The list.
    list: Polled<Vec<T>>,
    /// What it is a list of, "the miners".
    what: &'static str,
    /// Said when it is empty.
    empty: &'static str,
    /// Why, and what to do.
    why: &'static str,
) -> impl IntoView {
    let known = move || list.data.with(Option::is_some);
    let none = move || list.data.with(|rows| rows.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Trouble failure=list.failure stale=Signal::derive(known) />
        {move || (!known()).then(|| view! { <Loading what=what /> })}
        {move || none().then(|| view! { <Empty title=empty><p>{why}</p></Empty> })}
    }
}
