//! The Fiat-Shamir transcript of halo2: BLAKE2b-512 with the personalization `Halo2-Transcript`.
//!
//! A message is absorbed after a byte that says what it is: 2 and a scalar, 1 and the two coordinates of a point, 0
//! for a challenge. A challenge is the hash of everything so far, as a little-endian integer of 512 bits, reduced.
//! Everything the verifier uses is absorbed before a challenge that depends on it is drawn; the order is in
//! `tests/transcript.inventory`.

use vouch_envelope::{CursorError, Reader, hex};

use crate::bn254::{Fr, G1Affine};
use crate::challenge::Challenge;
use crate::error::VerifyError;
use crate::hash::Hash;
use crate::keccak::keccak256;
use crate::{field, point};

#[cfg(test)]
pub(crate) mod inventory;

const PREFIX_CHALLENGE: u8 = 0;
const PREFIX_POINT: u8 = 1;
const PREFIX_SCALAR: u8 = 2;

/// The verifier's side of the transcript: absorbs what both sides know, and reads the prover's messages. Every message has
/// a name, for the inventory.
pub(crate) struct Transcript<'a> {
    state: State<'a>,
    proof: Reader<'a>,
}

/// What has been absorbed.
enum State<'a> {
    /// halo2's.
    Halo2(Hash),
    /// That of the evm profile (docs/evm.md): the last hash, and the proof from the first message that it has not.
    Evm([u8; 32], &'a [u8]),
}

/// Notes what happens to the transcript, in tests.
fn note(_kind: &'static str, _what: &'static str) {
    #[cfg(test)]
    inventory::note(_kind, _what);
}

impl<'a> Transcript<'a> {
    /// An empty transcript that reads messages from `proof`.
    pub(crate) fn new(proof: &'a [u8]) -> Self {
        let state = Hash::new::<64>(*b"Halo2-Transcript");
        Self { state: State::Halo2(state), proof: Reader::new(proof) }
    }

    /// A transcript of the evm profile, which has absorbed `statement`.
    pub(crate) fn evm(statement: &[u8], proof: &'a [u8]) -> Self {
        note("absorb hash", "model, nonce and instance column");
        Self { state: State::Evm(keccak256(&[statement]), proof), proof: Reader::new(proof) }
    }

    /// Absorbs a message. The evm profile takes those of a proof when a challenge is drawn.
    fn absorb(&mut self, message: &[&[u8]]) {
        if let State::Halo2(state) = &mut self.state {
            for part in message {
                state.update(part);
            }
        }
    }

    /// Absorbs a scalar that both sides know.
    pub(crate) fn common_scalar(&mut self, what: &'static str, scalar: &Fr) {
        note("absorb scalar", what);
        self.absorb(&[&[PREFIX_SCALAR], &field::to_bytes(scalar)]);
    }

    /// Reads and absorbs a scalar.
    pub(crate) fn read_scalar(&mut self, what: &'static str) -> Result<Fr, VerifyError> {
        note("read scalar", what);
        let offset = self.proof.offset();
        let mut bytes: [u8; 32] = self.proof.array()?;
        if let State::Evm(..) = self.state {
            bytes.reverse();
        }
        let scalar =
            field::from_canonical(&bytes).ok_or_else(|| VerifyError::Scalar { offset, got: hex::encode(&bytes) })?;
        self.absorb(&[&[PREFIX_SCALAR], &bytes]);
        Ok(scalar)
    }

    /// Reads and absorbs `count` scalars.
    pub(crate) fn read_scalars(&mut self, what: &'static str, count: usize) -> Result<Vec<Fr>, VerifyError> {
        (0..count).map(|_| self.read_scalar(what)).collect()
    }

    /// Reads and absorbs a point.
    pub(crate) fn read_point(&mut self, what: &'static str) -> Result<G1Affine, VerifyError> {
        note("read point", what);
        let offset = self.proof.offset();
        let bytes: [u8; 32] = self.proof.array()?;
        let point = match self.state {
            State::Halo2(_) => point::decode_g1(&bytes),
            State::Evm(..) => point::decode_coordinates(bytes, self.proof.array()?),
        };
        let point = point.map_err(|reason| VerifyError::Point { offset, reason, got: hex::encode(&bytes) })?;
        let [x, y] = point::coordinates(&point);
        self.absorb(&[&[PREFIX_POINT], &x, &y]);
        Ok(point)
    }

    /// Reads and absorbs `count` points.
    pub(crate) fn read_points(&mut self, what: &'static str, count: usize) -> Result<Vec<G1Affine>, VerifyError> {
        (0..count).map(|_| self.read_point(what)).collect()
    }

    /// Draws a challenge.
    pub(crate) fn draw<C: Challenge>(&mut self) -> C {
        note("draw", C::NAME);
        let wide = match &mut self.state {
            State::Halo2(state) => state.update(&[PREFIX_CHALLENGE]).finish(),
            State::Evm(hash, unread) => {
                // What is left to read is the end of what was left before.
                let absorbed = unread.len().abs_diff(self.proof.remaining());
                let (absorbed, rest) = unread.split_at_checked(absorbed).unwrap_or((unread, &[]));
                *hash = keccak256(&[hash, absorbed]);
                *unread = rest;
                let mut wide = [0; 64];
                for (to, from) in wide.iter_mut().zip(hash.iter().rev()) {
                    *to = *from;
                }
                wide
            }
        };
        C::of(field::from_wide(&wide))
    }

    /// Ends the proof: nothing may follow.
    pub(crate) fn finish(self) -> Result<(), CursorError> {
        self.proof.finish()
    }
}
