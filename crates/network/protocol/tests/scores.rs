//! Scores against tests/vectors/scores.json, which an independent script computed, and against what must always hold.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use vouch_envelope::ModelId;
use vouch_protocol::{
    Answer, Bounds, PublicKey, ScoreBook, ScoreParameters, Share, curve, decay, improve, reward, time, weights,
};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/scores.json")).unwrap()
}

fn share(value: &Value) -> Share {
    Share::new(value.as_u64().unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn the_curve() {
    let vectors = vectors();
    for case in list(&vectors["curve"]) {
        let n = curve(share(&case["t"]));
        assert_eq!(n, share(&case["n"]), "{case}");
        let exact: f64 = case["exact"].as_str().unwrap().parse().unwrap();
        assert!((n.to_f64() - exact).abs() < 5e-5, "{case}");
    }
    assert_eq!((curve(Share::ZERO), curve(Share::ONE)), (Share::ZERO, Share::ONE));
    assert_eq!(curve(Share::of(1, 2)), Share::of(1, 2));
}

#[test]
fn answers() {
    let vectors = vectors();
    for case in list(&vectors["answers"]) {
        let number = |name: &str| case[name].as_u64().unwrap();
        let bounds = Bounds::of(list(&case["samples_us"]).iter().map(|v| v.as_u64().unwrap())).unwrap();
        assert_eq!((bounds.fast, bounds.slow), (number("fast_us"), number("slow_us")), "{case}");
        let t = time(number("response_us"), bounds);
        assert_eq!(t, share(&case["t"]), "{case}");
        let parameters = ScoreParameters { w_time: share(&case["w_time"]), size_limit: number("size_limit") };
        let r = reward(&parameters, t, number("size"));
        assert_eq!(r, share(&case["reward"]), "{case}");
        let score = share(&case["score"]);
        assert_eq!((improve(score, r), decay(score)), (share(&case["if_verified"]), share(&case["if_refused"])));
    }
}

#[test]
fn weight_vectors() {
    let vectors = vectors();
    for case in list(&vectors["weights"]) {
        let scores: BTreeMap<_, _> =
            list(&case["scores"]).iter().zip(0u8..).map(|(s, i)| (PublicKey([i; 32]), share(s))).collect();
        let got: Vec<Share> = weights(&scores).into_values().collect();
        assert_eq!(got, list(&case["weights"]).iter().map(share).collect::<Vec<_>>());
    }
}

#[test]
fn few_samples_are_sane() {
    assert_eq!(Bounds::of([]), None);
    let (model, parameters) = (ModelId([1; 32]), ScoreParameters { w_time: Share::ONE, size_limit: 1 });
    let mut book = ScoreBook::new();
    let verified = |response_us| Answer::Verified { response_us, size: 0 };
    // Alone, a miner is as fast as any.
    let (_, after) = book.apply(&parameters, model, PublicKey([1; 32]), verified(5_000_000));
    assert_eq!(after, improve(Share::ZERO, Share::ONE));
    // Of two, the slower gets next to nothing for its time, and nobody gets a division by zero.
    let (_, after) = book.apply(&parameters, model, PublicKey([2; 32]), verified(9_000_000));
    assert!(after < Share::of(1, 100));
    let (_, after) = book.apply(&parameters, model, PublicKey([3; 32]), verified(0));
    assert_eq!(after, improve(Share::ZERO, Share::ONE));
    // The models do not mix.
    let (_, after) = book.apply(&parameters, ModelId([2; 32]), PublicKey([4; 32]), verified(60_000_000));
    assert_eq!(after, improve(Share::ZERO, Share::ONE));
}

fn any_share() -> impl Strategy<Value = Share> {
    (0..=Share::ONE.bits()).prop_map(|bits| Share::new(bits).unwrap())
}

proptest! {
    #[test]
    fn the_curve_rises(a in any_share(), b in any_share()) {
        prop_assert_eq!(a.cmp(&b) == std::cmp::Ordering::Less && curve(a) > curve(b), false);
        prop_assert!(curve(a) <= Share::ONE);
    }

    #[test]
    fn nothing_leaves_its_range(
        samples in proptest::collection::vec(any::<u64>(), 1..50), rt: u64, size: u64, size_limit: u64,
        w_time in any_share(), score in any_share(),
    ) {
        let bounds = Bounds::of(samples).unwrap();
        prop_assert!(bounds.slow > bounds.fast || bounds.fast == u64::MAX);
        let t = time(rt, bounds);
        prop_assert!(t <= Share::LATEST);
        let r = reward(&ScoreParameters { w_time, size_limit }, t, size);
        let (better, worse) = (improve(score, r), decay(score));
        prop_assert!(r <= Share::ONE && better <= Share::ONE && worse <= score);
        let towards = if r >= score { better >= score } else { better <= score };
        prop_assert!(towards);
    }

    #[test]
    fn weights_are_shares_of_the_whole(scores in proptest::collection::vec(any_share(), 0..40)) {
        let scores: BTreeMap<_, _> = scores.into_iter().zip(0u8..).map(|(s, i)| (PublicKey([i; 32]), s)).collect();
        let total: u64 = weights(&scores).values().map(|w| w.bits()).sum();
        let all: u64 = scores.values().map(|s| s.bits()).sum();
        prop_assert!(total <= Share::ONE.bits());
        prop_assert!(all == 0 || total + scores.len() as u64 > Share::ONE.bits());
    }

    #[test]
    fn faster_and_smaller_is_never_worse(a: u32, b: u32, size_a: u16, size_b: u16, limit in 1u64..100_000) {
        let bounds = Bounds { fast: 1000, slow: 5_000_000 };
        let parameters = ScoreParameters { size_limit: limit, ..ScoreParameters::default() };
        let r = |rt: u32, size: u16| reward(&parameters, time(u64::from(rt), bounds), u64::from(size));
        prop_assert!(r(a.min(b), size_a.min(size_b)) >= r(a.max(b), size_a.max(size_b)));
    }
}
