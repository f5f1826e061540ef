//! A halo2 prover: the same proofs as `halo2_proofs::plonk::create_proof`, for circuits without halo2's own lookups.
//!
//! The transcript is halo2's, step by step, so that halo2's verifier and this project's accept what it makes. What differs is how: columns come from the
//! witness without a pass through halo2's assignment; transforms, constraints and linear combinations work on eight elements at once ([`crate::packed`]);
//! and openings combine each set of polynomials once.
//!
//! Zero-knowledge is halo2's: the last rows of every advice column and every permutation product are random, and a random polynomial hides the
//! combination of the quotient's pieces.

mod block;
#[cfg(test)]
mod cancelling_lanes;
#[cfg(test)]
mod direct;
mod formula;
mod grouped;
pub(crate) mod hiding;
mod open;
mod poly;
mod quotient;
#[cfg(test)]
mod tests;

use ff::BatchInvert;
use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1, G1Affine},
        ff::Field,
        group::Curve,
    },
    plonk::{Circuit, ConstraintSystem, ProvingKey},
    transcript::{Challenge255, TranscriptWrite},
};
use rayon::prelude::*;
use vouch_circuit::{ModelCircuit, ModelConfig, chips::matrix::WeightColumns};
use vouch_verifier::{GroupMember, GroupTime};

use self::{
    block::Block,
    formula::CompiledExpression,
    open::{Opened, open},
    poly::{Domain, combine, evaluate, points},
    quotient::{Combine, ROWS, quotient, ratios},
};
use crate::{
    ProvingError,
    commit::KzgParams,
    error::halo2,
    evm::{Evm, interleave, own},
    random::fill_random,
    stage,
    weights::{self, Blinding},
};

/// Writes the proof of a circuit's witness into a transcript, which has absorbed the statement. `blinding`: that of the weights, if they are private.
pub(crate) fn create_proof<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    params: &KzgParams,
    pk: &ProvingKey<G1Affine>,
    circuit: ModelCircuit,
    blinding: Option<&Blinding>,
    evm: Option<&Evm>,
    transcript: &mut T,
) -> Result<(), ProvingError> {
    let link = create_circuit_proof(params, pk, circuit, &ModelCircuit::second_phase, evm, transcript)?;
    match blinding {
        Some(blinding) => weights::prove(params, blinding, &link.combined, link.mu, transcript),
        None => Ok(()),
    }
}

/// What the part of a proof about the circuit leaves for the part about private weights.
struct Link {
    /// The random last rows of the lanes' columns of combined weights.
    combined: Vec<Vec<Fr>>,
    mu: Fr,
}

/// The second phase's columns, for the challenges after the first.
type SecondPhase<'a> = dyn Fn(&ModelCircuit, &ModelConfig, &[Fr]) -> vouch_circuit::Columns + 'a;

