//! The binary form of a verifying key.
//!
//! Fixed-width fields first (magic, version, kind of setup, identities, G2 points), then numbers in LEB128, then lists
//! with their lengths in LEB128. An operand of a node is written as its distance, so that near ones take one byte.

use vouch_envelope::{Reader, Writer};
use vouch_schema::num::wide;

use super::constant::Form;
use super::{
    ColumnKind, ColumnQuery, ColumnRef, CommittedWeights, EvmProfile, Gates, KeyDescription, Node, NodeId, SrsKind,
    WeightLane, schema,
};
use crate::error::KeyError;

/// First bytes of a verifying key.
pub const KEY_MAGIC: [u8; 8] = *b"VOUCHVK\0";
/// Newest version of the format that this crate reads and writes. Version 2 has a visibility for each tensor, version 3 also
/// commitments to private weights, version 4 commitments to fixed weights instead. A key is written in the oldest version that
/// has a place for everything in it.
pub const KEY_VERSION: u16 = 4;
/// Added to the version of a key of the evm profile, which says of the profile what follows everything else.
const EVM_PROFILE: u16 = 0x100;
/// Version with private weights.
const PRIVATE_VERSION: u16 = 3;
/// Version with visibilities and with weights in fixed columns.
const HIDDEN_VERSION: u16 = 2;
/// Version without either.
const PUBLIC_VERSION: u16 = 1;

const MAX_COLUMNS: usize = 1 << 12;
const MAX_QUERIES: usize = 1 << 12;
const MAX_NODES: usize = 1 << 18;
const MAX_LAYOUT: usize = 1 << 16;

mod code {
    pub(super) const SMALL: u8 = 0;
    pub(super) const POWER: u8 = 1;
    pub(super) const NEGATIVE_POWER: u8 = 2;
    pub(super) const FULL: u8 = 3;
    pub(super) const FIXED: u8 = 4;
    pub(super) const ADVICE: u8 = 5;
    pub(super) const INSTANCE: u8 = 6;
    pub(super) const CHALLENGE: u8 = 7;
    pub(super) const NEGATED: u8 = 8;
    pub(super) const SUM: u8 = 9;
    pub(super) const DIFFERENCE: u8 = 10;
    pub(super) const PRODUCT: u8 = 11;
}

/// Whether bytes that start as a verifying key does are of the evm profile, whose proofs a contract on Ethereum checks
/// (docs/evm.md). Nothing else of them is read.
pub fn has_evm_profile(key: &[u8]) -> bool {
    let version = key.strip_prefix(&KEY_MAGIC).and_then(|rest| rest.first_chunk());
    version.is_some_and(|version| u16::from_le_bytes(*version) & EVM_PROFILE != 0)
}

pub(crate) fn encode(key: &KeyDescription) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.raw(&KEY_MAGIC);
    let version = match (&key.weights, key.schema.is_public()) {
        (Some(weights), _) if weights.is_private() => PRIVATE_VERSION,
        (Some(_), _) => KEY_VERSION,
        (None, false) => HIDDEN_VERSION,
        (None, true) => PUBLIC_VERSION,
    };
    writer.u16(version | if key.evm.is_some() { EVM_PROFILE } else { 0 });
    writer.u8(match key.srs_kind {
        SrsKind::Development => 0,
        SrsKind::Ceremony => 1,
    });
    for digest in [&key.srs_identity, &key.program_digest, &key.transcript_repr] {
        writer.raw(digest);
    }
    writer.raw(&key.g2);
    writer.raw(&key.s_g2);
    for number in [key.k, key.instance_len, key.degree, key.blinding_factors] {
        writer.varint(u64::from(number));
    }
    for phases in [&key.advice_phases, &key.challenge_phases] {
        writer.count(phases.len());
        writer.raw(phases);
    }
    for queries in [&key.advice_queries, &key.fixed_queries, &key.instance_queries] {
        writer.count(queries.len());
        for query in queries {
            writer.varint(u64::from(query.column));
            writer.zigzag(i64::from(query.rotation));
        }
    }
    writer.count(key.permutation_columns.len());
    for column in &key.permutation_columns {
        writer.u8(match column.kind {
            ColumnKind::Advice => 0,
            ColumnKind::Fixed => 1,
            ColumnKind::Instance => 2,
        });
        writer.varint(u64::from(column.index));
    }
    for commitments in [&key.fixed_commitments, &key.permutation_commitments] {
        writer.count(commitments.len());
        commitments.iter().for_each(|commitment| writer.raw(commitment));
    }
    encode_gates(&mut writer, &key.gates);
    schema::write(&key.schema, &mut writer, version > PUBLIC_VERSION);
    writer.string(&key.layout);
    if let Some(weights) = &key.weights {
        encode_weights(&mut writer, weights);
    }
    if let Some(evm) = &key.evm {
        writer.varint(u64::from(evm.group));
        writer.varint(u64::from(evm.fixed_columns));
    }
    writer.into_bytes()
}

