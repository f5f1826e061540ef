//! "Network": whether all is well, what has been decided, what happens.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::{self, LogEntry};
use crate::app::Shared;
use crate::components::chart::{Chart, bars};
use crate::components::{Empty, Loading, Trouble};
use crate::poll::{LIVE, every_second, poll};
use crate::settings::numbers;
use crate::time::moment;
use vouch_client::numbers::ago;
use vouch_client::words::short;

/// The page.
#[component]
pub(crate) fn Network() -> impl IntoView {
    let network = Shared::get().network;
    let log = poll::<Vec<LogEntry>>(api::LOG, LIVE);
    let known = move || network.data.with(Option::is_some);
    let now = every_second();
    let weights = Signal::derive(move || {
        let weights = network.data.with(|network| network.as_ref().map(|n| n.weights.clone()).unwrap_or_default());
        let weights: Vec<_> =
            weights.into_iter().take(16).map(|w| (w.miner.chars().take(5).collect(), w.weight * 100.0)).collect();
        bars(numbers(), &weights, "%", 1)
    });
    view! {
        <Title text="Network" />
        <div class="lead">
            <h1>"Network"</h1>
            <p>"What this validator does at the moment, what it has decided, and a log that nobody can change afterwards: each entry contains the hash of the one before."</p>
        </div>
        <Trouble failure=network.failure stale=Signal::derive(known) />
        {move || (!known()).then(|| view! { <Loading what="the validator's state" /> })}
        {move || network.data.get().map(|network| {
            let numbers = numbers();
            let left = move || format!("{} s", crate::settings::numbers().fixed((network.epoch_ends_ms as f64 - now.get()).max(0.0) / 1000.0, 0));
            view! {
                <dl class="figure-row">
                    <div class="figure"><dt>"Epoch"</dt><dd>{numbers.count(network.epoch)}</dd></div>
                    <div class="figure"><dt>"Next weights in"</dt><dd>{left}</dd></div>
                    <div class="figure"><dt>"Waiting for a miner"</dt><dd>{numbers.count(network.waiting)}</dd></div>
                    <div class="figure"><dt>"With miners"</dt><dd>{format!("{} of {}", numbers.count(network.in_flight), numbers.count(network.in_flight_limit))}</dd></div>
                </dl>
                <section class="section" aria-labelledby="health">
                    <h2 id="health">"Health"</h2>
                    <ul class="checks">
                        {network.health.iter().map(|part| view! {
                            <li class=if part.ok { "check passed" } else { "check failed" }>
                                <svg class="sign" viewBox="0 0 18 18" aria-hidden="true"><path d=if part.ok { "M3 9.5 7 14 15 4" } else { "M4 4 14 14M14 4 4 14" } /></svg>
                                <span class="check-name">{part.name.clone()}<span class="visually-hidden">{if part.ok { ": works" } else { ": does not work" }}</span></span>
                                <span></span>
                                <span class="check-detail">{part.detail.clone()}</span>
                            </li>
                        }).collect_view()}
                    </ul>
                    <dl class="facts">
                        <dt>"Validator"</dt><dd class="mono small">{network.validator.clone()}</dd>
                        <dt>"Software"</dt><dd>{network.version.clone()}</dd>
                        <dt>"Running since"</dt><dd>{format!("{} ({})", moment(network.started_ms as f64), ago(numbers, js_sys::Date::now() - network.started_ms as f64))}</dd>
                    </dl>
                </section>
            }
        })}
        <section class="section" aria-labelledby="weights" class:hidden=move || !known()>
            <h2 id="weights">"Weights"</h2>
            <p>"The validator publishes, each epoch, how much of the reward each miner has earned."</p>
            <Chart title="Published last" drawing=weights />
        </section>
        <section class="section" aria-labelledby="log">
            <h2 id="log">"Log"</h2>
            {move || log.data.get().map(|entries| if entries.is_empty() {
                view! { <Empty title="The log is empty"><p>"The first query will be its first entry."</p></Empty> }.into_any()
            } else {
                view! { <Log entries /> }.into_any()
            })}
        </section>
    }
}

#[component]
fn Log(entries: Vec<LogEntry>) -> impl IntoView {
    let numbers = numbers();
    let rows = entries.into_iter().map(|entry| {
        view! {
            <tr>
                <td class="num">{numbers.count(entry.seq)}</td>
                <td>{moment(entry.at_ms as f64)}</td>
                <td>{entry.kind}</td>
                <td>{entry.text}</td>
                <td class="mono">{short(&entry.hash)}</td>
            </tr>
        }
    });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Entries, newest first">
            <table id="log-table">
                <thead><tr><th scope="col" class="num">"No."</th><th scope="col">"When"</th><th scope="col">"What"</th><th scope="col">"About"</th><th scope="col">"Hash"</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}
