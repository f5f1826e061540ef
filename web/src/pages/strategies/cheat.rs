//! "Try to cheat": change the chain, and see what refuses.

use leptos::prelude::*;
use vouch_envelope::{ProofChain, ProofEnvelope};
use wasm_bindgen_futures::spawn_local;

use super::proofs::refused_at;
use crate::components::shortened;
use crate::settings::{Settings, numbers};
use crate::strategy::{ChainEvidence, ChainState};
use crate::tamper::stepped;

/// A way to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cheat {
    /// Another forecast.
    Forecast,
    /// Another share.
    Share,
    /// Both ends of a link are changed, so that the link holds.
    Both,
    /// An allocation from a forecast that nobody made.
    Linked,
    /// Two forecasts change places.
    Swap,
    /// A link is left out.
    Unlink,
    /// A forecast is left out.
    Drop,
}

impl Cheat {
    const ALL: [Self; 7] =
        [Self::Forecast, Self::Linked, Self::Both, Self::Share, Self::Swap, Self::Unlink, Self::Drop];

    /// A stable name, for tests.
    fn key(self) -> &'static str {
        match self {
            Self::Forecast => "forecast",
            Self::Share => "share",
            Self::Both => "both",
            Self::Linked => "linked",
            Self::Swap => "swap",
            Self::Unlink => "unlink",
            Self::Drop => "drop",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Forecast => "Change a forecast",
            Self::Share => "Change a share",
            Self::Both => "Change both ends of a link",
            Self::Linked => "Change what the allocation was given",
            Self::Swap => "Swap two forecasts",
            Self::Unlink => "Leave out a link",
            Self::Drop => "Leave out a forecast",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::Forecast => "A token's friend makes its redemption look faster, with the old proof.",
            Self::Share => "Somebody wants more of your holding in their token.",
            Self::Both => "As the first, and the allocation's input is changed to match.",
            Self::Linked => "The allocation is said to come from other forecasts than those that were proved.",
            Self::Swap => "Honest proofs, but the first token's forecast is passed off as the second's.",
            Self::Unlink => "Without a link, the allocation could be about any number.",
            Self::Drop => "A chain with one proof fewer.",
        }
    }

    /// The chain, changed. It stays a well-formed chain.
    fn apply(self, evidence: &ChainEvidence) -> Result<Vec<u8>, String> {
        let chain = evidence.chain().ok_or("These bytes are not a chain.")?;
        let (mut proofs, mut links) = (chain.proofs().to_vec(), chain.links().to_vec());
        let last = proofs.len() - 1;
        let link = *links.first().ok_or("The chain has no links.")?;
        let (from, to) = (link.outputs().start, link.inputs().start);
        match self {
            Self::Forecast => step(&mut proofs, 0, |proof| proof.public.outputs.get_mut(from))?,
            Self::Share => step(&mut proofs, last, |proof| proof.public.outputs.last_mut())?,
            Self::Linked => step(&mut proofs, last, |proof| proof.public.inputs.get_mut(to))?,
            Self::Both => {
                step(&mut proofs, 0, |proof| proof.public.outputs.get_mut(from))?;
                step(&mut proofs, last, |proof| proof.public.inputs.get_mut(to))?;
            }
            Self::Swap if last < 2 => return Err("The chain has one forecast only.".to_owned()),
            Self::Swap => proofs.swap(0, 1),
            Self::Unlink => {
                links.pop();
            }
            Self::Drop => {
                proofs.remove(0);
                links.retain(|link| link.from.proof > 0);
                for link in &mut links {
                    link.from.proof -= 1;
                    link.to.proof -= 1;
                }
            }
        }
        ProofChain::new(proofs, links).and_then(|chain| chain.encode()).map_err(|error| error.to_string())
    }
}

/// Changes a value of a proof a little.
fn step(
    proofs: &mut [ProofEnvelope],
    proof: usize,
    value: impl Fn(&mut ProofEnvelope) -> Option<&mut i64>,
) -> Result<(), String> {
    let value = proofs.get_mut(proof).and_then(value).ok_or("The chain has no value to change there.")?;
    *value = stepped(*value);
    Ok(())
}

/// Buttons that tamper with the chain and verify the result with the same expectations.
#[component]
pub(super) fn TryToCheat(evidence: ChainEvidence) -> impl IntoView {
    let policy = Settings::get().allow_development;
    let given = StoredValue::new(evidence);
    let card = move |cheat: Cheat| {
        let state = RwSignal::new(ChainState::Waiting);
        let try_it = move |_| {
            let evidence = given.get_value();
            let allow = policy.get_untracked();
            state.set(ChainState::Running);
            spawn_local(async move {
                let done = match cheat.apply(&evidence) {
                    Ok(bytes) => evidence.verify(&bytes, allow).await,
                    Err(reason) => ChainState::Impossible(reason),
                };
                state.try_set(done);
            });
        };
        view! {
            <li class="cheat" data-cheat=cheat.key()>
                <p class="small quiet">{cheat.why()}</p>
                <button type="button" on:click=try_it>{cheat.label()}</button>
                <p class="cheat-result" role="status">{move || given.with_value(|evidence| outcome(&state.get(), evidence))}</p>
            </li>
        }
    };
    view! {
        <section class="section" aria-labelledby="cheat-title">
            <h2 id="cheat-title">"Try to cheat"</h2>
            <p>"Each button changes the chain as a liar might, and gives it to the verifier again. A good verifier refuses all of them, and says which proof or link is wrong."</p>
            <ul class="cheats plain">{Cheat::ALL.into_iter().map(card).collect_view()}</ul>
        </section>
    }
}

fn outcome(state: &ChainState, evidence: &ChainEvidence) -> impl IntoView + use<> {
    match state {
        ChainState::Waiting => "".into_any(),
        ChainState::Running => "Checking …".into_any(),
        ChainState::Impossible(reason) => reason.clone().into_any(),
        ChainState::Done(report) if report.accepted => {
            "Accepted. That must not happen: please report it, with the chain.".into_any()
        }
        ChainState::Done(report) => {
            let refused = refused_at(report, evidence);
            let places: Vec<String> = refused.iter().map(|(place, _)| place.clone()).take(3).collect();
            let detail = refused.first().map(|(_, detail)| shortened(detail));
            let time = numbers().ms(report.total_ms);
            view! {
                <strong>"Refused"</strong>
                {format!(" at {} ({time}). ", places.join(", at "))}
                <span class="quiet">{detail}</span>
            }
            .into_any()
        }
    }
}
