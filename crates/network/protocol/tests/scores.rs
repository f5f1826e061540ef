//! Scores against tests/vectors/scores.json, which an independent script computed, and against what must always hold.
#![allow(missing_docs)]

use proptest::prelude::*;
use serde_json::Value;
use vouch_protocol::{Answer, PublicKey, ScoreBook, Share, decay, improve, quality, reference_us};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/scores.json")).unwrap()
}

fn share(value: &Value) -> Share {
    Share::new(value.as_u64().unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn key(number: u8) -> PublicKey {
    PublicKey([number; 32])
}

#[test]
fn answers() {
    let vectors = vectors();
    for case in list(&vectors["answers"]) {
        let number = |name: &str| case[name].as_u64().unwrap();
        let q = quality(number("reference_us"), number("response_us"));
        assert_eq!(q, share(&case["quality"]), "{case}");
        let score = share(&case["score"]);
        assert_eq!((improve(score, q), decay(score)), (share(&case["if_verified"]), share(&case["if_refused"])));
    }
}

#[test]
fn references() {
    let vectors = vectors();
    for case in list(&vectors["references"]) {
        let number = |name: &str| case[name].as_u64().unwrap();
        let k = u32::try_from(number("k")).unwrap();
        assert_eq!(reference_us(k, number("proof_bytes")), number("reference_us"), "{case}");
    }
    assert_eq!(reference_us(64, 32), u64::MAX / 1000, "a key that cannot be, and no overflow");
}

#[test]
fn weight_vectors() {
    let vectors = vectors();
    for case in list(&vectors["weights"]) {
        let mut book = ScoreBook::new();
        let (works, scores) = (list(&case["work_us"]), list(&case["scores"]));
        for (number, (work, score)) in (0..).zip(works.iter().zip(scores)) {
            book.restore_work(key(number), work.as_u64().unwrap());
            book.restore_score(key(number), share(score));
        }
        let miners = (0..).take(works.len()).map(key);
        let got: Vec<Share> = book.weights(miners).into_values().collect();
        assert_eq!(got, list(&case["weights"]).iter().map(share).collect::<Vec<_>>(), "{case}");
    }
}

fn verified(response_us: u64) -> Answer {
    Answer::Verified { reference_us: 1_000_000, response_us }
}

/// Correct and always late: the old rule gave such a miner half of the best score.
#[test]
fn slow_answers_earn_little_however_many_there_are() {
    let mut book = ScoreBook::new();
    for _ in 0..200 {
        book.apply(key(1), verified(1_000_000));
        book.apply(key(2), verified(59_000_000));
    }
    assert!(book.score(&key(1)) > Share::of(99, 100));
    assert!(book.score(&key(2)) < Share::of(2, 100));
}

/// Nothing that others do moves a score: no fast one that left, no sybil that sets the scale.
#[test]
fn others_do_not_move_a_score() {
    let scored = |others: &[u64]| {
        let mut book = ScoreBook::new();
        for (number, &time) in (2..).zip(others) {
            book.apply(key(number), verified(time));
        }
        (0..60).for_each(|_| _ = book.apply(key(1), verified(1_100_000)));
        book.score(&key(1))
    };
    let alone = scored(&[]);
    assert_eq!(scored(&[100_000]), alone);
    assert_eq!(scored(&[59_000_000; 50]), alone);
}

/// Work that was not delivered is not paid, whatever the score; old work fades.
#[test]
fn pay_is_for_recent_work() {
    let mut book = ScoreBook::new();
    for _ in 0..10 {
        book.apply(key(1), verified(1));
        book.apply(key(2), verified(1));
        book.apply(key(2), verified(1));
    }
    (0..60).for_each(|_| _ = book.apply(key(1), verified(1)));
    let share = |book: &ScoreBook, miner| book.weights([1, 2].map(key))[&key(miner)].to_f64();
    assert!(share(&book, 1) > 0.75, "{}", share(&book, 1));
    for _ in 0..40 {
        book.end_epoch();
        book.apply(key(2), verified(1));
    }
    assert!(share(&book, 1) < 1e-6, "{}", share(&book, 1));
    assert_eq!(book.weights([key(9)])[&key(9)], Share::ZERO);
}

fn any_share() -> impl Strategy<Value = Share> {
    (0..=Share::ONE.bits()).prop_map(|bits| Share::new(bits).unwrap())
}

proptest! {
    #[test]
    fn nothing_leaves_its_range(reference: u64, response: u64, score in any_share()) {
        let q = quality(reference, response);
        let (better, worse) = (improve(score, q), decay(score));
        prop_assert!(q <= Share::ONE && better <= Share::ONE && worse <= score);
        let towards = if q >= score { better >= score } else { better <= score };
        prop_assert!(towards);
    }

    #[test]
    fn weights_are_shares_of_the_whole(miners in proptest::collection::vec((any::<u64>(), any_share()), 0..40)) {
        let mut book = ScoreBook::new();
        for (number, (work, score)) in (0..).zip(&miners) {
            book.restore_work(key(number), *work);
            book.restore_score(key(number), *score);
        }
        let weights = book.weights((0..).take(miners.len()).map(key));
        let total: u64 = weights.values().map(|w| w.bits()).sum();
        prop_assert!(total <= Share::ONE.bits());
        let paid = miners.iter().any(|(work, score)| *work > 0 && score.bits() > 0);
        prop_assert!(!paid || total + miners.len() as u64 > Share::ONE.bits());
    }

    #[test]
    fn faster_is_never_worse(reference: u64, a: u64, b: u64) {
        prop_assert!(quality(reference, a.min(b)) >= quality(reference, a.max(b)));
    }
}
