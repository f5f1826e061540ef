//! Constant tensors as they lie in a model file.

use std::path::{Component, Path};

use tract_onnx::pb::{self, tensor_proto::DataType};

use super::{
    model::checked_len,
    tensor::{ElementType, Kind, Tensor},
};
use crate::{CompileError, element::half};

/// ONNX's name of an element type.
pub(super) fn type_name(code: i32) -> String {
    DataType::try_from(code).map_or_else(|_| format!("number {code}"), |t| format!("{t:?}").to_lowercase())
}

/// An element type by its number in ONNX, if it is supported.
pub(super) fn element_type(tensor: &str, code: i32) -> Result<ElementType, CompileError> {
    use DataType as D;
    let unsupported = || CompileError::DataType {
        tensor: tensor.to_owned(),
        dtype: type_name(code),
        reason: "floats of 16, 32 and 64 bits, integers and booleans are supported",
    };
    let known = match D::try_from(code) {
        Ok(D::Float16) => ElementType::Float16,
        Ok(D::Bfloat16) => ElementType::Bfloat16,
        Ok(D::Float) => ElementType::Float32,
        Ok(D::Double) => ElementType::Float64,
        Ok(D::Int8) => ElementType::Int8,
        Ok(D::Int16) => ElementType::Int16,
        Ok(D::Int32) => ElementType::Int32,
        Ok(D::Int64) => ElementType::Int64,
        Ok(D::Uint8) => ElementType::Uint8,
        Ok(D::Uint16) => ElementType::Uint16,
        Ok(D::Uint32) => ElementType::Uint32,
        Ok(D::Uint64) => ElementType::Uint64,
        Ok(D::Bool) => ElementType::Bool,
        _ => match code {
            21 => ElementType::Uint4,
            22 => ElementType::Int4,
            _ => return Err(unsupported()),
        },
    };
    Ok(known)
}

/// Reads a tensor; external data lies in `folder`.
pub(super) fn read(proto: &pb::TensorProto, folder: Option<&Path>) -> Result<Tensor, CompileError> {
    let name = &proto.name;
    let wrong =
        |reason: String| CompileError::Dimensions { name: name.clone(), shape: format!("{:?}", proto.dims), reason };
    let shape = proto.dims.iter().map(|&d| usize::try_from(d).ok()).collect::<Option<Vec<_>>>();
    let shape = shape.ok_or_else(|| wrong("a dimension is negative".into()))?;
    let len = checked_len(name, &shape)?;
    let dtype = element_type(name, proto.data_type)?;
    let bytes = len.checked_mul(bits(dtype)).map_or(usize::MAX, |n| n.div_ceil(8));
    let external;
    let raw = if proto.data_location == Some(1) || !proto.external_data.is_empty() {
        external = read_external(proto, folder, bytes)?;
        external.as_slice()
    } else {
        proto.raw_data.as_slice()
    };
    let data: Vec<f64> = if !raw.is_empty() || len == 0 {
        if raw.len() != bytes {
            return Err(wrong(format!("it has {} bytes of data, expected {bytes}", raw.len())));
        }
        match dtype {
            ElementType::Int4 | ElementType::Uint4 => nibbles(dtype, raw.iter().copied(), len),
            _ => raw.chunks_exact(bits(dtype) / 8).map(|c| number(dtype, c)).collect(),
        }
    } else {
        listed(proto, dtype, len)
    };
    if data.len() != len {
        return Err(wrong(format!("it has {} elements, expected {len}", data.len())));
    }
    Ok(Tensor::constant(dtype.kind(), shape, data).typed(dtype))
}

/// Bits of an element as it is stored.
fn bits(dtype: ElementType) -> usize {
    use ElementType as E;
    match dtype {
        E::Float64 | E::Int64 | E::Uint64 => 64,
        E::Float16 | E::Bfloat16 | E::Int16 | E::Uint16 => 16,
        E::Int8 | E::Uint8 | E::Bool => 8,
        E::Int4 | E::Uint4 => 4,
        E::Float32 | E::Int32 | E::Uint32 => 32,
    }
}

