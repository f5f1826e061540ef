//! The tensors of a model.

use std::ops::Range;

use crate::{Section, TensorSpec, Visibility};

/// The tensors of a model, in the order of the instance column: inputs, then outputs. There a public tensor has a cell for
/// each value, a hashed one has a cell for its hash, and a private one has none.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    /// The tensors of a section whose values a proof shows, in order.
    pub fn public(&self, section: Section) -> impl Iterator<Item = &TensorSpec> {
        self.of(section, Visibility::Public)
    }

    /// The tensors of a section of which a proof shows a salted hash, in order.
    pub fn hashed(&self, section: Section) -> impl Iterator<Item = &TensorSpec> {
        self.of(section, Visibility::Hashed)
    }

    /// The first tensor of a section with a name.
    pub fn named(&self, section: Section, name: &str) -> Option<&TensorSpec> {
        self.section(section).iter().find(|tensor| tensor.name == name)
    }

    fn of(&self, section: Section, visibility: Visibility) -> impl Iterator<Item = &TensorSpec> {
        self.section(section).iter().filter(move |tensor| tensor.visibility == visibility)
    }

    /// The public tensors of a section, each as often as it has values. Tensors beyond the limit of values have none.
    pub fn per_value(&self, section: Section) -> impl Iterator<Item = &TensorSpec> {
        self.public(section).flat_map(|tensor| std::iter::repeat_n(tensor, tensor.values().unwrap_or(0)))
    }

    /// Number of public values in a section; `usize::MAX`, which no list has, if it does not fit.
    pub fn values(&self, section: Section) -> usize {
        let mut values = self.public(section).filter_map(TensorSpec::values);
        values.try_fold(0, usize::checked_add).unwrap_or(usize::MAX)
    }

    /// Number of hashes in a section.
    pub fn hashes(&self, section: Section) -> usize {
        self.hashed(section).count()
    }

    /// Whether all tensors are public.
    pub fn is_public(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).all(|tensor| tensor.visibility == Visibility::Public)
    }

    /// The public tensors of a section, each with the place of its values among all public values of the section.
    pub fn public_ranges(&self, section: Section) -> impl Iterator<Item = (&TensorSpec, Range<usize>)> {
        self.public(section).scan(0usize, |start, tensor| {
            let end = start.checked_add(tensor.values()?)?;
            let range = std::mem::replace(start, end)..end;
            Some((tensor, range))
        })
    }

    /// The place of a public tensor's values among all public values of its section, for the ends of links.
    pub fn public_range(&self, section: Section, name: &str) -> Option<Range<usize>> {
        self.public_ranges(section).find_map(|(tensor, range)| (tensor.name == name).then_some(range))
    }

    /// The values of each tensor of a section, of the values of all of its tensors, one tensor after the other.
    /// `None` unless there are as many values as the tensors have.
    pub fn split<'a>(&'a self, section: Section, mut values: &'a [i64]) -> Option<Vec<(&'a TensorSpec, &'a [i64])>> {
        let mut all = Vec::new();
        for tensor in self.section(section) {
            let (own, rest) = values.split_at_checked(tensor.size())?;
            all.push((tensor, own));
            values = rest;
        }
        values.is_empty().then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[u32], visibility: Visibility) -> TensorSpec {
        let (name, shape, unit) = (name.to_owned(), shape.to_vec(), String::new());
        TensorSpec { name, shape, unit, scale: 1.0, min: -9, max: 9, visibility }
    }

    fn schema() -> Schema {
        use Visibility::{Hashed, Private, Public};
        let inputs = vec![
            tensor("a", &[2, 2], Public),
            tensor("b", &[3], Hashed),
            tensor("c", &[], Public),
            tensor("d", &[2], Private),
        ];
        Schema { inputs, outputs: vec![tensor("a", &[1], Hashed)] }
    }

    #[test]
    fn tensors_are_found_by_visibility_and_name() {
        let schema = schema();
        let names = |tensors: Vec<&TensorSpec>| tensors.iter().map(|t| t.name.clone()).collect::<String>();
        assert_eq!(names(schema.public(Section::Inputs).collect()), "ac");
        assert_eq!(names(schema.hashed(Section::Inputs).collect()), "b");
        assert_eq!(names(schema.per_value(Section::Inputs).collect()), "aaaac");
        assert_eq!((schema.values(Section::Inputs), schema.hashes(Section::Inputs)), (5, 1));
        assert_eq!((schema.values(Section::Outputs), schema.hashes(Section::Outputs)), (0, 1));
        assert_eq!(schema.named(Section::Outputs, "a").unwrap().visibility, Visibility::Hashed);
        assert_eq!(schema.named(Section::Outputs, "b"), None);
        assert!(!schema.is_public() && Schema::default().is_public());
    }

    #[test]
    fn public_values_have_places() {
        let schema = schema();
        assert_eq!(schema.public_range(Section::Inputs, "a"), Some(0..4));
        assert_eq!(schema.public_range(Section::Inputs, "c"), Some(4..5));
        assert_eq!(schema.public_range(Section::Inputs, "b"), None);
        assert_eq!(schema.public_range(Section::Outputs, "a"), None);
    }

    #[test]
    fn values_are_split_by_tensor() {
        let (schema, values) = (schema(), (0..10).collect::<Vec<i64>>());
        let split = schema.split(Section::Inputs, &values).unwrap();
        let own: Vec<&[i64]> = split.iter().map(|(_, own)| *own).collect();
        assert_eq!(own, [&values[..4], &values[4..7], &values[7..8], &values[8..]]);
        assert_eq!(schema.split(Section::Inputs, &values[1..]), None);
        assert_eq!(schema.split(Section::Outputs, &values[..2]), None);
    }
}