fn encode_weights(writer: &mut Writer, weights: &CommittedWeights) {
    writer.varint(u64::from(weights.challenge));
    writer.count(weights.lanes.len());
    for lane in &weights.lanes {
        writer.varint(u64::from(lane.combined));
        writer.count(lane.commitments.len());
        lane.commitments.iter().for_each(|commitment| writer.raw(commitment));
    }
    if weights.is_private() {
        writer.count(weights.blinding_rows.len());
        weights.blinding_rows.iter().for_each(|row| writer.raw(row));
    }
}

fn decode_weights(reader: &mut Reader<'_>, private: bool) -> Result<CommittedWeights, KeyError> {
    let challenge = reader.varint_u32()?;
    let count = reader.count("lanes of committed weights", MAX_COLUMNS, 2)?;
    let lanes = (0..count)
        .map(|_| {
            let combined = reader.varint_u32()?;
            Ok(WeightLane { combined, commitments: decode_commitments(reader, "weight columns of a lane")? })
        })
        .collect::<Result<_, KeyError>>()?;
    let what = "blinding rows of private weights";
    let blinding_rows = if private { decode_commitments(reader, what)? } else { Vec::new() };
    if private && blinding_rows.is_empty() {
        return Err(KeyError::Range { what, min: 1, max: wide(MAX_COLUMNS), got: 0 });
    }
    Ok(CommittedWeights { challenge, lanes, blinding_rows })
}

fn encode_gates(writer: &mut Writer, gates: &Gates) {
    writer.count(gates.nodes.len());
    for (position, node) in (0..=NodeId::MAX).zip(&gates.nodes) {
        let distance = |operand: NodeId| u64::from(position.abs_diff(operand));
        let (code, leaf) = match *node {
            Node::Constant(bytes) => {
                let form = Form::of(&bytes);
                writer.u8(match form {
                    Form::Small(_) => code::SMALL,
                    Form::PowerOfTwo(_) => code::POWER,
                    Form::NegativePowerOfTwo(_) => code::NEGATIVE_POWER,
                    Form::Full(_) => code::FULL,
                });
                form.write(writer);
                continue;
            }
            Node::Fixed(index) => (code::FIXED, Some(index)),
            Node::Advice(index) => (code::ADVICE, Some(index)),
            Node::Instance(index) => (code::INSTANCE, Some(index)),
            Node::Challenge(index) => (code::CHALLENGE, Some(index)),
            Node::Negated(_) => (code::NEGATED, None),
            Node::Sum(..) => (code::SUM, None),
            Node::Difference(..) => (code::DIFFERENCE, None),
            Node::Product(..) => (code::PRODUCT, None),
        };
        writer.u8(code);
        leaf.into_iter().for_each(|index| writer.varint(u64::from(index)));
        node.operands().for_each(|operand| writer.varint(distance(operand)));
    }
    writer.count(gates.polynomials.len());
    gates.polynomials.iter().for_each(|&id| writer.varint(u64::from(id)));
}

pub(crate) fn decode(bytes: &[u8]) -> Result<KeyDescription, KeyError> {
    let mut reader = Reader::new(bytes);
    let magic = reader.array()?;
    if magic != KEY_MAGIC {
        return Err(KeyError::Magic { expected: KEY_MAGIC, got: magic });
    }
    let got = reader.u16()?;
    let (version, evm) = (got & !EVM_PROFILE, got & EVM_PROFILE != 0);
    // The profile has no commitments to weights.
    let newest = if evm { HIDDEN_VERSION } else { KEY_VERSION };
    if !(PUBLIC_VERSION..=newest).contains(&version) {
        return Err(KeyError::Version { expected: KEY_VERSION, got });
    }
    let offset = reader.offset();
    let srs_kind = match reader.u8()? {
        0 => SrsKind::Development,
        1 => SrsKind::Ceremony,
        got => return Err(KeyError::Code { what: "kind of setup", offset, got }),
    };
    let key = KeyDescription {
        srs_kind,
        srs_identity: reader.array()?,
        program_digest: reader.array()?,
        transcript_repr: reader.array()?,
        g2: reader.array()?,
        s_g2: reader.array()?,
        k: reader.varint_u32()?,
        instance_len: reader.varint_u32()?,
        degree: reader.varint_u32()?,
        blinding_factors: reader.varint_u32()?,
        advice_phases: decode_phases(&mut reader, "advice columns")?,
        challenge_phases: decode_phases(&mut reader, "challenges")?,
        advice_queries: decode_queries(&mut reader, "advice queries")?,
        fixed_queries: decode_queries(&mut reader, "fixed queries")?,
        instance_queries: decode_queries(&mut reader, "instance queries")?,
        permutation_columns: decode_columns(&mut reader)?,
        fixed_commitments: decode_commitments(&mut reader, "fixed commitments")?,
        permutation_commitments: decode_commitments(&mut reader, "permutation commitments")?,
        gates: decode_gates(&mut reader)?,
        schema: schema::read(&mut reader, version > PUBLIC_VERSION)?,
        layout: reader.string("layout", MAX_LAYOUT)?.to_owned(),
        weights: match version {
            PUBLIC_VERSION | HIDDEN_VERSION => None,
            _ => Some(decode_weights(&mut reader, version == PRIVATE_VERSION)?),
        },
        evm: if evm {
            Some(EvmProfile { group: reader.varint_u32()?, fixed_columns: reader.varint_u32()? })
        } else {
            None
        },
    };
    reader.finish()?;
    Ok(key)
}

