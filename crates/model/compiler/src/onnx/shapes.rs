//! Static shapes of the inputs: open axes take what the caller says, and axis 0 is a batch of one where it can be
//! nothing else.

use std::collections::BTreeSet;

use tract_onnx::pb::{self, tensor_shape_proto::dimension::Value};

use super::weights;
use crate::{CompileError, InputShapes, InputSpec};

/// An axis as a model file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Axis {
    Fixed(usize),
    /// Its symbol, empty if it has none.
    Open(String),
}

/// The declared type of a tensor: its element type, and its axes if they are declared.
fn declared(info: &pb::ValueInfoProto) -> Option<(i32, Option<Vec<Axis>>)> {
    let Some(pb::type_proto::Value::TensorType(t)) = info.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return None;
    };
    let axis = |d: &pb::tensor_shape_proto::Dimension| match &d.value {
        Some(Value::DimValue(v)) => usize::try_from(*v).map_or_else(|_| Axis::Open(String::new()), Axis::Fixed),
        Some(Value::DimParam(symbol)) => Axis::Open(symbol.clone()),
        None => Axis::Open(String::new()),
    };
    Some((t.elem_type, t.shape.as_ref().map(|s| s.dim.iter().map(axis).collect())))
}

fn option(option: &'static str, reason: String) -> CompileError {
    CompileError::Option { option, reason }
}

/// The inputs with static shapes, and what the caller should know about how they were found.
pub(super) fn resolve(
    inputs: &[&pb::ValueInfoProto],
    outputs: &[pb::ValueInfoProto],
    given: &InputShapes,
) -> Result<(Vec<InputSpec>, Vec<String>), CompileError> {
    let mut declarations = Vec::new();
    for info in inputs {
        let name = &info.name;
        if name.is_empty() {
            return Err(super::model::malformed("an input has no name"));
        }
        let (code, axes) =
            declared(info).ok_or_else(|| super::model::malformed(format!("input `{name}` is not a tensor")))?;
        declarations.push((name, weights::element_type(name, code)?, axes));
    }
    if let Some(name) = given.inputs.keys().find(|name| !declarations.iter().any(|d| d.0 == *name)) {
        let known = declarations.iter().map(|d| d.0.as_str()).collect::<Vec<_>>().join(", ");
        return Err(option("shape", format!("there is no input `{name}`; inputs are {known}")));
    }
    let of_outputs: Vec<Option<Vec<Axis>>> = outputs.iter().map(|o| declared(o).and_then(|d| d.1)).collect();
    let symbols: BTreeSet<&str> = declarations
        .iter()
        .map(|d| &d.2)
        .chain(&of_outputs)
        .flatten()
        .flatten()
        .filter_map(|axis| match axis {
            Axis::Open(symbol) if !symbol.is_empty() => Some(symbol.as_str()),
            _ => None,
        })
        .collect();
    if let Some(name) = given.dims.keys().find(|name| !symbols.contains(name.as_str())) {
        let known = symbols.into_iter().collect::<Vec<_>>().join(", ");
        let known =
            if known.is_empty() { "it has no open dimensions".to_owned() } else { format!("open ones are {known}") };
        return Err(option("dim", format!("the model has no dimension `{name}`; {known}")));
    }
    // A symbol that an input's shape fixes is fixed everywhere.
    let mut dims = given.dims.clone();
    for (name, _, axes) in &declarations {
        let (Some(shape), Some(axes)) = (given.inputs.get(*name), axes) else { continue };
        if shape.len() != axes.len() {
            return Err(option("shape", format!("input `{name}` has {} dimensions, not {}", axes.len(), shape.len())));
        }
        for (i, (axis, &n)) in axes.iter().zip(shape).enumerate() {
            let own = match axis {
                Axis::Fixed(d) => *d,
                Axis::Open(symbol) if symbol.is_empty() => n,
                Axis::Open(symbol) => *dims.entry(symbol.clone()).or_insert(n),
            };
            if own != n {
                return Err(option("shape", format!("dimension {i} of input `{name}` is {own}, not {n}")));
            }
        }
    }
    let is_open = |axis: Option<&Axis>| match axis {
        Some(Axis::Open(symbol)) => symbol.is_empty() || !dims.contains_key(symbol),
        _ => false,
    };
    let inner = |axes: &[Axis], symbol: &str| axes.iter().skip(1).any(|a| matches!(a, Axis::Open(s) if s == symbol));
    let all = || declarations.iter().filter_map(|d| d.2.as_ref()).chain(of_outputs.iter().flatten());
    let read_elsewhere = |axis: Option<&Axis>| match axis {
        Some(Axis::Open(symbol)) if !symbol.is_empty() => all().any(|axes| inner(axes, symbol)),
        _ => false,
    };
    let free = |axes: &Vec<Axis>| is_open(axes.first()) && !read_elsewhere(axes.first());
    let batch = declarations.iter().filter(|d| !given.inputs.contains_key(d.0)).all(|d| d.2.as_ref().is_some_and(free))
        && of_outputs.iter().flatten().all(free);
    let mut specs = Vec::new();
    let mut taken = false;
    for (name, dtype, axes) in declarations {
        let shape = match (given.inputs.get(name), axes) {
            (Some(shape), _) => shape.clone(),
            (None, None) => {
                return Err(super::model::malformed(format!(
                    "input `{name}` has no shape: give it with --shape {name}=N,…"
                )));
            }
            (None, Some(axes)) => {
                let mut shape = Vec::with_capacity(axes.len());
                for (axis, declared) in axes.iter().enumerate() {
                    shape.push(match declared {
                        Axis::Fixed(n) => *n,
                        Axis::Open(symbol) => match dims.get(symbol) {
                            Some(n) => *n,
                            None if axis == 0 && batch => {
                                taken = true;
                                1
                            }
                            None => {
                                let (input, dimension) = (name.clone(), symbol.clone());
                                return Err(CompileError::DynamicDimension { input, axis, dimension });
                            }
                        },
                    });
                }
                shape
            }
        };
        super::model::checked_len(name, &shape)?;
        specs.push(InputSpec { name: name.clone(), shape, dtype });
    }
    let note = "dimension 0 of all inputs and outputs is open: it is taken for a batch of 1 (--dim and --shape fix it)";
    Ok((specs, taken.then(|| note.to_owned()).into_iter().collect()))
}