fn number(dtype: ElementType, bytes: &[u8]) -> f64 {
    use ElementType as E;
    let mut le = [0u8; 8];
    le[..bytes.len()].copy_from_slice(bytes);
    let raw = u64::from_le_bytes(le);
    match dtype {
        E::Float32 => f64::from(f32::from_bits(raw as u32)),
        E::Float64 => f64::from_bits(raw),
        E::Float16 => half(raw as u16),
        E::Bfloat16 => f64::from(f32::from_bits((raw as u32) << 16)),
        E::Int8 => f64::from(raw as u8 as i8),
        E::Int16 => f64::from(raw as u16 as i16),
        E::Int32 => f64::from(raw as u32 as i32),
        E::Int64 => raw as i64 as f64,
        E::Bool => f64::from(u8::from(raw != 0)),
        _ => raw as f64,
    }
}

/// Elements of four bits, two in a byte, the lower half first.
fn nibbles(dtype: ElementType, bytes: impl Iterator<Item = u8>, len: usize) -> Vec<f64> {
    let value = |n: u8| if dtype == ElementType::Int4 && n > 7 { f64::from(n) - 16.0 } else { f64::from(n) };
    bytes.flat_map(|b| [value(b & 15), value(b >> 4)]).take(len).collect()
}

/// The elements in the protobuf's typed lists.
fn listed(proto: &pb::TensorProto, dtype: ElementType, len: usize) -> Vec<f64> {
    use ElementType as E;
    let ints = proto.int32_data.iter();
    match dtype {
        E::Float32 => proto.float_data.iter().map(|&v| f64::from(v)).collect(),
        E::Float64 => proto.double_data.clone(),
        E::Int64 => proto.int64_data.iter().map(|&v| v as f64).collect(),
        E::Uint32 | E::Uint64 => proto.uint64_data.iter().map(|&v| v as f64).collect(),
        E::Float16 => ints.map(|&v| half(v as u16)).collect(),
        E::Bfloat16 => ints.map(|&v| f64::from(f32::from_bits((v as u32) << 16))).collect(),
        E::Int4 | E::Uint4 => nibbles(dtype, ints.map(|&v| v as u8), len),
        E::Bool => ints.map(|&v| f64::from(u8::from(v != 0))).collect(),
        _ => ints.map(|&v| f64::from(v)).collect(),
    }
}

fn read_external(proto: &pb::TensorProto, folder: Option<&Path>, bytes: usize) -> Result<Vec<u8>, CompileError> {
    let value = |key: &str| proto.external_data.iter().find(|p| p.key == key).map(|p| p.value.as_str());
    let location = value("location").unwrap_or_default();
    let fail = |reason: &str| CompileError::ExternalData {
        tensor: proto.name.clone(),
        location: location.to_owned(),
        reason: reason.to_owned(),
    };
    let number = |key: &str, default: usize| match value(key) {
        None => Ok(default),
        Some(text) => text.trim().parse::<usize>().map_err(|_| fail("its offset or length is not a number")),
    };
    let (offset, length) = (number("offset", 0)?, number("length", bytes)?);
    let path = Path::new(location);
    if location.is_empty() || !path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(fail("the location must be a path below the model's folder"));
    }
    let folder = folder.ok_or_else(|| fail("the model was not read from a file"))?;
    let content = std::fs::read(folder.join(path)).map_err(|e| fail(&e.to_string()))?;
    if length != bytes {
        return Err(fail(&format!("its length is {length} bytes, the tensor needs {bytes}")));
    }
    let part = offset.checked_add(length).and_then(|end| content.get(offset..end));
    part.map(<[u8]>::to_vec).ok_or_else(|| fail("the file is too short"))
}

/// Replaces external data by the tensor's elements.
pub(super) fn inline(proto: &mut pb::TensorProto, tensor: &Tensor) {
    let Some(data) = tensor.constants() else { return };
    proto.external_data.clear();
    proto.data_location = None;
    match tensor.kind {
        Kind::Float => {
            proto.data_type = DataType::Float as i32;
            proto.raw_data = data.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
        }
        Kind::Int => {
            proto.data_type = DataType::Int64 as i32;
            proto.raw_data = data.iter().flat_map(|&v| (v as i64).to_le_bytes()).collect();
        }
        Kind::Bool => proto.raw_data = data.iter().map(|&v| u8::from(v != 0.0)).collect(),
    }
}