/// Writes the part of a proof about the circuit.
fn create_circuit_proof<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    params: &KzgParams,
    pk: &ProvingKey<G1Affine>,
    circuit: ModelCircuit,
    second_phase: &SecondPhase<'_>,
    evm: Option<&Evm>,
    transcript: &mut T,
) -> Result<Link, ProvingError> {
    let vk = pk.get_vk();
    let cs = vk.cs();
    if !cs.lookups().is_empty() || cs.num_instance_columns() != 1 {
        return Err(ProvingError::Halo2("the circuit is not one of this prover".to_owned()));
    }
    let mut prover = Prover { params, pk, cs, domain: Domain::new(vk.get_domain().k()), evm, transcript };
    if evm.is_none() {
        vk.hash_into(prover.transcript).map_err(halo2)?;
    }
    stage("committing to the values")?;
    let instance = prover.instance(circuit.instance().unwrap_or(&[]))?;
    let (advice, challenges) = prover.advice(&circuit, second_phase)?;
    let config = ModelConfig::configure(&mut ConstraintSystem::default(), &circuit.params());
    // The columns have its values.
    drop(circuit);
    let blinded = prover.domain.n - cs.blinding_factors() - 1;
    let combined = config.weights().filter_map(WeightColumns::private);
    let combined: Vec<Vec<Fr>> = combined.map(|column| advice[column.index()][blinded..].to_vec()).collect();
    if evm.is_none() {
        // halo2 draws θ for its lookups even where there are none.
        let _theta = prover.challenge();
    }
    let (beta, gamma) = (prover.challenge(), prover.challenge());
    let c = Combine { beta, gamma, y: Fr::zero() };
    stage("linking the cells")?;
    let products = prover.products(&instance, &advice, &c)?;
    let mut random = vec![Fr::zero(); if evm.is_some() { 0 } else { prover.domain.n }];
    fill_random(&mut random);
    if evm.is_none() {
        prover.commit_coefficients(&[&random])?;
    }
    let c = Combine { y: prover.challenge(), ..c };
    stage("dividing the constraints")?;
    let all = prover.interpolated(std::iter::once(instance).chain(advice).chain(products).collect())?;
    let all = all.columns();
    let (advice, products) = all[1..].split_at(cs.num_advice_columns());
    let pieces = prover.pieces(all[0], advice, products, &challenges, &c)?;
    let whole = match evm {
        Some(evm) => {
            let whole = pieces.concat();
            prover.write_affine(evm.commit(&whole))?;
            whole
        }
        None => {
            prover.commit_coefficients(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
            Vec::new()
        }
    };
    let x = prover.challenge();
    let xn = x.pow_vartime([prover.domain.n as u64]);
    let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |p| Some(*p * xn)).take(pieces.len()).collect();
    let h = match evm {
        Some(_) => whole,
        None => combine(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>(), &powers),
    };
    drop(pieces);
    stage("opening the commitments")?;
    let opened = prover.evaluations(x, advice, products, &random, &h)?;
    match evm {
        Some(evm) => {
            let poly = |member| match member {
                GroupMember::Advice(column) => advice[column],
                GroupMember::Product(product) => products[product],
                GroupMember::Quotient => h.as_slice(),
                GroupMember::Fixed(_) | GroupMember::Sigma(_) => own(pk, member),
            };
            grouped::open(evm, &prover.domain, x, &opened, poly, prover.transcript)?;
        }
        None => open(params, &prover.domain, x, &opened, prover.transcript)?,
    }
    Ok(Link { combined, mu: challenges[config.mu.index()] })
}

/// The coefficients of all columns in the order of [`quotient::Places`], up to `l_active`.
fn in_places<'a>(
    pk: &'a ProvingKey<G1Affine>,
    instance: &'a [Fr],
    advice: &[&'a [Fr]],
    products: &[&'a [Fr]],
) -> Vec<&'a [Fr]> {
    let mut polys: Vec<&[Fr]> = vec![instance];
    polys.extend(advice);
    polys.extend(pk.fixed_polys().iter().map(|p| &p[..]));
    polys.extend(pk.permutation().polys().iter().map(|p| &p[..]));
    polys.extend(products);
    polys.extend([pk.l0(), pk.l_last(), pk.l_active_row()].map(|p| &p[..]));
    polys
}

struct Prover<'a, T> {
    params: &'a KzgParams,
    pk: &'a ProvingKey<G1Affine>,
    cs: &'a ConstraintSystem<Fr>,
    domain: Domain,
    evm: Option<&'a Evm>,
    transcript: &'a mut T,
}

