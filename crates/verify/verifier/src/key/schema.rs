//! The tensors that a claim is about.

use vouch_envelope::{MAX_VALUES, Reader, Section, Writer};

use crate::error::KeyError;

const MAX_TENSORS: usize = 256;
const MAX_RANK: usize = 16;
const MAX_NAME: usize = 256;

/// What a proof shows of a tensor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Its values.
    #[default]
    Public,
    /// A salted hash of its values.
    Hashed,
    /// Nothing.
    Private,
}

impl Visibility {
    fn is_public(&self) -> bool {
        *self == Self::Public
    }
}

/// A tensor of integers, with the real numbers that they stand for.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TensorSpec {
    /// Name in the model.
    pub name: String,
    /// Length of each axis; values are in row-major order.
    pub shape: Vec<u32>,
    /// Unit of the real numbers, for people; may be empty.
    pub unit: String,
    /// A real number is an integer divided by this.
    pub scale: f64,
    /// Smallest integer allowed.
    pub min: i64,
    /// Largest integer allowed.
    pub max: i64,
    /// What a proof shows of it.
    #[serde(default, skip_serializing_if = "Visibility::is_public")]
    pub visibility: Visibility,
}

impl TensorSpec {
    /// Number of values, if it is not beyond the limit of an envelope.
    pub fn values(&self) -> Option<usize> {
        let product = self.shape.iter().try_fold(1u64, |product, &axis| product.checked_mul(u64::from(axis)));
        product.and_then(|count| usize::try_from(count).ok()).filter(|&count| count <= MAX_VALUES)
    }
}

/// The tensors of a model, in the order of the instance column: inputs, then outputs. A public tensor has a cell for each value there, a hashed one
/// has one for its hash, a private one has none.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Schema {
    /// What the model is given.
    pub inputs: Vec<TensorSpec>,
    /// What the model computes.
    pub outputs: Vec<TensorSpec>,
}

impl Schema {
    /// The tensors of a section.
    pub fn section(&self, section: Section) -> &[TensorSpec] {
        match section {
            Section::Inputs => &self.inputs,
            Section::Outputs => &self.outputs,
        }
    }

    /// The tensors of a section whose values are public, one for each value.
    pub(crate) fn per_value(&self, section: Section) -> impl Iterator<Item = &TensorSpec> {
        self.of(section, Visibility::Public)
            .flat_map(|tensor| std::iter::repeat_n(tensor, tensor.values().unwrap_or(0)))
    }

    /// The tensors of a section with a visibility.
    fn of(&self, section: Section, visibility: Visibility) -> impl Iterator<Item = &TensorSpec> {
        self.section(section).iter().filter(move |tensor| tensor.visibility == visibility)
    }

    /// Number of public values in a section.
    pub fn values(&self, section: Section) -> usize {
        self.of(section, Visibility::Public).filter_map(TensorSpec::values).fold(0, usize::saturating_add)
    }

    /// Number of hashes in a section.
    pub fn hashes(&self, section: Section) -> usize {
        self.of(section, Visibility::Hashed).count()
    }

    /// Whether all tensors are public.
    pub fn is_public(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).all(|tensor| tensor.visibility.is_public())
    }

    /// Checks every tensor, and that the values fill `instance_len` cells.
    pub(super) fn check(&self, instance_len: u32) -> Result<(), KeyError> {
        for section in [Section::Inputs, Section::Outputs] {
            for tensor in self.section(section) {
                let name = || tensor.name.clone();
                if tensor.min > tensor.max {
                    return Err(KeyError::Bounds { section, name: name(), min: tensor.min, max: tensor.max });
                }
                if !(tensor.scale.is_finite() && tensor.scale > 0.0) {
                    return Err(KeyError::Scale { section, name: name(), got: tensor.scale });
                }
                if tensor.values().is_none() {
                    let got = tensor.shape.iter().fold(1u64, |n, &axis| n.saturating_mul(u64::from(axis)));
                    let got = usize::try_from(got).unwrap_or(usize::MAX);
                    return Err(KeyError::TooMany { what: "values of a tensor", limit: MAX_VALUES, got });
                }
            }
            let got = self.values(section);
            if got > MAX_VALUES {
                return Err(KeyError::TooMany { what: "values of a section", limit: MAX_VALUES, got });
            }
        }
        let cells = [Section::Inputs, Section::Outputs]
            .into_iter()
            .flat_map(|section| [self.values(section), self.hashes(section)])
            .fold(0, usize::saturating_add);
        let expected = u64::try_from(cells).unwrap_or(u64::MAX);
        if expected != u64::from(instance_len) {
            return Err(KeyError::Mismatch { what: "instance length", expected, got: u64::from(instance_len) });
        }
        Ok(())
    }

    /// `hidden`: whether the key's version has visibilities.
    pub(super) fn write(&self, writer: &mut Writer, hidden: bool) {
        for tensors in [&self.inputs, &self.outputs] {
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

    pub(super) fn read(reader: &mut Reader<'_>, hidden: bool) -> Result<Self, KeyError> {
        Ok(Self { inputs: read_tensors(reader, hidden)?, outputs: read_tensors(reader, hidden)? })
    }
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
