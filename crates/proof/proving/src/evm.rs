//! The evm profile on the prover's side: its transcript, its groups of polynomials, and the powers that they are committed to
//! with. docs/evm.md says what it is for.

use std::io;

use halo2_proofs::{
    halo2curves::{
        CurveAffine,
        bn256::{Fr, G1Affine},
        ff::PrimeField,
        group::{Curve, GroupEncoding},
        serde::SerdeObject,
    },
    plonk::ProvingKey,
    transcript::{Challenge255, EncodedChallenge, Transcript, TranscriptWrite},
};
use rayon::prelude::*;
use sha3::{Digest, Keccak256};
use vouch_verifier::{EvmProfile, GroupMember, GroupTime, KeyDescription, OpeningGroup, opening_groups};

use crate::{ProvingError, commit::msm};

const POINT: usize = 64;

/// What proofs of the profile need beyond others.
#[derive(Debug)]
pub(crate) struct Evm {
    /// In the order of the multi-opening.
    pub(crate) groups: Vec<OpeningGroup>,
    /// Powers of the reference string, as many as the largest group has coefficients.
    powers: Vec<G1Affine>,
}

/// log2 of the number of powers for each row: a group has that many polynomials, and the quotient `degree - 1` times the
/// coefficients of a column.
pub(crate) fn extension(group: u32, degree: u32) -> u32 {
    group.max(degree.saturating_sub(1)).max(1).next_power_of_two().ilog2()
}

impl Evm {
    /// Of a key whose profile is set.
    ///
    /// # Errors
    /// [`ProvingError::SrsTooSmall`].
    pub(crate) fn new(key: &KeyDescription, powers: &[G1Affine]) -> Result<Self, ProvingError> {
        let group = key.evm.as_ref().map_or(1, |evm| evm.group);
        let needed = key.k.saturating_add(extension(group, key.degree));
        let powers = 1usize
            .checked_shl(needed)
            .and_then(|len| powers.get(..len))
            .ok_or(ProvingError::SrsTooSmall { needed, got: powers.len().max(1).ilog2() })?;
        Ok(Self { groups: opening_groups(key), powers: powers.to_vec() })
    }

    /// The groups that are committed to at one time.
    pub(crate) fn at(&self, time: GroupTime) -> impl Iterator<Item = &OpeningGroup> {
        self.groups.iter().filter(move |group| group.time == time)
    }

    /// The commitment to a polynomial.
    pub(crate) fn commit(&self, poly: &[Fr]) -> G1Affine {
        msm(poly, &self.powers[..poly.len()]).to_affine()
    }

    /// Completes the description of a key: commits to the groups of its own polynomials.
    pub(crate) fn describe(
        key: &mut KeyDescription,
        pk: &ProvingKey<G1Affine>,
        powers: &[G1Affine],
        group: u32,
    ) -> Result<Self, ProvingError> {
        let fixed_columns = u32::try_from(pk.fixed_polys().len()).unwrap_or(u32::MAX);
        key.evm = Some(EvmProfile { group, fixed_columns });
        let evm = Self::new(key, powers)?;
        let commitment = |group: &OpeningGroup| {
            let polys: Vec<&[Fr]> = group.members.iter().map(|member| own(pk, *member)).collect();
            let bytes = evm.commit(&interleave(&polys)).to_bytes();
            std::array::from_fn(|i| bytes.as_ref()[i])
        };
        key.fixed_commitments = evm.at(GroupTime::Key).map(commitment).collect();
        key.permutation_commitments = Vec::new();
        Ok(evm)
    }

