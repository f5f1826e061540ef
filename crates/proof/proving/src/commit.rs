//! The polynomial commitment scheme: KZG over BN254, with a multi-scalar multiplication that knows that most of a witness is small.
//!
//! It is halo2's KZG in everything but the time that [`msm`] takes; halo2's key generation commits with it, too.

mod groups;
mod msm;
#[cfg(test)]
mod tests;

use std::{fmt, io};

use halo2_proofs::{
    halo2curves::{
        bn256::{Bn256, Fr, G1, G1Affine},
        group::Group,
    },
    poly::{
        LagrangeCoeff, Polynomial,
        commitment::{Blind, Params, ParamsProver},
        kzg::{commitment::ParamsKZG, msm::MSMKZG},
    },
};
pub use msm::msm;

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

    /// The commitment to the polynomial with these values.
    pub(crate) fn commit_values(&self, values: &[Fr]) -> G1 {
        msm(values, &self.lagrange)
    }

    /// The commitment to the polynomial with these coefficients.
    pub(crate) fn commit_coefficients(&self, poly: &[Fr]) -> G1 {
        msm(poly, self.inner.get_g())
    }

    /// The points in the Lagrange basis.
    pub fn lagrange(&self) -> &[G1Affine] {
        &self.lagrange
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
