//! Changes to a chain of proofs that a liar might make.

use vouch_envelope::{ProofChain, ProofEnvelope};

use super::stepped;

/// A way to cheat with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainCheat {
    /// Another forecast.
    Forecast,
    /// Another share.
    Share,
    /// Both ends of a link are changed, so that the link holds.
    Both,
    /// An allocation from a forecast that was not proved.
    Linked,
    /// Two forecasts change places.
    Swap,
    /// A link is left out.
    Unlink,
    /// A forecast is left out.
    Drop,
}

impl ChainCheat {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 7] =
        [Self::Forecast, Self::Linked, Self::Both, Self::Share, Self::Swap, Self::Unlink, Self::Drop];

    /// A stable name, for tests.
    pub fn key(self) -> &'static str {
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

    /// What the button says.
    pub fn label(self) -> &'static str {
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

    /// Who would do that, and why.
    pub fn why(self) -> &'static str {
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
    ///
    /// # Errors
    /// A sentence if there is nothing to change in this way.
    pub fn apply(self, chain: &ProofChain) -> Result<Vec<u8>, String> {
        let (mut proofs, mut links) = (chain.proofs().to_vec(), chain.links().to_vec());
        let last = proofs.len().saturating_sub(1);
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

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_envelope::{Link, ModelId, Nonce, PublicValues, ValueRef};

    /// Two forecasts with outputs 7 and 0, and an allocation with inputs 1, 7, 0 and outputs -3, 4.
    fn chain() -> ProofChain {
        let proof = |byte, inputs: &[i64], outputs: &[i64]| ProofEnvelope {
            model_id: ModelId([byte; 32]),
            nonce: Nonce([byte; 32]),
            public: PublicValues { inputs: inputs.to_vec(), outputs: outputs.to_vec(), ..PublicValues::default() },
            proof: vec![byte; 10],
        };
        let proofs = vec![proof(1, &[5], &[7]), proof(2, &[6], &[0]), proof(3, &[1, 7, 0], &[-3, 4])];
        let at = |proof, start| ValueRef { proof, start };
        let links = (0..2).map(|i| Link { from: at(i, 0), to: at(2, i + 1), len: 1 });
        ProofChain::new(proofs, links.collect()).unwrap()
    }

    fn changed(cheat: ChainCheat) -> (Vec<ProofEnvelope>, Vec<Link>) {
        let changed = ProofChain::decode(&cheat.apply(&chain()).unwrap()).unwrap();
        (changed.proofs().to_vec(), changed.links().to_vec())
    }

    #[test]
    fn each_cheat_changes_what_it_says() {
        let chain = chain();
        let honest = || (chain.proofs().to_vec(), chain.links().to_vec());
        let with = |change: fn(&mut Vec<ProofEnvelope>, &mut Vec<Link>)| {
            let (mut proofs, mut links) = honest();
            change(&mut proofs, &mut links);
            (proofs, links)
        };
        for cheat in ChainCheat::ALL {
            let want = match cheat {
                ChainCheat::Forecast => with(|proofs, _| proofs[0].public.outputs[0] = 6),
                ChainCheat::Share => with(|proofs, _| proofs[2].public.outputs[1] = 3),
                ChainCheat::Linked => with(|proofs, _| proofs[2].public.inputs[1] = 6),
                ChainCheat::Both => with(|proofs, _| {
                    proofs[0].public.outputs[0] = 6;
                    proofs[2].public.inputs[1] = 6;
                }),
                ChainCheat::Swap => with(|proofs, _| proofs.swap(0, 1)),
                ChainCheat::Unlink => with(|_, links| _ = links.pop()),
                ChainCheat::Drop => with(|proofs, links| {
                    proofs.remove(0);
                    let at = |proof, start| ValueRef { proof, start };
                    *links = vec![Link { from: at(0, 0), to: at(1, 2), len: 1 }];
                }),
            };
            assert_eq!(changed(cheat), want, "{}", cheat.key());
            assert_ne!(want, honest(), "{}", cheat.key());
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        let chain = chain();
        let only = ProofChain::new(chain.proofs()[..1].to_vec(), Vec::new()).unwrap();
        assert_eq!(ChainCheat::Share.apply(&only), Err("The chain has no links.".to_owned()));
        let link = chain.links()[0];
        let to = ValueRef { proof: 1, ..link.to };
        let proofs = vec![chain.proofs()[0].clone(), chain.proofs()[2].clone()];
        let one = ProofChain::new(proofs, vec![Link { to, ..link }]).unwrap();
        assert_eq!(ChainCheat::Swap.apply(&one), Err("The chain has one forecast only.".to_owned()));
        assert!(ChainCheat::Forecast.apply(&one).is_ok());
    }

    #[test]
    fn keys_and_words_differ() {
        for words in [ChainCheat::key, ChainCheat::label, ChainCheat::why] {
            let all: std::collections::BTreeSet<&str> = ChainCheat::ALL.into_iter().map(words).collect();
            assert_eq!(all.len(), ChainCheat::ALL.len());
        }
    }
}
