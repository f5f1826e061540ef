//! The log: what an honest one leads to, and that a changed one is found.
#![allow(missing_docs)]

use vouch_api::AttemptOutcome;
use vouch_api::NoncePart;
use vouch_envelope::{ModelId, Nonce};
use vouch_protocol::{
    Entry, EpochHead, Event, Finished, HeadError, InputsHash, LogError, LogHash, ModelTerms, PartyKey, PublicKey,
    Replay, ReplayError, ScoreBook, ScoreParameters, Share, Verdict, WeightEntry,
};

const CHAIN: &str = "local";
const VALIDATOR: PublicKey = PublicKey([9; 32]);

fn parameters() -> ScoreParameters {
    let terms = ModelTerms { reference_us: 1_000_000, development: false };
    ScoreParameters { models: [(ModelId([1; 32]), terms)].into() }
}

#[derive(Default)]
struct Writer {
    entries: Vec<Entry>,
    book: ScoreBook,
}

impl Writer {
    fn push(&mut self, event: &Event) {
        let previous = self.entries.last().map_or(LogHash::genesis(&VALIDATOR), |entry| entry.hash);
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(Entry::new(seq, 1000 * seq, event, previous).unwrap());
    }

    fn judge(&mut self, attempt: u32, miner: u8, outcome: AttemptOutcome, prediction: Option<&str>) {
        let proof_id = (outcome == AttemptOutcome::Verified).then(|| format!("proof{attempt}"));
        let mut verdict = Verdict {
            attempt: attempt.to_string(),
            prediction: prediction.map(str::to_owned),
            model_id: ModelId([1; 32]),
            miner: PublicKey([miner; 32]),
            inputs: InputsHash::default(),
            user_part: NoncePart([attempt as u8; 32]),
            validator_part: NoncePart([100; 32]),
            nonce: Nonce([0; 32]),
            outcome,
            response_us: 2_000_000 + u64::from(attempt) * 1000,
            bytes: 3000,
            proof_id,
            before: Share::ZERO,
            after: Share::ZERO,
            detail: String::new(),
        };
        verdict.nonce = verdict.expected_nonce(CHAIN, &VALIDATOR);
        let score = self.book.score(&verdict.miner);
        (verdict.before, verdict.after) = match verdict.answer(&parameters()) {
            Some(answer) => self.book.apply(verdict.miner, answer),
            None => (score, score),
        };
        self.push(&Event::Judged(verdict));
    }
}

fn honest() -> Writer {
    let mut log = Writer::default();
    let parameters = parameters();
    log.push(&Event::Started { validator: VALIDATOR, chain: CHAIN.into(), version: "1".into(), parameters });
    let accepted =
        |p: &str| Event::Accepted { prediction: p.into(), model_id: ModelId([1; 32]), user_part: NoncePart([3; 32]) };
    log.judge(0, 1, AttemptOutcome::Verified, None);
    log.push(&accepted("a"));
    log.judge(1, 2, AttemptOutcome::Refused, Some("a"));
    log.judge(2, 1, AttemptOutcome::Verified, Some("a"));
    log.push(&Event::Ended { prediction: "a".into(), proof_id: Some("proof2".into()), reason: None });
    log.push(&accepted("b"));
    log.judge(3, 2, AttemptOutcome::Verified, None);
    log.judge(4, 3, AttemptOutcome::Late, None);
    log.judge(5, 1, AttemptOutcome::Cancelled, Some("b"));
    let entry = |(miner, weight): (&PublicKey, &Share)| WeightEntry { miner: *miner, weight: *weight };
    let weights = log.book.weights([1, 2, 3].map(|miner| PublicKey([miner; 32]))).iter().map(entry).collect();
    log.push(&Event::Weights { epoch: 0, weights });
    log.book.end_epoch();
    log
}

fn replay(entries: &[Entry]) -> Result<Replay, ReplayError> {
    let mut replay = Replay::new(&VALIDATOR);
    entries.iter().try_for_each(|entry| replay.apply(entry))?;
    Ok(replay)
}

