//! Values of any type of a runtime, decoded by its description.
//!
//! Descriptions and bytes both come from the network: depth and number of values are limited, so a type that contains
//! itself, or a list of a billion empty values, ends with an error.

use parity_scale_codec::{Compact, Decode};
use scale_info::form::PortableForm;
use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive};
use thiserror::Error;

/// Deepest nesting of types.
const MAX_DEPTH: usize = 48;
/// Most values in one answer: a metagraph of 256 keys has some 5,000.
const MAX_VALUES: usize = 1 << 18;

/// A decoded value. A structure of one nameless field is that field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number without sign.
    Uint(u128),
    /// A number with sign.
    Int(i128),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
    /// Bytes: lists and arrays of `u8`.
    Bytes(Vec<u8>),
    /// A list, an array or a tuple.
    List(Vec<Value>),
    /// A structure.
    Fields(Vec<(String, Value)>),
    /// One of several forms, with its fields.
    Variant(String, Vec<(String, Value)>),
}

/// Why bytes are not a value of a type, or a value not what is expected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// The bytes end too early, or are not of this type.
    #[error("not a value of its type: {0}")]
    Bytes(String),
    /// Bytes are left over.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// The description names a type that it does not have.
    #[error("type {0} is not described")]
    Type(u32),
    /// Nested too deeply.
    #[error("types are nested more than {MAX_DEPTH} deep")]
    Depth,
    /// Too many values.
    #[error("more than {MAX_VALUES} values")]
    Size,
    /// A variant that the type does not have.
    #[error("{ty} has no variant {index}")]
    Variant {
        /// The type.
        ty: String,
        /// The byte that was read.
        index: u8,
    },
    /// A field is missing, or of another kind.
    #[error("expected {expected} in `{field}`")]
    Expected {
        /// Its name.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Decodes all of `bytes` as a value of type `ty`.
///
/// # Errors
/// [`ValueError`].
pub fn decode(types: &PortableRegistry, ty: u32, mut bytes: &[u8]) -> Result<Value, ValueError> {
    let value = decode_some(types, ty, &mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(ValueError::Trailing(bytes.len())) }
}

/// Decodes one value and leaves what follows it.
pub(crate) fn decode_some(types: &PortableRegistry, ty: u32, bytes: &mut &[u8]) -> Result<Value, ValueError> {
    Decoder { types, bytes, left: MAX_VALUES }.value(ty, 0)
}

struct Decoder<'a, 'b> {
    types: &'a PortableRegistry,
    bytes: &'a mut &'b [u8],
    left: usize,
}

impl Decoder<'_, '_> {
    fn read<T: Decode>(&mut self) -> Result<T, ValueError> {
        T::decode(self.bytes).map_err(|e| ValueError::Bytes(e.to_string()))
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, ValueError> {
        let (head, tail) =
            self.bytes.split_at_checked(count).ok_or_else(|| ValueError::Bytes("it ends too early".into()))?;
        *self.bytes = tail;
        Ok(head.to_vec())
    }

    fn definition(&self, ty: u32) -> Result<&TypeDef<PortableForm>, ValueError> {
        self.types.resolve(ty).map(|found| &found.type_def).ok_or(ValueError::Type(ty))
    }

    fn value(&mut self, ty: u32, depth: usize) -> Result<Value, ValueError> {
        if depth > MAX_DEPTH {
            return Err(ValueError::Depth);
        }
        self.left = self.left.checked_sub(1).ok_or(ValueError::Size)?;
        let types = self.types;
        let found = types.resolve(ty).ok_or(ValueError::Type(ty))?;
        match &found.type_def {
            TypeDef::Composite(composite) => match composite.fields.as_slice() {
                [only] if only.name.is_none() => self.value(only.ty.id, depth + 1),
                fields => Ok(Value::Fields(self.fields(fields, depth)?)),
            },
            TypeDef::Variant(variant) => {
                let index: u8 = self.read()?;
                let missing = || ValueError::Variant { ty: found.path.segments.join("::"), index };
                let one = variant.variants.iter().find(|v| v.index == index).ok_or_else(missing)?;
                Ok(Value::Variant(one.name.clone(), self.fields(&one.fields, depth)?))
            }
            TypeDef::Sequence(sequence) => {
                let Compact(count) = self.read::<Compact<u32>>()?;
                self.many(sequence.type_param.id, count as usize, depth)
            }
            TypeDef::Array(array) => self.many(array.type_param.id, array.len as usize, depth),
            TypeDef::Tuple(tuple) => {
                let mut all = Vec::new();
                for field in &tuple.fields {
                    all.push(self.value(field.id, depth + 1)?);
                }
                Ok(Value::List(all))
            }
            TypeDef::Primitive(primitive) => self.primitive(primitive),
            TypeDef::Compact(_) => Ok(Value::Uint(self.read::<Compact<u128>>()?.0)),
            TypeDef::BitSequence(_) => Err(ValueError::Bytes("a sequence of bits".into())),
        }
    }

    fn many(&mut self, ty: u32, count: usize, depth: usize) -> Result<Value, ValueError> {
        if matches!(self.definition(ty)?, TypeDef::Primitive(TypeDefPrimitive::U8)) {
            return Ok(Value::Bytes(self.take(count)?));
        }
        // Grows as values are read: the count may be anything.
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.value(ty, depth + 1)?);
        }
        Ok(Value::List(all))
    }

    fn fields(&mut self, fields: &[Field<PortableForm>], depth: usize) -> Result<Vec<(String, Value)>, ValueError> {
        let mut all = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let name = field.name.clone().unwrap_or_else(|| at.to_string());
            all.push((name, self.value(field.ty.id, depth + 1)?));
        }
        Ok(all)
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive) -> Result<Value, ValueError> {
        Ok(match primitive {
            TypeDefPrimitive::Bool => Value::Bool(self.read()?),
            TypeDefPrimitive::Char => Value::Uint(self.read::<u32>()?.into()),
            TypeDefPrimitive::Str => Value::Text(self.read()?),
            TypeDefPrimitive::U8 => Value::Uint(self.read::<u8>()?.into()),
            TypeDefPrimitive::U16 => Value::Uint(self.read::<u16>()?.into()),
            TypeDefPrimitive::U32 => Value::Uint(self.read::<u32>()?.into()),
            TypeDefPrimitive::U64 => Value::Uint(self.read::<u64>()?.into()),
            TypeDefPrimitive::U128 => Value::Uint(self.read()?),
            TypeDefPrimitive::I8 => Value::Int(self.read::<i8>()?.into()),
            TypeDefPrimitive::I16 => Value::Int(self.read::<i16>()?.into()),
            TypeDefPrimitive::I32 => Value::Int(self.read::<i32>()?.into()),
            TypeDefPrimitive::I64 => Value::Int(self.read::<i64>()?.into()),
            TypeDefPrimitive::I128 => Value::Int(self.read()?),
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => Value::Bytes(self.take(32)?),
        })
    }
}

