//! Shapes: what the bytes of a type are, without names of types, written as text that can be compared.

use scale_info::form::PortableForm;
use scale_info::{Field, PortableRegistry, TypeDef};

use crate::ValueError;

const MAX_DEPTH: usize = 48;
/// Longest shape, bytes: that of a commitment's fields, the largest that is needed, has some 5,000.
const MAX_TEXT: usize = 1 << 16;

/// A shape that is being written.
pub(super) struct Shape<'a> {
    types: &'a PortableRegistry,
    text: String,
}

impl<'a> Shape<'a> {
    /// The shape of a type; empty if its values have no bytes.
    pub(super) fn of(types: &'a PortableRegistry, ty: u32) -> Result<String, ValueError> {
        let mut shape = Self { types, text: String::new() };
        shape.write(ty, 0)?;
        Ok(shape.text)
    }

    /// The shapes of fields with their names, so that two of one type that change places are noticed.
    pub(super) fn of_fields(types: &'a PortableRegistry, fields: &[Field<PortableForm>]) -> Result<String, ValueError> {
        let mut shape = Self { types, text: String::new() };
        for field in fields {
            shape.text.push_str(field.name.as_deref().unwrap_or("_"));
            shape.text.push(':');
            shape.write(field.ty.id, 0)?;
            shape.text.push(' ');
        }
        Ok(shape.text)
    }

    fn write(&mut self, ty: u32, depth: usize) -> Result<(), ValueError> {
        if depth > MAX_DEPTH {
            return Err(ValueError::Depth);
        }
        if self.text.len() > MAX_TEXT {
            return Err(ValueError::Size);
        }
        let types = self.types;
        match &types.resolve(ty).ok_or(ValueError::Type(ty))?.type_def {
            TypeDef::Composite(composite) => {
                for field in &composite.fields {
                    self.write(field.ty.id, depth + 1)?;
                }
            }
            TypeDef::Tuple(tuple) => {
                for field in &tuple.fields {
                    self.write(field.id, depth + 1)?;
                }
            }
            TypeDef::Variant(variant) => {
                self.text.push('<');
                for one in &variant.variants {
                    self.text.push_str(&format!("{}={}(", one.name, one.index));
                    for field in &one.fields {
                        self.write(field.ty.id, depth + 1)?;
                    }
                    self.text.push(')');
                }
                self.text.push('>');
            }
            TypeDef::Sequence(sequence) => self.around("[", sequence.type_param.id, "]", depth)?,
            TypeDef::Array(array) => self.around("[", array.type_param.id, &format!(";{}]", array.len), depth)?,
            TypeDef::Compact(compact) => self.around("compact(", compact.type_param.id, ")", depth)?,
            TypeDef::Primitive(primitive) => self.text.push_str(&format!("{primitive:?},")),
            TypeDef::BitSequence(_) => self.text.push_str("bits,"),
        }
        Ok(())
    }

    fn around(&mut self, before: &str, ty: u32, after: &str, depth: usize) -> Result<(), ValueError> {
        self.text.push_str(before);
        self.write(ty, depth + 1)?;
        self.text.push_str(after);
        Ok(())
    }
}
