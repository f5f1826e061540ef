//! The polynomial commitment scheme: KZG over BN254, with a multi-scalar multiplication that knows that most of a witness is small.
//!
//! halo2's prover is generic over the commitment scheme; this one is halo2's KZG in everything but the time that [`msm`] takes.
//! The opening (SHPLONK) is halo2's own.

mod msm;

use std::{fmt, io};

use halo2_proofs::{
    halo2curves::{
        bn256::{Bn256, Fr, G1, G1Affine},
        group::Group,
    },
    poly::{
        Coeff, LagrangeCoeff, Polynomial, ProverQuery,
        commitment::{Blind, CommitmentScheme, Params, ParamsProver, ParamsVerifier, Prover},
        kzg::{
            commitment::{KZGCommitmentScheme, ParamsKZG},
            msm::MSMKZG,
            multiopen::ProverSHPLONK,
        },
    },
    transcript::{EncodedChallenge, TranscriptWrite},
};
pub use msm::msm;
use rand_core::RngCore;

/// KZG over BN254.
#[derive(Debug)]
pub struct Kzg;

/// A reference string to commit with.
#[derive(Clone)]
pub struct KzgParams {
    inner: ParamsKZG<Bn256>,
    lagrange: Vec<G1Affine>,
}

impl fmt::Debug for KzgParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KzgParams").field("k", &self.inner.k()).finish_non_exhaustive()
    }
}

impl From<ParamsKZG<Bn256>> for KzgParams {
    fn from(inner: ParamsKZG<Bn256>) -> Self {
        let lagrange = lagrange_points(&inner);
        Self { inner, lagrange }
    }
}

impl KzgParams {
    /// Commits with the points of a reference string. `lagrange` are its points in the Lagrange basis, which halo2 does not give out.
    pub fn new(inner: ParamsKZG<Bn256>, lagrange: Vec<G1Affine>) -> Self {
        Self { inner, lagrange }
    }

    /// halo2's parameters.
    pub fn inner(&self) -> &ParamsKZG<Bn256> {
        &self.inner
    }

    /// The points in the Lagrange basis.
    pub fn lagrange(&self) -> &[G1Affine] {
        &self.lagrange
    }
}

impl CommitmentScheme for Kzg {
    type Scalar = Fr;
    type Curve = G1Affine;
    type ParamsProver = KzgParams;
    type ParamsVerifier = KzgParams;

    fn new_params(k: u32) -> KzgParams {
        ParamsProver::new(k)
    }

    fn read_params<R: io::Read>(reader: &mut R) -> io::Result<KzgParams> {
        Params::read(reader)
    }
}

impl<'params> Params<'params, G1Affine> for KzgParams {
    type MSM = MSMKZG<Bn256>;

    fn k(&self) -> u32 {
        self.inner.k()
    }

    fn n(&self) -> u64 {
        self.inner.n()
    }

    fn downsize(&mut self, k: u32) {
        self.inner.downsize(k);
        self.lagrange = lagrange_points(&self.inner);
    }

    fn empty_msm(&'params self) -> MSMKZG<Bn256> {
        MSMKZG::new()
    }

    fn commit_lagrange(&self, poly: &Polynomial<Fr, LagrangeCoeff>, _: Blind<Fr>) -> G1 {
        msm(poly, &self.lagrange)
    }

    fn write<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        Params::write(&self.inner, writer)
    }

    fn read<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let inner: ParamsKZG<Bn256> = Params::read(reader)?;
        Ok(inner.into())
    }
}

impl<'params> ParamsProver<'params, G1Affine> for KzgParams {
    type ParamsVerifier = Self;

    fn new(k: u32) -> Self {
        ParamsKZG::new(k).into()
    }

    fn commit(&self, poly: &Polynomial<Fr, Coeff>, _: Blind<Fr>) -> G1 {
        msm(poly, self.inner.get_g())
    }

    fn get_g(&self) -> &[G1Affine] {
        self.inner.get_g()
    }

    fn verifier_params(&'params self) -> &'params Self {
        self
    }
}

impl ParamsVerifier<'_, G1Affine> for KzgParams {}

/// Points in the Lagrange basis, through halo2's serialization, which is the only way to them.
fn lagrange_points(params: &ParamsKZG<Bn256>) -> Vec<G1Affine> {
    use halo2_proofs::{SerdeFormat, halo2curves::serde::SerdeObject};
    const POINT: usize = 64;
    let n = params.get_g().len();
    let mut bytes = Vec::with_capacity(4 + 2 * POINT * n + 256);
    if params.write_custom(&mut bytes, SerdeFormat::RawBytesUnchecked).is_err() {
        return vec![G1::identity().into(); n];
    }
    bytes[4 + POINT * n..4 + 2 * POINT * n].chunks_exact(POINT).map(G1Affine::from_raw_bytes_unchecked).collect()
}

/// SHPLONK, as in halo2.
#[derive(Debug)]
pub struct Shplonk<'params>(ProverSHPLONK<'params, Bn256>);

impl<'params> Prover<'params, Kzg> for Shplonk<'params> {
    const QUERY_INSTANCE: bool = false;

    fn new(params: &'params KzgParams) -> Self {
        Self(ProverSHPLONK::new(&params.inner))
    }

    fn create_proof<'com, E, T, R, I>(&self, rng: R, transcript: &mut T, queries: I) -> io::Result<()>
    where
        E: EncodedChallenge<G1Affine>,
        T: TranscriptWrite<G1Affine, E>,
        I: IntoIterator<Item = ProverQuery<'com, G1Affine>> + Clone,
        R: RngCore,
    {
        <ProverSHPLONK<'_, Bn256> as Prover<'_, KZGCommitmentScheme<Bn256>>>::create_proof(
            &self.0, rng, transcript, queries,
        )
    }
}
