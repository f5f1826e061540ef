//! The index over chains that are reorganised.

use alloy_primitives::{B256, keccak256};
use proptest::prelude::*;
use vouch_deposits::{Block, BlockId, EventIndex, IndexError};

/// A block whose hash depends on all before it.
fn block(number: u64, parent: B256, salt: u8) -> Block<u64> {
    let hash = keccak256([parent.as_slice(), &number.to_be_bytes(), &[salt]].concat());
    let events = (0..u64::from(salt % 3)).map(|i| number * 1000 + u64::from(salt) * 10 + i).collect();
    Block { id: BlockId { number, hash }, parent, timestamp: number * 12, events }
}

fn grow(chain: &mut Vec<Block<u64>>, salts: &[u8]) {
    for salt in salts {
        let (number, parent) = chain.last().map_or((100, B256::ZERO), |last| (last.id.number + 1, last.id.hash));
        chain.push(block(number, parent, *salt));
    }
}

fn events(index: &EventIndex<u64>) -> Vec<u64> {
    index.events().map(|indexed| *indexed.event).collect()
}

#[test]
fn what_does_not_follow_is_refused() {
    let mut chain = Vec::new();
    grow(&mut chain, &[1, 2, 3]);
    let mut index = EventIndex::new(2);
    index.push(chain[0].clone()).unwrap();
    assert_eq!(index.push(chain[2].clone()), Err(IndexError::Number { last: 100, found: 102 }));
    assert_eq!(index.push(chain[0].clone()), Err(IndexError::Number { last: 100, found: 100 }));
    let other = block(101, B256::repeat_byte(9), 1);
    let last = chain[0].id.hash;
    assert_eq!(index.push(other), Err(IndexError::Parent { number: 101, found: B256::repeat_byte(9), last }));
    let late = Block { timestamp: 0, ..chain[1].clone() };
    assert_eq!(index.push(late), Err(IndexError::Time { number: 101, found: 0, previous: 1200 }));
    assert_eq!(index.last(), Some(chain[0].id));
}

#[test]
fn blocks_become_final_at_the_depth() {
    let mut chain = Vec::new();
    grow(&mut chain, &[1; 6]);
    let mut index = EventIndex::new(2);
    let final_after: Vec<usize> = chain.iter().map(|block| index.push(block.clone()).unwrap()).collect();
    assert_eq!(final_after, [0, 0, 1, 1, 1, 1]);
    assert_eq!(index.last_confirmed(), Some(chain[3].id));
    let sure: Vec<bool> = index.events().map(|indexed| indexed.confirmed).collect();
    assert_eq!(sure, [true, true, true, true, false, false]);
    assert_eq!(index.rollback(102), Err(IndexError::Final { number: 103, confirmed: 103 }));
    assert_eq!(index.rollback(103).unwrap().len(), 2);
    assert_eq!(index.last(), Some(chain[3].id));
    index.push(chain[4].clone()).unwrap();
}

#[test]
fn at_depth_zero_all_is_final() {
    let mut chain = Vec::new();
    grow(&mut chain, &[1; 2]);
    let mut index = EventIndex::new(0);
    for block in &chain {
        assert_eq!(index.push(block.clone()), Ok(1));
    }
    assert!(index.rollback(100).is_err());
    assert_eq!(index.rollback(101), Ok(Vec::new()));
}

#[test]
fn an_index_goes_on_after_a_final_block() {
    let mut chain = Vec::new();
    grow(&mut chain, &[1; 6]);
    let mut index = EventIndex::resume(1, chain[1].id, chain[1].timestamp);
    assert_eq!((index.last(), index.last_confirmed()), (Some(chain[1].id), Some(chain[1].id)));
    let orphan = block(102, B256::repeat_byte(9), 1);
    let last = chain[1].id.hash;
    assert_eq!(index.push(orphan), Err(IndexError::Parent { number: 102, found: B256::repeat_byte(9), last }));
    for block in &chain[2..] {
        index.push(block.clone()).unwrap();
    }
    assert_eq!(index.take_confirmed(), chain[2..5]);
    assert_eq!(index.take_confirmed(), []);
    assert_eq!(events(&index), chain[5].events);
    assert_eq!(index.last_timestamp(), Some(chain[5].timestamp));
    assert_eq!(index.rollback(103), Err(IndexError::Final { number: 104, confirmed: 104 }));
}

proptest! {
    /// After any sequence of reorganisations not deeper than the depth, the index holds the events of the chain that
    /// won, and no others.
    #[test]
    fn the_winning_chain_is_what_is_indexed(
        depth in 1_u64..8,
        first in prop::collection::vec(any::<u8>(), 1..20),
        forks in prop::collection::vec((0_usize..8, prop::collection::vec(any::<u8>(), 1..12)), 0..12),
    ) {
        let mut chain = Vec::new();
        grow(&mut chain, &first);
        let mut index = EventIndex::new(depth);
        for block in &chain {
            index.push(block.clone()).unwrap();
        }
        for (back, salts) in forks {
            // Not below what is final: after a shorter chain has won, that is less deep than `depth`.
            let least = index.last_confirmed().map_or(100, |id| id.number);
            let back = back.min((chain.last().unwrap().id.number - least) as usize);
            chain.truncate(chain.len() - back);
            let kept = chain.len();
            grow(&mut chain, &salts);
            let hash_at = |number: u64| chain.iter().find(|b| b.id.number == number).map(|b| b.id.hash);
            // The highest block that the index and the chain have in common.
            let same = |number: &u64| index.hash_at(*number).is_some() && index.hash_at(*number) == hash_at(*number);
            let common = (100..=index.last().unwrap().number).rev().find(same).unwrap();
            prop_assert!(common >= chain[kept - 1].id.number);
            index.rollback(common).unwrap();
            for block in chain.iter().filter(|block| block.id.number > common) {
                index.push(block.clone()).unwrap();
            }
            let expected: Vec<u64> = chain.iter().flat_map(|block| block.events.clone()).collect();
            prop_assert_eq!(events(&index), expected);
            prop_assert_eq!(index.last(), chain.last().map(|block| block.id));
            for number in common..=chain.last().unwrap().id.number {
                prop_assert!(index.hash_at(number).is_none() || index.hash_at(number) == hash_at(number));
            }
        }
    }
}
