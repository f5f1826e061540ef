//! What the parties of Vouch's network agree on: who signs what, how an answer is scored, how scores become weights,
//! and the log from which anyone can recompute both.
//!
//! No floating point and no clock: the same input gives the same score on every machine. Numbers from 0 to 1 are
//! [`Share`]s, multiples of 2^-32.

mod channel;
mod error;
mod head;
mod hidden;
mod inputs;
mod keys;
mod log;
mod replay;
mod score;
mod share;
mod sign;

pub use channel::{ChannelBinding, ChannelRole, EXPORTER_LABEL};
pub use error::{HeadError, KeyFileError, LogError, ReplayError, SignatureError};
pub use head::{EpochHead, SignedHead};
pub use hidden::{answer_overhead, decode_answer, encode_answer};
pub use inputs::InputsHash;
pub use keys::{PartyKey, PublicKey, Signature};
pub use log::{Entry, Event, LogHash, Verdict, WeightEntry};
pub use replay::{Ended, Finished, Replay};
pub use score::{Answer, ModelTerms, ScoreBook, ScoreParameters, decay, improve, quality, reference_us};
pub use share::Share;
pub use sign::{
    HEADER_EXPIRES, HEADER_KEY, HEADER_NONCE, HEADER_SIGNATURE, MAX_VALIDITY_MS, RequestNonce, SignedHeaders, sign,
    verify,
};
