//! The tensors of a program, as a verifying key says them.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use vouch_program::{Interval, Program, Visibility};
use vouch_verifier::{Schema, TensorSpec, Visibility as Shown};

/// Inputs and outputs.
pub fn schema(program: &Program) -> Schema {
    let shown = |visibility| match visibility {
        Visibility::Public => Shown::Public,
        Visibility::Hashed => Shown::Hashed,
        Visibility::Private => Shown::Private,
    };
    let spec = |name: &str, shape: &[u32], unit: &str, scale: f64, bounds: Interval, visibility| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        unit: unit.to_owned(),
        scale,
        min: bounds.lo,
        max: bounds.hi,
        visibility: shown(visibility),
    };
    let bounds = program.bounds().ok();
    Schema {
        inputs: program
            .inputs()
            .iter()
            .map(|t| spec(&t.name, &t.shape, &t.unit, t.scale, t.bounds, t.visibility))
            .collect(),
        outputs: program
            .outputs()
            .iter()
            .map(|t| {
                let own = |w: &vouch_program::Wire| bounds.as_ref().and_then(|b| b.wires.get(w.index())).copied();
                let all = t.wires.iter().filter_map(own).reduce(Interval::union);
                spec(
                    &t.name,
                    &t.shape,
                    &t.unit,
                    t.scale,
                    all.unwrap_or(Interval::new(i64::MIN, i64::MAX)),
                    t.visibility,
                )
            })
            .collect(),
    }
}