#[test]
fn an_honest_log_leads_to_the_scores() {
    let log = honest();
    let replay = replay(&log.entries).unwrap();
    assert_eq!(replay.book(), &log.book);
    assert_eq!(replay.predictions()["a"], Finished::Proved("proof2".into()));
    assert_eq!(replay.predictions()["b"], Finished::Pending);
    assert_eq!((replay.proofs().len(), replay.judged_count(), replay.epochs().len()), (3, 6, 1));
    // Every proof earned the same way.
    assert!(replay.proofs().iter().all(|v| v.after > v.before));
}

#[test]
fn every_change_is_found() {
    let log = honest();
    for at in 0..log.entries.len() {
        let mut changed = log.entries.clone();
        changed[at].body = changed[at].body.replacen(':', ": ", 1);
        assert!(matches!(replay(&changed), Err(ReplayError::Log(LogError::Hash { .. }))), "body of {at}");
        let mut changed = log.entries.clone();
        changed[at].at_ms += 1;
        assert!(matches!(replay(&changed), Err(ReplayError::Log(LogError::Hash { .. }))), "moment of {at}");
        if at + 1 < log.entries.len() {
            let mut changed = log.entries.clone();
            changed.remove(at);
            assert!(matches!(replay(&changed), Err(ReplayError::Log(LogError::Sequence { .. }))), "without {at}");
            let mut changed = log.entries.clone();
            changed.swap(at, at + 1);
            assert!(replay(&changed).is_err(), "{at} swapped");
        }
    }
    let other = Replay::new(&PublicKey([8; 32])).apply(&log.entries[0]);
    assert!(matches!(other, Err(ReplayError::Log(LogError::Previous { .. }))));
}

/// A validator that lies, and chains its lies properly.
#[test]
fn lies_do_not_add_up() {
    let rewritten = |change: &dyn Fn(&mut Event)| {
        let mut log = Writer::default();
        for entry in honest().entries {
            let mut event: Event = serde_json::from_str(&entry.body).unwrap();
            change(&mut event);
            log.push(&event);
        }
        replay(&log.entries)
    };
    assert!(rewritten(&|_| {}).is_ok());
    let judged = |event: &mut Event, change: &dyn Fn(&mut Verdict)| {
        if let Event::Judged(verdict) = event {
            change(verdict);
        }
    };
    let better = rewritten(&|e| judged(e, &|v| v.after = v.after.plus(Share::of(1, 1000))));
    assert!(matches!(better, Err(ReplayError::Score { .. })));
    let faster = rewritten(&|e| judged(e, &|v| v.response_us /= 2));
    assert!(matches!(faster, Err(ReplayError::Score { .. })));
    let forgiven = rewritten(&|e| {
        judged(e, &|v| {
            if v.outcome == AttemptOutcome::Refused {
                v.outcome = AttemptOutcome::Verified;
                v.proof_id = Some("forgiven".into());
            }
        })
    });
    assert!(matches!(forgiven, Err(ReplayError::Score { .. })));
    let twice = rewritten(&|e| judged(e, &|v| v.attempt = "1".into()));
    assert!(matches!(twice, Err(ReplayError::Twice { .. })));
    let unproved = rewritten(&|e| judged(e, &|v| v.proof_id = None));
    assert!(matches!(unproved, Err(ReplayError::Proof { .. })), "verified without a proof");
    let extra = rewritten(&|e| {
        judged(e, &|v| {
            if v.outcome == AttemptOutcome::Refused {
                v.proof_id = Some("extra".into());
            }
        })
    });
    assert!(matches!(extra, Err(ReplayError::Proof { .. })), "a proof that was refused");
    let shared = rewritten(&|e| {
        judged(e, &|v| {
            if v.outcome == AttemptOutcome::Verified {
                v.proof_id = Some("proof2".into());
            }
        })
    });
    assert!(
        matches!(shared, Err(ReplayError::ProofTwice { first: 2, .. })),
        "one proof for several miners: {shared:?}"
    );
    // A nonce that another miner was asked with: that miner's proof would fit.
    let copied = rewritten(&|e| {
        judged(e, &|v| {
            if v.miner == PublicKey([2; 32]) {
                let other = Verdict { miner: PublicKey([1; 32]), ..v.clone() };
                v.nonce = other.expected_nonce(CHAIN, &VALIDATOR);
            }
        })
    });
    assert!(matches!(copied, Err(ReplayError::Nonce { .. })));
    let again = rewritten(&|e| {
        judged(e, &|v| {
            (v.user_part, v.validator_part) = (NoncePart([1; 32]), NoncePart([1; 32]));
            v.nonce = v.expected_nonce(CHAIN, &VALIDATOR);
        })
    });
    assert!(matches!(again, Err(ReplayError::NonceTwice { .. })));
    let elsewhere = rewritten(&|e| {
        if let Event::Started { chain, .. } = e {
            *chain = "another".into();
        }
    });
    assert!(matches!(elsewhere, Err(ReplayError::Nonce { .. })), "proofs for another chain");
    let borrowed = rewritten(&|e| {
        if let Event::Started { validator, .. } = e {
            *validator = PublicKey([8; 32]);
        }
    });
    assert!(matches!(borrowed, Err(ReplayError::Validator { .. })));
    let unnamed = rewritten(&|e| {
        if let Event::Started { parameters, .. } = e {
            parameters.models.clear();
        }
    });
    assert!(matches!(unnamed, Err(ReplayError::Model { .. })), "a model without an entry");
    let rescaled = rewritten(&|e| {
        if let Event::Started { parameters, .. } = e {
            parameters.models.values_mut().for_each(|terms| terms.reference_us *= 2);
        }
    });
    assert!(matches!(rescaled, Err(ReplayError::Score { .. })), "parameters that were not used");
    let bribed = rewritten(&|e| {
        if let Event::Weights { weights, .. } = e {
            weights[0].weight = Share::ONE;
        }
    });
    assert!(matches!(bribed, Err(ReplayError::Weights { .. })));
    let unproved = rewritten(&|e| {
        if let Event::Ended { proof_id, .. } = e {
            *proof_id = Some("proof0".into());
        }
    });
    assert!(matches!(unproved, Err(ReplayError::Prediction { .. })));
}

