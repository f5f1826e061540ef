//! "Miners": who proves, how well, how fast.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::{self, MinerSummary};
use crate::components::Listed;
use crate::components::chart::{Chart, bars};
use crate::poll::{LIVE, poll};
use crate::settings::numbers;
use vouch_client::numbers::ago;
use vouch_client::words::short;

/// A column of the table that rows can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Score,
    Verified,
    Refused,
    Response,
    Bytes,
}

impl Column {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Score, "Score"),
        (Self::Verified, "Verified"),
        (Self::Refused, "Refused or missing"),
        (Self::Response, "Response"),
        (Self::Bytes, "Proof"),
    ];

    /// What rows are ordered by; larger comes first.
    fn rank(self, miner: &MinerSummary) -> f64 {
        match self {
            Self::Score => miner.score,
            Self::Verified => miner.verified as f64,
            Self::Refused => (miner.refused + miner.missing) as f64,
            Self::Response => -miner.response_ms.unwrap_or(f64::MAX),
            Self::Bytes => -miner.proof_bytes.map_or(f64::MAX, |bytes| bytes as f64),
        }
    }
}

/// The page.
#[component]
pub(crate) fn Miners() -> impl IntoView {
    let miners = poll::<Vec<MinerSummary>>(api::MINERS, LIVE);
    let order = RwSignal::new(Column::Score);
    let sorted = move || {
        let mut rows = miners.data.get().unwrap_or_default();
        rows.sort_by(|a, b| order.get().rank(b).total_cmp(&order.get().rank(a)).then(a.id.cmp(&b.id)));
        rows
    };
    let top = move || sorted().into_iter().take(12).collect::<Vec<_>>();
    let scores = Signal::derive(move || {
        let rows: Vec<_> = top().iter().map(|miner| (miner.id.chars().take(5).collect(), miner.score)).collect();
        bars(numbers(), &rows, "", 3)
    });
    let verdicts = Signal::derive(move || {
        let count =
            |of: fn(&MinerSummary) -> u64| miners.data.with(|rows| rows.iter().flatten().map(of).sum::<u64>() as f64);
        let all = [
            ("verified".to_owned(), count(|miner| miner.verified)),
            ("!refused".to_owned(), count(|miner| miner.refused)),
            ("late or missing".to_owned(), count(|miner| miner.missing)),
        ];
        bars(numbers(), &all, "answers", 0)
    });
    let none = move || miners.data.with(|rows| rows.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Title text="Miners" />
        <div class="lead">
            <h1>"Miners"</h1>
            <p>"Miners run models and prove each run. The validator asks them all the time, checks every proof, and scores them by three things: whether the proof holds, how fast it came, and how small it is."</p>
        </div>
        <Listed
            list=miners
            what="the miners"
            empty="No miner has registered yet"
            why="When one does, it appears here after its first answer."
        />
        <div class="section" class:hidden=none>
            <div class="charts">
                <Chart title="Scores, from 0 to 1" drawing=scores />
                <Chart title="Verdicts so far" drawing=verdicts />
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of miners">
                <table id="miners">
                    <thead>
                        <tr>
                            <th scope="col">"Miner"</th>
                            {Column::ALL.map(|(column, name)| view! {
                                <th
                                    scope="col"
                                    class="num"
                                    aria-sort=move || if order.get() == column { "descending" } else { "none" }
                                >
                                    <button type="button" class="plain" on:click=move |_| order.set(column)>{name}</button>
                                </th>
                            }).collect_view()}
                            <th scope="col" class="num">"Weight"</th>
                            <th scope="col" class="num">"Seen"</th>
                        </tr>
                    </thead>
                    <tbody>{move || sorted().into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </div>
    }
}

fn row(miner: MinerSummary) -> impl IntoView {
    let numbers = numbers();
    let failed = miner.refused + miner.missing;
    let unknown = || "–".to_owned();
    view! {
        <tr data-miner=miner.id.clone()>
            <td><a class="mono" href=format!("/miners/{}", miner.id)>{short(&miner.id)}</a></td>
            <td class="num">{numbers.fixed(miner.score, 3)}</td>
            <td class="num">{numbers.count(miner.verified)}</td>
            <td class="num">{numbers.count(failed)}</td>
            <td class="num">{miner.response_ms.map_or_else(unknown, |ms| numbers.ms(ms))}</td>
            <td class="num">{miner.proof_bytes.map_or_else(unknown, |bytes| numbers.bytes(bytes))}</td>
            <td class="num">{numbers.percent(miner.weight)}</td>
            <td class="num">{miner.seen_ms.map_or_else(unknown, |seen| ago(numbers, js_sys::Date::now() - seen as f64))}</td>
        </tr>
    }
}
