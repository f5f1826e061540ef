//! Answers for models with hashed outputs.
#![allow(missing_docs)]

use proptest::prelude::*;
use vouch_protocol::{answer_overhead, decode_answer, encode_answer};

proptest! {
    #[test]
    fn answers_come_back_as_they_were_sent(
        values in proptest::collection::vec(any::<i64>(), 0..20),
        envelope in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let bytes = encode_answer(&values, &envelope);
        prop_assert!(bytes.len() <= answer_overhead(values.len()) + envelope.len());
        prop_assert_eq!(decode_answer(&bytes), Ok((values, envelope.as_slice())));
    }

    /// Whatever is read has been written so: there is one encoding.
    #[test]
    fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..60), few in 0u8..4) {
        let _ = decode_answer(&bytes);
        let listed = [&[few, 0, 0, 0], bytes.as_slice()].concat();
        if let Ok((values, envelope)) = decode_answer(&listed) {
            prop_assert_eq!(encode_answer(&values, envelope), listed);
        }
    }
}

#[test]
fn counts_that_cannot_be_are_refused() {
    for bytes in [&[][..], &[1, 0, 0], &[1, 0, 0, 0], &[255, 255, 255, 255, 1], &[2, 0, 0, 0, 0x80, 0x01]] {
        assert!(decode_answer(bytes).is_err(), "{bytes:?}");
    }
}