fn decode_phases(reader: &mut Reader<'_>, what: &'static str) -> Result<Vec<u8>, KeyError> {
    let count = reader.count(what, MAX_COLUMNS, 1)?;
    Ok(reader.take(count)?.to_vec())
}

fn decode_queries(reader: &mut Reader<'_>, what: &'static str) -> Result<Vec<ColumnQuery>, KeyError> {
    let count = reader.count(what, MAX_QUERIES, 2)?;
    (0..count).map(|_| Ok(ColumnQuery { column: reader.varint_u32()?, rotation: reader.zigzag_i32()? })).collect()
}

fn decode_columns(reader: &mut Reader<'_>) -> Result<Vec<ColumnRef>, KeyError> {
    let count = reader.count("permutation columns", MAX_COLUMNS, 2)?;
    (0..count)
        .map(|_| {
            let offset = reader.offset();
            let kind = match reader.u8()? {
                0 => ColumnKind::Advice,
                1 => ColumnKind::Fixed,
                2 => ColumnKind::Instance,
                got => return Err(KeyError::Code { what: "kind of column", offset, got }),
            };
            Ok(ColumnRef { kind, index: reader.varint_u32()? })
        })
        .collect()
}

fn decode_commitments(reader: &mut Reader<'_>, what: &'static str) -> Result<Vec<[u8; 32]>, KeyError> {
    let count = reader.count(what, MAX_COLUMNS, 32)?;
    (0..count).map(|_| reader.array().map_err(KeyError::from)).collect()
}

fn decode_gates(reader: &mut Reader<'_>) -> Result<Gates, KeyError> {
    let count = reader.count("nodes of gates", MAX_NODES, 2)?;
    let mut nodes = Vec::with_capacity(count);
    for position in 0..count {
        let offset = reader.offset();
        let code = reader.u8()?;
        let operand =
            |reader: &mut Reader<'_>| {
                let distance = reader.varint()?;
                let target = wide(position).checked_sub(distance);
                target
                    .filter(|_| distance > 0)
                    .and_then(|target| NodeId::try_from(target).ok())
                    .ok_or(KeyError::Index { what: "operand of node", position, limit: position, got: distance })
            };
        nodes.push(match code {
            code::SMALL => Node::Constant(Form::Small(reader.zigzag()?).to_bytes()),
            code::POWER => Node::Constant(Form::read_power(reader, Form::PowerOfTwo)?.to_bytes()),
            code::NEGATIVE_POWER => Node::Constant(Form::read_power(reader, Form::NegativePowerOfTwo)?.to_bytes()),
            code::FULL => Node::Constant(reader.array()?),
            code::FIXED => Node::Fixed(reader.varint_u32()?),
            code::ADVICE => Node::Advice(reader.varint_u32()?),
            code::INSTANCE => Node::Instance(reader.varint_u32()?),
            code::CHALLENGE => Node::Challenge(reader.varint_u32()?),
            code::NEGATED => Node::Negated(operand(reader)?),
            code::SUM => Node::Sum(operand(reader)?, operand(reader)?),
            code::DIFFERENCE => Node::Difference(operand(reader)?, operand(reader)?),
            code::PRODUCT => Node::Product(operand(reader)?, operand(reader)?),
            got => return Err(KeyError::Code { what: "kind of node", offset, got }),
        });
    }
    let count = reader.count("gates", MAX_NODES, 1)?;
    let polynomials = (0..count).map(|_| reader.varint_u32()).collect::<Result<_, _>>()?;
    Ok(Gates { nodes, polynomials })
}