    /// The powers, as the points of `prover.key`.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.powers.iter().flat_map(SerdeObject::to_raw_bytes).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) writes. Points must be on the curve; that they are the right powers is left to
    /// the proof: one made with others does not verify.
    ///
    /// # Errors
    /// [`ProvingError::Format`].
    pub(crate) fn from_bytes(bytes: &[u8], key: &KeyDescription) -> Result<Self, ProvingError> {
        let points: Option<Vec<G1Affine>> =
            bytes.par_chunks(POINT).map(|point| Option::from(G1Affine::from_raw_bytes(point)?)).collect();
        let points = points.ok_or_else(|| ProvingError::format("prover key", "a power is not a point of the curve"))?;
        let evm = Self::new(key, &points)?;
        if evm.powers.len() != points.len() {
            return Err(ProvingError::format("prover key", "it has more powers than it needs"));
        }
        Ok(evm)
    }

    /// The powers.
    pub(crate) fn powers(&self) -> &[G1Affine] {
        &self.powers
    }
}

/// A polynomial of the key.
pub(crate) fn own(pk: &ProvingKey<G1Affine>, member: GroupMember) -> &[Fr] {
    match member {
        GroupMember::Fixed(column) => &pk.fixed_polys()[column][..],
        GroupMember::Sigma(column) => &pk.permutation().polys()[column][..],
        GroupMember::Advice(_) | GroupMember::Product(_) | GroupMember::Quotient => &[],
    }
}

/// `Σ_j X^j f_j(X^t)` for t polynomials of one length.
pub(crate) fn interleave(polys: &[&[Fr]]) -> Vec<Fr> {
    let t = polys.len();
    let mut out = vec![Fr::zero(); polys.iter().map(|poly| poly.len()).sum()];
    out.par_chunks_mut(t.max(1)).enumerate().for_each(|(i, out)| {
        for (to, poly) in out.iter_mut().zip(polys) {
            *to = poly[i];
        }
    });
    out
}

/// The transcript of the profile: a challenge is the Keccak-256 hash of the last one's and of all messages since. A scalar is 32
/// bytes, a point its two coordinates, all most significant byte first.
pub(crate) struct KeccakWrite {
    hash: [u8; 32],
    unread: usize,
    proof: Vec<u8>,
}

impl KeccakWrite {
    /// A transcript that has absorbed a statement: model, nonce, and the instance column.
    pub(crate) fn new(model: &[u8; 32], nonce: &[u8; 32], instance: &[Fr]) -> Self {
        let mut state = Keccak256::new();
        state.update(model);
        state.update(nonce);
        for cell in instance {
            let mut bytes = cell.to_repr();
            bytes.as_mut().reverse();
            state.update(bytes);
        }
        Self { hash: state.finalize().into(), unread: 0, proof: Vec::new() }
    }

    /// The proof.
    pub(crate) fn finalize(self) -> Vec<u8> {
        self.proof
    }
}

impl Transcript<G1Affine, Challenge255<G1Affine>> for KeccakWrite {
    fn squeeze_challenge(&mut self) -> Challenge255<G1Affine> {
        let mut state = Keccak256::new();
        state.update(self.hash);
        state.update(&self.proof[self.unread..]);
        self.unread = self.proof.len();
        self.hash = state.finalize().into();
        let mut wide = [0; 64];
        for (to, from) in wide.iter_mut().zip(self.hash.iter().rev()) {
            *to = *from;
        }
        Challenge255::new(&wide)
    }

    fn common_point(&mut self, _: G1Affine) -> io::Result<()> {
        Err(io::Error::other("the evm profile absorbs its statement first, and only that"))
    }

    fn common_scalar(&mut self, _: Fr) -> io::Result<()> {
        Err(io::Error::other("the evm profile absorbs its statement first, and only that"))
    }
}

impl TranscriptWrite<G1Affine, Challenge255<G1Affine>> for KeccakWrite {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let coordinates = Option::from(point.coordinates());
        let Some(coordinates): Option<halo2_proofs::halo2curves::Coordinates<G1Affine>> = coordinates else {
            return Err(io::Error::other("a commitment is the point at infinity: prove again"));
        };
        for coordinate in [coordinates.x(), coordinates.y()] {
            self.proof.extend(coordinate.to_repr().as_ref().iter().rev());
        }
        Ok(())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.proof.extend(scalar.to_repr().as_ref().iter().rev());
        Ok(())
    }
}