impl Value {
    fn expected(field: &str, expected: &'static str) -> ValueError {
        ValueError::Expected { field: field.to_owned(), expected }
    }

    /// A field of a structure or of a variant.
    ///
    /// # Errors
    /// [`ValueError::Expected`]; so have all that follow.
    pub fn field(&self, name: &str) -> Result<&Self, ValueError> {
        let fields = match self {
            Self::Fields(fields) | Self::Variant(_, fields) => fields.as_slice(),
            _ => &[],
        };
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value).ok_or_else(|| Self::expected(name, "a field"))
    }

    /// What an option holds.
    pub fn some(&self) -> Option<&Self> {
        match self {
            Self::Variant(name, fields) if name == "Some" => fields.first().map(|(_, value)| value),
            _ => None,
        }
    }

    /// What the option in a field holds.
    pub fn filled(&self, name: &str) -> Result<&Self, ValueError> {
        self.field(name)?.some().ok_or_else(|| Self::expected(name, "a value"))
    }

    /// A number that fits its type.
    pub fn number<T: TryFrom<u128>>(&self, name: &str) -> Result<T, ValueError> {
        let Self::Uint(number) = self else { return Err(Self::expected(name, "a number")) };
        T::try_from(*number).map_err(|_| Self::expected(name, "a smaller number"))
    }

    /// Yes or no.
    pub fn truth(&self, name: &str) -> Result<bool, ValueError> {
        if let Self::Bool(value) = self { Ok(*value) } else { Err(Self::expected(name, "yes or no")) }
    }

    /// The values of a list.
    pub fn list(&self, name: &str) -> Result<&[Self], ValueError> {
        if let Self::List(values) = self { Ok(values) } else { Err(Self::expected(name, "a list")) }
    }

    /// Bytes.
    pub fn bytes(&self, name: &str) -> Result<&[u8], ValueError> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Self::expected(name, "bytes")) }
    }

    /// A key, or a hash.
    pub fn bytes32(&self, name: &str) -> Result<[u8; 32], ValueError> {
        self.bytes(name)?.try_into().map_err(|_| Self::expected(name, "32 bytes"))
    }
}
