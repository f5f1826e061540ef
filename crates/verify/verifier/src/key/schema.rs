//! The checks and the bytes of a key's tensors.

use vouch_envelope::{MAX_VALUES, Reader, Section, Writer};
use vouch_schema::num::wide;
use vouch_schema::{Schema, TensorSpec, Visibility};

use super::fits;
use crate::error::KeyError;

const MAX_TENSORS: usize = 256;
const MAX_RANK: usize = 16;
const MAX_NAME: usize = 256;

/// Checks every tensor, and that the values fill `instance_len` cells.
pub(crate) fn check(schema: &Schema, instance_len: u32) -> Result<(), KeyError> {
    let mut cells = Some(0usize);
    for section in Section::ALL {
        for tensor in schema.section(section) {
            let name = || tensor.name.clone();
            if tensor.min > tensor.max {
                return Err(KeyError::Bounds { section, name: name(), min: tensor.min, max: tensor.max });
            }
            if !(tensor.scale.is_finite() && tensor.scale > 0.0) {
                return Err(KeyError::Scale { section, name: name(), got: tensor.scale });
            }
            if tensor.values().is_none() {
                return Err(KeyError::TooMany { what: "values of a tensor", limit: MAX_VALUES, got: tensor.size() });
            }
        }
        let got = schema.values(section);
        if got > MAX_VALUES {
            return Err(KeyError::TooMany { what: "values of a section", limit: MAX_VALUES, got });
        }
        cells = cells.and_then(|cells| cells.checked_add(got)?.checked_add(schema.hashes(section)));
    }
    let what = "instance length";
    let (expected, got) = (wide(fits(what, cells)?), u64::from(instance_len));
    if expected != got {
        return Err(KeyError::Mismatch { what, expected, got });
    }
    Ok(())
}

/// Writes the tensors; `hidden`: whether the key's version has visibilities.
pub(super) fn write(schema: &Schema, writer: &mut Writer, hidden: bool) {
    for tensors in [&schema.inputs, &schema.outputs] {
        writer.count(tensors.len());
        for tensor in tensors {
            writer.string(&tensor.name);
            writer.count(tensor.shape.len());
            tensor.shape.iter().for_each(|&axis| writer.varint(u64::from(axis)));
            writer.string(&tensor.unit);
            writer.u64(tensor.scale.to_bits());
            writer.zigzag(tensor.min);
            writer.zigzag(tensor.max);
            if hidden {
                writer.u8(match tensor.visibility {
                    Visibility::Public => 0,
                    Visibility::Hashed => 1,
                    Visibility::Private => 2,
                });
            }
        }
    }
}

/// Reads the tensors; `hidden`: whether the key's version has visibilities.
pub(super) fn read(reader: &mut Reader<'_>, hidden: bool) -> Result<Schema, KeyError> {
    Ok(Schema { inputs: read_tensors(reader, hidden)?, outputs: read_tensors(reader, hidden)? })
}

fn read_tensors(reader: &mut Reader<'_>, hidden: bool) -> Result<Vec<TensorSpec>, KeyError> {
    let count = reader.count("tensors", MAX_TENSORS, 13)?;
    let mut tensors = Vec::with_capacity(count);
    for _ in 0..count {
        let name = reader.string("tensor name", MAX_NAME)?.to_owned();
        let rank = reader.count("tensor axes", MAX_RANK, 1)?;
        let shape = (0..rank).map(|_| reader.varint_u32()).collect::<Result<_, _>>()?;
        let unit = reader.string("tensor unit", MAX_NAME)?.to_owned();
        let scale = f64::from_bits(reader.u64()?);
        let (min, max) = (reader.zigzag()?, reader.zigzag()?);
        let offset = reader.offset();
        let visibility = match if hidden { reader.u8()? } else { 0 } {
            0 => Visibility::Public,
            1 => Visibility::Hashed,
            2 => Visibility::Private,
            got => return Err(KeyError::Code { what: "visibility", offset, got }),
        };
        tensors.push(TensorSpec { name, shape, unit, scale, min, max, visibility });
    }
    Ok(tensors)
}
