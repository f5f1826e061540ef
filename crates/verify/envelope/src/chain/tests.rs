use proptest::prelude::*;

use super::*;
use crate::{ModelId, Nonce, PublicValues};

fn envelope(inputs: Vec<i64>, outputs: Vec<i64>) -> ProofEnvelope {
    ProofEnvelope {
        model_id: ModelId([7; 32]),
        nonce: Nonce([9; 32]),
        public: PublicValues { inputs, outputs, ..Default::default() },
        proof: vec![1, 2, 3],
    }
}

fn link(from: (u32, u32), to: (u32, u32), len: u32) -> Link {
    let end = |(proof, start)| ValueRef { proof, start };
    Link { from: end(from), to: end(to), len }
}

/// Two proofs whose outputs go into a third.
fn sample() -> ProofChain {
    let proofs = vec![envelope(vec![1], vec![5, 6]), envelope(vec![], vec![7]), envelope(vec![7, 0, 5, 6], vec![1])];
    ProofChain::new(proofs, vec![link((0, 0), (2, 2), 2), link((1, 0), (2, 0), 1)]).unwrap()
}

#[test]
fn links_are_in_the_order_of_inputs() {
    let chain = sample();
    assert_eq!(chain.links(), [link((1, 0), (2, 0), 1), link((0, 0), (2, 2), 2)]);
    assert_eq!(chain.links()[1].to_string(), "0:outputs[0..2]=2:inputs[2..4]");
    let (bytes, json) = (chain.encode().unwrap(), serde_json::to_string(&chain).unwrap());
    assert_eq!(ProofChain::decode(&bytes).as_ref(), Ok(&chain));
    assert_eq!(serde_json::from_str::<ProofChain>(&json).unwrap(), chain);
    // The links are five bytes each, at the end.
    let mut swapped = bytes.clone();
    let at = bytes.len() - 10;
    let (first, second) = (bytes[at..at + 5].to_vec(), bytes[at + 5..].to_vec());
    swapped.splice(at.., [second, first].concat());
    let refused = ChainFormatError::Link { link: 1, at: link((1, 0), (2, 0), 1), source: LinkFault::Order };
    assert_eq!(ProofChain::decode(&swapped), Err(refused));
}

#[test]
fn links_without_sense_are_refused() {
    let fault = |link: Link| match ProofChain::new(sample().proofs, vec![link]) {
        Err(ChainFormatError::Link { link: 0, source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(link((0, 0), (2, 0), 0)), LinkFault::Empty);
    assert_eq!(fault(link((2, 0), (2, 0), 1)), LinkFault::Backwards { from: 2, to: 2 });
    assert_eq!(fault(link((1, 0), (0, 0), 1)), LinkFault::Backwards { from: 1, to: 0 });
    let range = |section, proof, values, start, end| LinkFault::Range { section, proof, values, start, end };
    assert_eq!(fault(link((0, 1), (2, 0), 2)), range(Section::Outputs, 0, 2, 1, 3));
    assert_eq!(fault(link((0, 0), (2, 3), 2)), range(Section::Inputs, 2, 4, 3, 5));
    assert_eq!(fault(link((0, 0), (3, 0), 1)), range(Section::Inputs, 3, 0, 0, 1));
    let last = u32::MAX;
    assert_eq!(fault(link((0, last), (2, 0), last)).to_string().matches("got").count(), 1);
    // One output may go to two inputs, but an input has one source.
    assert!(ProofChain::new(sample().proofs, vec![link((0, 0), (2, 0), 1), link((0, 0), (2, 1), 1)]).is_ok());
    let twice = ProofChain::new(sample().proofs, vec![link((0, 0), (2, 0), 2), link((1, 0), (2, 1), 1)]);
    assert!(matches!(twice, Err(ChainFormatError::Link { link: 1, source: LinkFault::Order, .. })), "{twice:?}");
}

#[test]
fn numbers_are_limited() {
    assert_eq!(ProofChain::new(vec![], vec![]), Err(ChainFormatError::Proofs { limit: 64, got: 0 }));
    let many = vec![envelope(vec![0], vec![0]); 65];
    assert_eq!(ProofChain::new(many.clone(), vec![]), Err(ChainFormatError::Proofs { limit: 64, got: 65 }));
    let links = vec![link((0, 0), (1, 0), 1); MAX_LINKS + 1];
    let refused = ChainFormatError::Links { limit: MAX_LINKS, got: MAX_LINKS + 1 };
    assert_eq!(ProofChain::new(many[..2].to_vec(), links), Err(refused));
    let bytes = sample().encode().unwrap();
    let mut none = bytes[..10].to_vec();
    none.extend([0, 0]);
    assert_eq!(ProofChain::decode(&none), Err(ChainFormatError::Proofs { limit: 64, got: 0 }));
    let mut more = bytes.clone();
    more[10] = 65;
    let limit = CursorError::TooLong { what: "proofs", offset: 10, limit: 64, got: 65 };
    assert_eq!(ProofChain::decode(&more), Err(limit.into()));
    assert!(matches!(ProofChain::decode(&bytes[1..]), Err(ChainFormatError::Magic { .. })));
    more[8] = 2;
    assert_eq!(ProofChain::decode(&more), Err(ChainFormatError::Version { expected: 1, got: 2 }));
}

#[test]
fn a_proof_that_is_none_is_named() {
    let mut bytes = sample().encode().unwrap();
    let first = 12 + sample().proofs()[0].encode().unwrap().len();
    bytes[first + 1] = b'X';
    let error = ProofChain::decode(&bytes).unwrap_err();
    assert!(matches!(error, ChainFormatError::Envelope { proof: 1, .. }), "{error}");
    assert_eq!(error.code(), "magic");
    let json = serde_json::to_string(&sample()).unwrap();
    for (from, to) in [("\"len\":2", "\"len\":3"), ("\"len\":2", "\"len\":2,\"more\":1"), ("\"5\"", "\"05\"")] {
        assert!(serde_json::from_str::<ProofChain>(&json.replace(from, to)).is_err(), "{to}");
    }
}

proptest! {
    #[test]
    fn binary_form_round_trips(values in proptest::collection::vec(any::<i64>(), 1..6), starts in (0u32..6, 0u32..6), extra: u8) {
        let len = values.len() as u32;
        let (from, to) = (starts.0 % len, starts.1 % len);
        let proofs = vec![envelope(vec![], values.clone()), envelope(values, vec![])];
        let chain = ProofChain::new(proofs, vec![link((0, from), (1, to), len - from.max(to))]).unwrap();
        let mut bytes = chain.encode().unwrap();
        prop_assert_eq!(ProofChain::decode(&bytes), Ok(chain));
        for len in 0..bytes.len() {
            prop_assert!(ProofChain::decode(&bytes[..len]).is_err());
        }
        let offset = bytes.len();
        bytes.push(extra);
        prop_assert_eq!(ProofChain::decode(&bytes), Err(CursorError::Trailing { offset, got: 1 }.into()));
    }

    #[test]
    fn changed_bytes_are_refused_or_mean_something_else(at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = sample().encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(chain) = ProofChain::decode(&bytes) {
            prop_assert_ne!(&chain, &sample());
            prop_assert_eq!(chain.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..300), prefix: bool) {
        let head = sample().encode().unwrap();
        let head = if prefix { &head[..head.len() / 2] } else { &[] };
        let _ = ProofChain::decode(&[head, &bytes].concat());
    }
}
