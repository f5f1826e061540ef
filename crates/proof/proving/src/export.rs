//! Export of a halo2 verifying key to the self-describing [`VerifierKey`].
//!
//! Everything is read from halo2's public interface: `VerifyingKey::{cs, fixed_commitments, permutation,
//! transcript_repr, get_domain}`, the getters of `ConstraintSystem`, and `ParamsKZG`. A query in a gate's expression
//! says its column and rotation, but not its (private) index in the list of evaluations; the index is found again in
//! `cs.advice_queries()` and its like, where each pair occurs once.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::collections::HashMap;

use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::PrimeField;
use halo2_proofs::halo2curves::group::GroupEncoding;
use halo2_proofs::plonk::{Any, Column, ColumnType, ConstraintSystem, Expression, VerifyingKey};
use halo2_proofs::poly::Rotation;
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use thiserror::Error;
use vouch_verifier::{
    ColumnKind, ColumnQuery, ColumnRef, CommittedWeights, GateBuilder, Gates, KeyDescription, KeyError, Node, NodeId,
    Schema, SrsKind, VerifierKey,
};

#[cfg(test)]
mod tests;

/// What a verifying key says beyond halo2's.
#[derive(Debug, Clone)]
pub struct KeyMeta {
    /// Hash of the reference string.
    pub srs_identity: [u8; 32],
    /// Where the reference string comes from.
    pub srs_kind: SrsKind,
    /// The tensors in the instance column.
    pub schema: Schema,
    /// Hash of the integer program that the circuit proves.
    pub program_digest: [u8; 32],
    /// How the circuit is laid out, as JSON.
    pub layout: String,
    /// Number of values in the instance column.
    pub instance_len: usize,
    /// Commitments to weights that are not columns of the circuit.
    pub weights: Option<CommittedWeights>,
}