/// Backdated entries, chained properly.
#[test]
fn time_does_not_run_backwards() {
    let mut previous = LogHash::genesis(&VALIDATOR);
    let mut replay = Replay::new(&VALIDATOR);
    for (entry, at_ms) in honest().entries.iter().zip([5000, 5000, 6000, 5999]) {
        let event: Event = serde_json::from_str(&entry.body).unwrap();
        let entry = Entry::new(entry.seq, at_ms, &event, previous).unwrap();
        previous = entry.hash;
        let expected = ReplayError::Time { seq: 4, before_ms: 6000, at_ms: 5999 };
        assert_eq!(replay.apply(&entry), if entry.seq == 4 { Err(expected) } else { Ok(()) });
    }
}

/// An epoch that ends twice could be paid twice.
#[test]
fn an_epoch_ends_once() {
    let mut log = honest();
    log.push(&Event::Weights { epoch: 0, weights: Vec::new() });
    assert_eq!(replay(&log.entries).unwrap_err(), ReplayError::Epoch { seq: 12, epoch: 0, last: 0 });
}

#[test]
fn two_heads_for_one_epoch_are_two_logs() {
    let (key, other) = (PartyKey::generate(), PartyKey::generate());
    let head = EpochHead { chain: CHAIN.into(), validator: key.public(), epoch: 3, seq: 7, head: LogHash([1; 32]) };
    let signed = |head: &EpochHead| head.clone().sign(&key).unwrap();
    let first = signed(&head);
    assert_eq!(first.verify(), Ok(()));
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<vouch_protocol::SignedHead>(&text).unwrap(), first);
    assert_eq!(head.clone().sign(&other), Err(HeadError::Key { expected: key.public(), got: other.public() }));
    // Signatures are random; the head is the same.
    assert_eq!(first.contradicts(&signed(&head)), Ok(false));
    assert_eq!(first.contradicts(&signed(&EpochHead { head: LogHash([2; 32]), ..head.clone() })), Ok(true));
    assert_eq!(first.contradicts(&signed(&EpochHead { seq: 8, ..head.clone() })), Ok(true));
    assert_eq!(first.contradicts(&signed(&EpochHead { epoch: 4, seq: 8, ..head.clone() })), Ok(false));
    assert_eq!(first.contradicts(&signed(&EpochHead { chain: "another".into(), ..head.clone() })), Ok(false));
    let mut forged = signed(&head);
    forged.head.head = LogHash([3; 32]);
    assert_eq!(first.contradicts(&forged), Err(HeadError::Forged { validator: key.public(), epoch: 3 }));
}