impl<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>> Prover<'_, T> {
    fn challenge(&mut self) -> Fr {
        *self.transcript.squeeze_challenge_scalar::<()>()
    }

    fn write_points(&mut self, points: &[G1]) -> Result<(), ProvingError> {
        let mut affine = vec![G1Affine::default(); points.len()];
        G1::batch_normalize(points, &mut affine);
        affine.into_iter().try_for_each(|p| self.transcript.write_point(p).map_err(halo2))
    }

    fn write_affine(&mut self, point: G1Affine) -> Result<(), ProvingError> {
        self.transcript.write_point(point).map_err(halo2)
    }

    /// Commits to the groups of a time, of columns of values.
    fn commit_groups<'b>(
        &mut self,
        evm: &Evm,
        time: GroupTime,
        values: impl Fn(GroupMember) -> &'b [Fr] + Sync,
    ) -> Result<(), ProvingError> {
        for group in evm.at(time) {
            let polys: Vec<Vec<Fr>> =
                group.members.par_iter().map(|member| self.domain.coefficients(values(*member))).collect();
            let polys: Vec<&[Fr]> = polys.iter().map(Vec::as_slice).collect();
            self.write_affine(evm.commit(&interleave(&polys)))?;
        }
        Ok(())
    }

    fn commit_values(&mut self, columns: &[&[Fr]]) -> Result<(), ProvingError> {
        let points: Vec<G1> = columns.par_iter().map(|c| self.params.commit_values(c)).collect();
        self.write_points(&points)
    }

    fn commit_coefficients(&mut self, polys: &[&[Fr]]) -> Result<(), ProvingError> {
        let points: Vec<G1> = polys.par_iter().map(|p| self.params.commit_coefficients(p)).collect();
        self.write_points(&points)
    }

    /// Absorbs the public values and pads them to a column.
    fn instance(&mut self, values: &[Fr]) -> Result<Vec<Fr>, ProvingError> {
        if values.len() + self.cs.blinding_factors() + 1 > self.domain.n {
            return Err(halo2("too many public values"));
        }
        if self.evm.is_none() {
            values.iter().try_for_each(|v| self.transcript.common_scalar(*v).map_err(halo2))?;
        }
        let mut column = values.to_vec();
        column.resize(self.domain.n, Fr::zero());
        Ok(column)
    }

    /// All advice columns and the challenges between their phases. A virtual column is not committed, and has no random rows: it
    /// is the combination of the key's weight columns, which are zero there.
    fn advice(
        &mut self,
        circuit: &ModelCircuit,
        second_phase: &SecondPhase<'_>,
    ) -> Result<(Vec<Vec<Fr>>, Vec<Fr>), ProvingError> {
        let config = ModelConfig::configure(&mut ConstraintSystem::default(), &circuit.params());
        let (n, usable) = (self.domain.n, self.domain.n - self.cs.blinding_factors() - 1);
        let mut columns: Vec<Vec<Fr>> = vec![Vec::new(); self.cs.num_advice_columns()];
        let virtual_columns: Vec<usize> =
            config.weights().filter_map(|weights| Some(weights.virtual_column()?.index())).collect();
        let mut challenges = vec![Fr::zero(); self.cs.num_challenges()];
        let (of_column, of_challenge) = (self.cs.advice_column_phase(), self.cs.challenge_phase());
        for phase in 0..=of_column.iter().copied().max().unwrap_or(0) {
            let values =
                if phase == 0 { circuit.first_phase(&config) } else { second_phase(circuit, &config, &challenges) };
            for (column, values) in values {
                columns[column.index()] = values;
            }
            let mut committed: Vec<&[Fr]> = Vec::new();
            for (i, column) in columns.iter_mut().enumerate().filter(|(i, _)| of_column[*i] == phase) {
                column.resize(n, Fr::zero());
                if !virtual_columns.contains(&i) {
                    fill_random(&mut column[usable..]);
                    committed.push(column);
                }
            }
            match self.evm {
                Some(evm) => self.commit_groups(evm, GroupTime::Phase(phase), |member| match member {
                    GroupMember::Advice(column) => &columns[column],
                    _ => &[],
                })?,
                None => self.commit_values(&committed)?,
            }
            for (challenge, _) in challenges.iter_mut().zip(&of_challenge).filter(|(_, p)| **p == phase) {
                *challenge = *self.transcript.squeeze_challenge_scalar::<()>();
            }
        }
        Ok((columns, challenges))
    }

    /// The running products of the permutation argument.
    fn products(&mut self, instance: &[Fr], advice: &[Vec<Fr>], c: &Combine) -> Result<Vec<Vec<Fr>>, ProvingError> {
        let n = self.domain.n;
        let programs = ratios(self.cs, c);
        let mut x = vec![Fr::zero(); n];
        points(Fr::one(), self.domain.omega, &mut x);
        let mut columns: Vec<&[Fr]> = vec![instance];
        columns.extend(advice.iter().map(Vec::as_slice));
        columns.extend(self.pk.fixed_values().iter().map(|p| &p[..]));
        columns.extend(self.pk.permutation().permutations().iter().map(|p| &p[..]));
        // The products themselves and the Lagrange polynomials are not used; the last column is X.
        columns.extend((0..programs.len() + 4).map(|_| x.as_slice()));
        let blinding = self.cs.blinding_factors();
        let mut products: Vec<Vec<Fr>> = programs
            .par_iter()
            .map(|(above, below)| {
                let rows = |expression: &CompiledExpression| {
                    let mut out = vec![Fr::zero(); n];
                    out.par_chunks_mut(ROWS)
                        .enumerate()
                        .for_each(|(i, out)| expression.evaluate(&columns, i * ROWS, out));
                    out
                };
                let (above, mut below) = (rows(above), rows(below));
                below.iter_mut().batch_invert();
                let mut product = Fr::one();
                for (z, above) in below.iter_mut().zip(&above) {
                    let step = *above * *z;
                    *z = product;
                    product *= step;
                }
                below
            })
            .collect();
        let mut start = Fr::one();
        for z in &mut products {
            if start != Fr::one() {
                z.iter_mut().for_each(|v| *v *= start);
            }
            start = z[n - blinding - 1];
            fill_random(&mut z[n - blinding..]);
        }
        match self.evm {
            Some(evm) => self.commit_groups(evm, GroupTime::Products, |member| match member {
                GroupMember::Product(product) => &products[product],
                _ => &[],
            })?,
            None => self.commit_values(&products.iter().map(Vec::as_slice).collect::<Vec<_>>())?,
        }
        Ok(products)
    }

    /// Coefficients of columns, each of which is dropped when it is done.
    fn interpolated(&self, columns: Vec<Vec<Fr>>) -> Result<Block, ProvingError> {
        let mut block = Block::new(columns.len(), self.domain.n)?;
        let domain = &self.domain;
        columns.into_par_iter().zip(block.columns_mut()).for_each(|(v, to)| domain.interpolate(&v, to));
        Ok(block)
    }

    /// The pieces of the quotient.
    fn pieces(
        &self,
        instance: &[Fr],
        advice: &[&[Fr]],
        products: &[&[Fr]],
        challenges: &[Fr],
        c: &Combine,
    ) -> Result<Vec<Vec<Fr>>, ProvingError> {
        quotient(self.cs, &self.domain, &in_places(self.pk, instance, advice, products), challenges, c)
    }

    /// Writes all evaluations that the verifier needs, and says what is to be opened.
    fn evaluations<'b>(
        &mut self,
        x: Fr,
        advice: &[&'b [Fr]],
        products: &[&'b [Fr]],
        random: &'b [Fr],
        h: &'b [Fr],
    ) -> Result<Vec<Opened<'b>>, ProvingError>
    where
        Self: 'b,
    {
        let pk = self.pk;
        let last = -(self.cs.blinding_factors() as i32 + 1);
        // In the order of the transcript.
        let mut queries: Vec<(&[Fr], i32)> = Vec::new();
        queries.extend(self.cs.advice_queries().iter().map(|(c, r)| (advice[c.index()], r.0)));
        let fixed = queries.len();
        queries.extend(self.cs.fixed_queries().iter().map(|(c, r)| (&pk.fixed_polys()[c.index()][..], r.0)));
        let at_random = queries.len();
        if self.evm.is_none() {
            queries.push((random, 0));
        }
        let at_sigmas = queries.len();
        queries.extend(pk.permutation().polys().iter().map(|p| (&p[..], 0)));
        let at_products = queries.len();
        for (i, z) in products.iter().enumerate() {
            queries.extend([(*z, 0), (z, 1)]);
            if i + 1 < products.len() {
                queries.push((z, last));
            }
        }
        let written = queries.len();
        queries.push((h, 0));
        let values: Vec<Fr> = queries.par_iter().map(|(p, r)| evaluate(p, &self.domain.rotate(x, *r))).collect();
        values[..written].iter().try_for_each(|v| self.transcript.write_scalar(*v).map_err(halo2))?;
        // In the order of the opening.
        let mut opened: Vec<Opened<'_>> = Vec::new();
        let order = (0..fixed)
            .chain(at_products..written)
            .chain(fixed..at_random)
            .chain(at_sigmas..at_products)
            .chain([written])
            .chain(at_random..at_sigmas);
        for i in order {
            let (poly, rotation) = queries[i];
            let known = opened.iter_mut().find(|o| std::ptr::eq(o.poly, poly));
            match known {
                Some(o) => o.at.push((rotation, values[i])),
                None => opened.push(Opened { poly, at: vec![(rotation, values[i])] }),
            }
        }
        for o in &mut opened {
            o.at.sort_unstable_by_key(|(rotation, _)| *rotation);
        }
        Ok(opened)
    }
}
