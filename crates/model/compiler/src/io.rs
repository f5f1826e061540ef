//! Real numbers to the program's integers and back.

use vouch_program::Program;

use crate::{InputError, NamedTensor, NamedTensors};

/// The flat input integers of a program: each number times its tensor's scale, rounded to the nearest integer.
///
/// # Errors
/// [`InputError`] names the input, the element, its value and the range.
pub fn quantize_inputs(program: &Program, inputs: &NamedTensors) -> Result<Vec<i64>, InputError> {
    if let Some(name) = inputs.keys().find(|name| !program.inputs().iter().any(|t| t.name == **name)) {
        let known = program.inputs().iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(InputError::Unknown { name: name.clone(), known });
    }
    let mut integers = Vec::with_capacity(program.input_len());
    for spec in program.inputs() {
        let missing = || InputError::Missing { name: spec.name.clone() };
        let tensor = inputs.get(&spec.name).ok_or_else(missing)?;
        integers.extend(spec.quantize(&tensor.data)?);
    }
    Ok(integers)
}

/// The outputs of a program as real numbers, by name. `integers` are all outputs in order; missing ones are left out.
pub fn dequantize_outputs(program: &Program, integers: &[i64]) -> NamedTensors {
    let mut rest = integers;
    let mut outputs = NamedTensors::new();
    for spec in program.outputs() {
        let Some((own, tail)) = rest.split_at_checked(spec.wires.len()) else { break };
        rest = tail;
        let tensor = NamedTensor {
            shape: spec.shape.iter().map(|&d| d as usize).collect(),
            data: own.iter().map(|&v| v as f64 / spec.scale).collect(),
        };
        outputs.insert(spec.name.clone(), tensor);
    }
    outputs
}