/// Why a halo2 key cannot be exported.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ExportError {
    /// The circuit uses halo2's lookup argument, which the key format does not have.
    #[error("expected a circuit without halo2 lookup arguments, got {got}")]
    Lookups { got: usize },
    /// The circuit has another number of instance columns than one.
    #[error("expected 1 instance column, got {got}")]
    InstanceColumns { got: usize },
    /// A gate still has a selector: the constraint system is not that of a generated key.
    #[error("gate {gate}: expected selectors to be replaced by fixed columns, got selector {selector}")]
    Selector { gate: String, selector: usize },
    /// A gate has a cell that is not among the queries.
    #[error("gate {gate}: no query of {kind:?} column {column} at rotation {rotation}")]
    Query { gate: String, kind: ColumnKind, column: usize, rotation: i32 },
    /// The degree changed after key generation, which happens if the environment variable `MAX_DEGREE`, which halo2
    /// reads, did.
    #[error("degree: the key was generated with {expected}, the constraint system now says {got}")]
    Degree { expected: usize, got: usize },
    /// The reference string does not start with the generator of G1.
    #[error("the reference string does not start with the standard generator of G1")]
    Generator,
    /// The key has more rows than the reference string has powers.
    #[error("expected a reference string of at least 2^{expected} powers, got 2^{got}")]
    ReferenceString { expected: u32, got: u32 },
    /// A number does not fit the key format.
    #[error("{what}: {got} does not fit 32 bits")]
    Number { what: &'static str, got: usize },
    /// The result is not a valid key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Converts a halo2 verifying key, made by `keygen_vk` with `params`.
///
/// # Errors
/// [`ExportError`] if the circuit has what the format has not, or the result is no valid key.
pub fn export_key(
    vk: &VerifyingKey<G1Affine>,
    params: &ParamsKZG<Bn256>,
    meta: KeyMeta,
) -> Result<VerifierKey, ExportError> {
    Ok(VerifierKey::new(describe_key(vk, params, meta)?)?)
}

/// The contents of the key, not yet checked.
pub(crate) fn describe_key(
    vk: &VerifyingKey<G1Affine>,
    params: &ParamsKZG<Bn256>,
    meta: KeyMeta,
) -> Result<KeyDescription, ExportError> {
    let cs = vk.cs();
    if !cs.lookups().is_empty() {
        return Err(ExportError::Lookups { got: cs.lookups().len() });
    }
    if cs.num_instance_columns() != 1 {
        return Err(ExportError::InstanceColumns { got: cs.num_instance_columns() });
    }
    let degree = vk.get_domain().get_quotient_poly_degree().saturating_add(1);
    if degree != cs.degree() {
        return Err(ExportError::Degree { expected: degree, got: cs.degree() });
    }
    let k = vk.get_domain().k();
    let powers = params.get_g();
    if powers.first() != Some(&G1Affine::generator()) {
        return Err(ExportError::Generator);
    }
    let got = powers.len().ilog2();
    if got < k {
        return Err(ExportError::ReferenceString { expected: k, got });
    }

    let mut description = describe_circuit(cs, params, k, meta)?;
    description.transcript_repr = vk.transcript_repr().to_repr();
    description.fixed_commitments = vk.fixed_commitments().iter().map(compressed).collect();
    description.permutation_commitments = vk.permutation().commitments().iter().map(compressed).collect();
    Ok(description)
}

/// What a key with 2^k rows says of a circuit before anything is computed: all but commitments and halo2's digest of them.
pub(crate) fn describe_circuit(
    cs: &ConstraintSystem<Fr>,
    params: &ParamsKZG<Bn256>,
    k: u32,
    meta: KeyMeta,
) -> Result<KeyDescription, ExportError> {
    let advice_queries = queries(cs.advice_queries())?;
    let fixed_queries = queries(cs.fixed_queries())?;
    let instance_queries = queries(cs.instance_queries())?;
    let gates = gates(cs, [&advice_queries, &fixed_queries, &instance_queries])?;

    let permutation_columns = cs
        .permutation()
        .get_columns()
        .iter()
        .map(|column| {
            let kind = match column.column_type() {
                Any::Advice(_) => ColumnKind::Advice,
                Any::Fixed => ColumnKind::Fixed,
                Any::Instance => ColumnKind::Instance,
            };
            Ok(ColumnRef { kind, index: number("permutation column", column.index())? })
        })
        .collect::<Result<_, ExportError>>()?;

    Ok(KeyDescription {
        srs_kind: meta.srs_kind,
        srs_identity: meta.srs_identity,
        program_digest: meta.program_digest,
        transcript_repr: [0; 32],
        g2: compressed(&params.g2()),
        s_g2: compressed(&params.s_g2()),
        k,
        instance_len: number("instance length", meta.instance_len)?,
        degree: number("degree", cs.degree())?,
        blinding_factors: number("blinding factors", cs.blinding_factors())?,
        advice_phases: cs.advice_column_phase(),
        challenge_phases: cs.challenge_phase(),
        advice_queries,
        fixed_queries,
        instance_queries,
        permutation_columns,
        fixed_commitments: Vec::new(),
        permutation_commitments: Vec::new(),
        gates,
        schema: meta.schema,
        layout: meta.layout,
        weights: meta.weights,
        evm: None,
    })
}

/// The gates of a constraint system, given its queries of advice, fixed and instance columns.
fn gates(cs: &ConstraintSystem<Fr>, queries: [&[ColumnQuery]; 3]) -> Result<Gates, ExportError> {
    let kinds = [ColumnKind::Advice, ColumnKind::Fixed, ColumnKind::Instance];
    let mut converter = Converter {
        builder: GateBuilder::new(),
        indices: kinds
            .into_iter()
            .zip(queries)
            .flat_map(|(kind, queries)| queries.iter().zip(0..).map(move |(&query, index)| ((kind, query), index)))
            .collect(),
        gate: "",
    };
    for gate in cs.gates() {
        converter.gate = gate.name();
        for polynomial in gate.polynomials() {
            let node = converter.convert(polynomial)?;
            converter.builder.gate(node);
        }
    }
    Ok(converter.builder.finish())
}

fn number(what: &'static str, got: usize) -> Result<u32, ExportError> {
    u32::try_from(got).map_err(|_| ExportError::Number { what, got })
}

fn compressed<const N: usize, P: GroupEncoding>(point: &P) -> [u8; N] {
    let bytes = point.to_bytes();
    std::array::from_fn(|i| bytes.as_ref()[i])
}

fn queries<C: ColumnType>(queries: &[(Column<C>, Rotation)]) -> Result<Vec<ColumnQuery>, ExportError> {
    queries
        .iter()
        .map(|(column, rotation)| {
            Ok(ColumnQuery { column: number("column of a query", column.index())?, rotation: rotation.0 })
        })
        .collect()
}

/// Converts expressions to nodes.
struct Converter<'a> {
    builder: GateBuilder,
    indices: HashMap<(ColumnKind, ColumnQuery), u32>,
    gate: &'a str,
}

impl Converter<'_> {
    fn convert(&mut self, expression: &Expression<Fr>) -> Result<NodeId, ExportError> {
        let node = match expression {
            Expression::Constant(value) => Node::Constant(value.to_repr()),
            Expression::Selector(selector) => {
                return Err(ExportError::Selector { gate: self.gate.to_owned(), selector: selector.index() });
            }
            Expression::Fixed(query) => {
                Node::Fixed(self.index(ColumnKind::Fixed, query.column_index(), query.rotation())?)
            }
            Expression::Advice(query) => {
                Node::Advice(self.index(ColumnKind::Advice, query.column_index(), query.rotation())?)
            }
            Expression::Instance(query) => {
                Node::Instance(self.index(ColumnKind::Instance, query.column_index(), query.rotation())?)
            }
            Expression::Challenge(challenge) => Node::Challenge(number("challenge", challenge.index())?),
            Expression::Negated(a) => Node::Negated(self.convert(a)?),
            Expression::Sum(a, b) => Node::Sum(self.convert(a)?, self.convert(b)?),
            Expression::Product(a, b) => Node::Product(self.convert(a)?, self.convert(b)?),
            Expression::Scaled(a, factor) => {
                let a = self.convert(a)?;
                Node::Product(a, self.builder.node(Node::Constant(factor.to_repr())))
            }
        };
        Ok(self.builder.node(node))
    }

    fn index(&self, kind: ColumnKind, column: usize, rotation: Rotation) -> Result<u32, ExportError> {
        let query = ColumnQuery { column: number("column of a query", column)?, rotation: rotation.0 };
        self.indices.get(&(kind, query)).copied().ok_or_else(|| ExportError::Query {
            gate: self.gate.to_owned(),
            kind,
            column,
            rotation: rotation.0,
        })
    }
}
