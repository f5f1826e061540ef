//! Verifying keys of strangers: `check_key` refuses what is not the program's before it makes anything of it.
#![allow(missing_docs)]

use serde_json::Value;
use vouch_circuit::Objective;
use vouch_program::{Interval, Program, Requant};
use vouch_proving::{ProverKey, ProvingError, Srs, check_key, plan};
use vouch_testing::random_program;
use vouch_verifier::{ColumnQuery, KeyDescription, VerifierKey};

/// What a stranger publishes: a program and its honest key, and the reference string of both.
struct Published {
    program: Program,
    srs: Srs,
    key: VerifierKey,
}

impl Published {
    fn of(program: Program) -> Self {
        let plan = plan(&program, 1, Objective::default(), None).unwrap();
        let srs = Srs::development(plan.k());
        let key = ProverKey::generate(&plan, &srs).unwrap().verifier;
        assert!(check_key(&program, &srs, &key).is_ok());
        Self { program, srs, key }
    }

    /// The random programs that have a matrix.
    fn some() -> impl Iterator<Item = Self> {
        let all = (0..40).map(|seed| random_program(seed).0);
        all.filter(|program| !program.matrices().is_empty()).map(Self::of).take(6)
    }

    /// What `check_key` says of a key that is changed.
    fn refused(&self, change: impl FnOnce(&mut KeyDescription)) -> String {
        let mut description = self.key.description().clone();
        change(&mut description);
        let key = VerifierKey::new(description).unwrap();
        // As it comes: in bytes.
        let key = VerifierKey::from_bytes(key.to_bytes()).unwrap();
        match check_key(&self.program, &self.srs, &key) {
            Err(ProvingError::OtherKey { what }) => what,
            other => panic!("{other:?}"),
        }
    }

    fn with_layout(&self, change: impl FnOnce(&mut Value)) -> String {
        self.refused(|key| {
            let mut layout = serde_json::from_str(&key.layout).unwrap();
            change(&mut layout);
            key.layout = layout.to_string();
        })
    }
}

/// A key whose layout has no weight columns made a division by zero of them, in a thread that the command waited for.
#[test]
fn no_weight_columns() {
    let mut p = Program::builder(5);
    let x = p.input("x", &[2], 1.0, Interval::new(-8, 8));
    let m = p.matrix("w", 2, 1, vec![11, -7], vec![Requant::rescale(3)]);
    let y = p.linear("l", m, 1, 1, x.wires());
    p.output("y", &[1], 1.0, y.wires());
    let published = Published::of(p.finish().unwrap());
    let what = published.with_layout(|layout| layout["weight_columns"] = 0.into());
    assert_eq!(what, "layout (weight_columns: expected 1 to 512, got 0)");
}

/// Numbers in a layout that no layout of the program has, with as many advice columns as they would take.
#[test]
fn layouts_that_the_program_does_not_have() {
    for published in Published::some() {
        for field in [
            "linear_lanes",
            "product_lanes",
            "two_term_lanes",
            "matrix_lanes",
            "weight_columns",
            "hash_lanes",
            "select_lanes",
        ] {
            let layout = serde_json::from_str::<Value>(&published.key.description().layout).unwrap();
            // Without a select lane the field is left out.
            let own = layout.get(field).cloned().unwrap_or_else(|| 0.into());
            for wrong in [0u64, 3, 100, 400, 4096, u64::from(u32::MAX), u64::MAX] {
                // One lane more than there are rows for is a layout, and some columns more.
                let near = wrong <= own.as_u64().unwrap() + 1 || (field == "weight_columns" && wrong == 3);
                if own == wrong || (near && wrong > 0) {
                    continue;
                }
                let what = published.refused(|key| {
                    key.advice_phases.resize((wrong.min(4096) as usize).max(key.advice_phases.len()), 0);
                    let mut layout: Value = serde_json::from_str(&key.layout).unwrap();
                    layout[field] = wrong.into();
                    key.layout = layout.to_string();
                });
                assert!(what.starts_with("layout ("), "{field} = {wrong}: {what}");
            }
        }
        for (field, wrong) in [("linear_limbs", 1u64), ("product_limbs", u64::MAX), ("limb_bits", 60)] {
            let what = published.with_layout(|layout| layout[field] = wrong.into());
            assert_eq!(what, "layout (its features are not those that the program needs)");
        }
        // A layout has one text.
        let spaced = published.refused(|key| key.layout = key.layout.replace(':', ": "));
        assert_eq!(spaced, "layout");
        let more = published.refused(|key| key.layout = key.layout.replacen('{', "{\"more\":1,", 1));
        assert_eq!(more, "layout");
    }
}

/// Lists that are longer or shorter than those of the layout: refused for their lengths, before commitments are computed.
#[test]
fn lists_of_another_length() {
    for published in Published::some() {
        let own = published.key.description();
        let (columns, point) = (own.advice_phases.len(), own.fixed_commitments[0]);
        assert_eq!(published.refused(|key| key.fixed_commitments.resize(4096, point)), "number of fixed columns");
        assert_eq!(published.refused(|key| key.advice_phases.resize(4096, 0)), "circuit");
        assert_eq!(published.refused(|key| key.challenge_phases.resize(4096, 0)), "circuit");
        assert_eq!(
            published.refused(|key| {
                key.permutation_columns.pop();
                key.permutation_commitments.pop();
            }),
            "circuit"
        );
        let queries = |key: &mut KeyDescription| {
            key.instance_queries.extend((1..16).map(|rotation| ColumnQuery { column: 0, rotation }));
        };
        assert_eq!(published.refused(queries), "circuit");
        let unused = vouch_verifier::Node::Challenge(0);
        assert_eq!(published.refused(|key| key.gates.nodes.extend([unused; 4096])), "gates");
        assert!(columns < 100);
    }
}
