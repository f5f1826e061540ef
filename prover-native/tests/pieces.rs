//! The quotient's pieces reveal nothing in any layout that ships (docs/threat-model.md, "The quotient's pieces"): of the
//! models, with public and hashed inputs, fixed and private weights, and of the facts about their hashed inputs.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vouch_circuit::{CircuitParams, Objective};
use vouch_compiler::CompileOptions;
use vouch_disclosure::disclosure_program;
use vouch_program::{Program, Visibility, WeightMode};
use vouch_proving::{plan, rank_of_pieces};

use crate::shipped::{ALLOCATION, FORECAST, compiled_with, options};

/// The program with its inputs hashed, those that may be.
fn hashed(program: &Program) -> Program {
    program.inputs().iter().fold(program.clone(), |program, input| {
        let one = BTreeMap::from([(input.name.clone(), Visibility::Hashed)]);
        program.clone().with_visibility(&one).unwrap_or(program)
    })
}

/// The layouts that `vouch setup` picks for a program: for all objectives, of one input and of several.
fn layouts(program: &Program) -> Vec<CircuitParams> {
    let mut out = Vec::new();
    for objective in [Objective::Prover, Objective::Proof, Objective::Memory] {
        for batch in [1, 2, 16] {
            out.extend(plan(program, batch, objective, None).ok().map(|plan| plan.estimate.params));
        }
    }
    assert!(out.len() > 3, "the program has layouts");
    out
}

fn full_rank(name: &str, params: &CircuitParams) {
    let found = rank_of_pieces(params, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert_eq!((found.rank, found.pieces), (4, 4), "{name}, {found:?}: {params:?}");
}

#[test]
fn pieces_of_shipped_layouts_are_free() {
    let mut seen = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for model in [FORECAST, ALLOCATION] {
        for weights in [WeightMode::Fixed, WeightMode::Private] {
            let program = compiled_with(model, &CompileOptions { weights, ..options(model) }).program;
            let inputs = hashed(&program);
            assert!(inputs.tensors().iter().any(|(visibility, _)| *visibility == Visibility::Hashed), "{model}");
            for program in [&program, &inputs] {
                for params in layouts(program) {
                    kinds.insert((model, params.private_weights, params.hash_lanes > 0));
                    if seen.insert(format!("{params:?}")) {
                        full_rank(model, &params);
                    }
                }
            }
            // Facts about each hashed input are proved in circuits of their own, for which the weights do not matter.
            if weights == WeightMode::Fixed {
                for spec in inputs.schema().inputs {
                    let Ok(program) = disclosure_program(&spec) else { continue };
                    layouts(&program).iter().for_each(|params| full_rank(&spec.name, params));
                }
            }
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}
