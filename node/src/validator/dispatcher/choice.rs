//! Which miner a user's question goes to: mostly by weight, so that many keys of one prover are asked no more often than
//! one, and sometimes any, so that new miners are asked at all.

use std::collections::HashMap;

use vouch_protocol::PublicKey;

use crate::chain::MinerEntry;
use crate::random::uniform;

/// One question in so many goes to any miner.
const ANY: u64 = 10;

/// Takes one of the miners out of the list: by weight, nine times of ten, if any has a weight.
pub(super) fn take(miners: &mut Vec<MinerEntry>, weights: &HashMap<PublicKey, u64>) -> Option<MinerEntry> {
    let weight = |miner: &MinerEntry| weights.get(&miner.key).copied().unwrap_or(0);
    let total = miners.iter().map(weight).fold(0u64, u64::saturating_add);
    let index = if total > 0 && uniform(ANY) > 0 {
        let mut rest = uniform(total);
        miners.iter().position(|miner| {
            let own = weight(miner);
            let here = rest < own;
            rest = rest.saturating_sub(own);
            here
        })?
    } else {
        usize::try_from(uniform(miners.len() as u64)).ok()?
    };
    (index < miners.len()).then(|| miners.swap_remove(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miners(count: u8) -> Vec<MinerEntry> {
        (0..count).map(|i| MinerEntry { key: PublicKey([i; 32]), url: String::new() }).collect()
    }

    #[test]
    fn questions_follow_the_weights() {
        // Twenty keys that share what one earns, and one honest miner that earns nine times as much.
        let share = |i: u8| if i == 20 { 9000 } else { 50 };
        let weights: HashMap<_, _> = (0..=20).map(|i| (PublicKey([i; 32]), share(i))).collect();
        let honest = (0..2000).filter(|_| take(&mut miners(21), &weights).unwrap().key == PublicKey([20; 32])).count();
        // 0.9 · 0.9 + 0.1 / 21 = 0.815.
        assert!((1500..1760).contains(&honest), "{honest} of 2000");
    }

    #[test]
    fn every_miner_is_taken_once() {
        for weights in [HashMap::new(), [(PublicKey([1; 32]), 5), (PublicKey([7; 32]), 5)].into()] {
            let mut left = miners(9);
            let mut taken: Vec<_> = std::iter::from_fn(|| take(&mut left, &weights)).map(|miner| miner.key).collect();
            taken.sort();
            assert_eq!(taken, miners(9).into_iter().map(|miner| miner.key).collect::<Vec<_>>());
        }
    }
}
