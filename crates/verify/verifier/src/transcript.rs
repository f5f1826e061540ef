//! The Fiat-Shamir transcript of halo2: BLAKE2b-512 with the personalization `Halo2-Transcript`.
//!
//! A message is absorbed after a byte that says what it is: 2 and a scalar, 1 and the two coordinates of a point, 0
//! for a challenge. A challenge is the hash of everything so far, as a little-endian integer of 512 bits, reduced.
//! Everything the verifier uses is absorbed before a challenge that depends on it is drawn; the order is in
//! `tests/transcript.inventory`.

use crate::curve::{Fr, G1Affine};
use vouch_envelope::{CursorError, Reader, hex};

use crate::challenge::Challenge;
use crate::error::VerifyError;
use crate::hash::Hash;
use crate::{field, point};

#[cfg(test)]
pub(crate) mod inventory;

const PREFIX_CHALLENGE: u8 = 0;
const PREFIX_POINT: u8 = 1;
const PREFIX_SCALAR: u8 = 2;

/// The verifier's side of the transcript: absorbs what both sides know, and reads the prover's messages. Every message has
/// a name, for the inventory.
pub(crate) struct Transcript<'a> {
    state: Hash,
    proof: Reader<'a>,
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
        Self { state, proof: Reader::new(proof) }
    }

    /// Absorbs a scalar that both sides know.
    pub(crate) fn common_scalar(&mut self, what: &'static str, scalar: &Fr) {
        note("absorb scalar", what);
        self.state.update(&[PREFIX_SCALAR]).update(&field::to_bytes(scalar));
    }

    /// Reads and absorbs a scalar.
    pub(crate) fn read_scalar(&mut self, what: &'static str) -> Result<Fr, VerifyError> {
        note("read scalar", what);
        let offset = self.proof.offset();
        let bytes = self.proof.array()?;
        let scalar =
            field::from_canonical(&bytes).ok_or_else(|| VerifyError::Scalar { offset, got: hex::encode(&bytes) })?;
        self.state.update(&[PREFIX_SCALAR]).update(&bytes);
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
        let bytes = self.proof.array()?;
        let point = point::decode_g1(&bytes).map_err(|reason| VerifyError::Point {
            offset,
            reason,
            got: hex::encode(&bytes),
        })?;
        let [x, y] = point::coordinates(&point);
        self.state.update(&[PREFIX_POINT]).update(&x).update(&y);
        Ok(point)
    }

    /// Reads and absorbs `count` points.
    pub(crate) fn read_points(&mut self, what: &'static str, count: usize) -> Result<Vec<G1Affine>, VerifyError> {
        (0..count).map(|_| self.read_point(what)).collect()
    }

    /// Draws a challenge.
    pub(crate) fn draw<C: Challenge>(&mut self) -> C {
        note("draw", C::NAME);
        self.state.update(&[PREFIX_CHALLENGE]);
        C::of(field::from_wide(&self.state.finish()))
    }

    /// Ends the proof: nothing may follow.
    pub(crate) fn finish(self) -> Result<(), CursorError> {
        self.proof.finish()
    }
}
