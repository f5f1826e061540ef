//! The instance column: the public values, which both sides know.

use vouch_envelope::{PublicValues, Section};
use vouch_schema::num::index;
use vouch_schema::{Schema, Visibility};

use crate::bn254::Fr;
use crate::domain::{Domain, Point};
use crate::error::{KeyError, VerifyError};
use crate::field;
use crate::key::{KeyDescription, fits};

/// Where the circuit queries the column. Polynomials are evaluated at rotations of x, of which the Lagrange polynomials are
/// those of other rows at x: all queries share them.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// The first row whose Lagrange polynomial is needed, and the number of them.
    start: i64,
    rows: usize,
    /// For each query, how many of them come before that of the column's first value.
    skips: Vec<usize>,
}

impl Instance {
    /// The queries of a key.
    pub(crate) fn new(key: &KeyDescription) -> Result<Self, KeyError> {
        let rotations = || key.instance_queries.iter().map(|query| query.rotation);
        let (least, most) = (rotations().min().unwrap_or(0), rotations().max().unwrap_or(0));
        let rows = index(key.instance_len).checked_add(index(most.abs_diff(least)));
        Ok(Self {
            start: fits("rotation of an instance query", i64::from(most).checked_neg())?,
            rows: fits("rows of the instance column", rows)?,
            skips: rotations().map(|rotation| index(most.abs_diff(rotation))).collect(),
        })
    }

    /// The values at the rotations of x that the circuit queries. The prover sends neither a commitment nor evaluations. The
    /// cost is a Lagrange polynomial for each row, and a product for each value and query.
    ///
    /// Row i of the column at ω^r x is multiplied by l_i(ω^r x) = l_{i - r}(x).
    pub(crate) fn evaluate(&self, domain: &Domain, column: &[Fr], point: Point) -> Result<Vec<Fr>, VerifyError> {
        if self.skips.is_empty() {
            return Ok(Vec::new());
        }
        let lagrange = domain.lagrange(point, self.start, self.rows)?;
        let value = |&skip: &usize| column.iter().zip(lagrange.iter().skip(skip)).map(|(value, l)| *value * l).sum();
        Ok(self.skips.iter().map(value).collect())
    }
}

/// The column, for public values that have been counted: of each tensor its values, its hash, or nothing.
pub(crate) fn column(schema: &Schema, public: &PublicValues) -> Vec<Fr> {
    let mut out = Vec::new();
    for section in Section::ALL {
        let (values, hashes) = public.section(section);
        let (mut values, mut hashes) = (values.iter(), hashes.iter());
        for tensor in schema.section(section) {
            match tensor.visibility {
                Visibility::Public => {
                    let own = values.by_ref().take(tensor.size());
                    out.extend(own.map(|&value| field::from_i64(value)));
                }
                Visibility::Hashed => out.extend(hashes.next().and_then(field::from_hash)),
                Visibility::Private => {}
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::X;
    use crate::key::ColumnQuery;
    use crate::verifier_key::VerifierKey;

    /// The evaluations are those of the column's polynomial at rotations of x in both directions.
    #[test]
    fn the_instance_is_evaluated_at_every_rotation() {
        let key = VerifierKey::from_bytes(include_bytes!("../tests/fixtures/small.key")).unwrap();
        let mut description = key.description().clone();
        let domain = &key.prepared().domain;
        let point = domain.point(X(Fr::from(77u64)));
        let column: Vec<Fr> = (5u64..).map(Fr::from).take(index(description.instance_len)).collect();
        for rotations in [vec![], vec![0], vec![3, -2, 0, 64, -64, 1], vec![-5, -7], vec![9, 4]] {
            let query = |&rotation: &i32| ColumnQuery { column: 0, rotation };
            description.instance_queries = rotations.iter().map(query).collect();
            let values = Instance::new(&description).unwrap().evaluate(domain, &column, point).unwrap();
            let expected: Vec<Fr> = rotations
                .iter()
                .map(|&rotation| {
                    let at = domain.point(X(domain.rotate(point.x, i64::from(rotation))));
                    let lagrange = domain.lagrange(at, 0, column.len()).unwrap();
                    column.iter().zip(lagrange).map(|(value, l)| *value * l).sum()
                })
                .collect();
            assert_eq!(values, expected, "{rotations:?}");
        }
    }
}
