//! Constant tensors as they lie in a model file.

use std::path::{Component, Path};

use tract_onnx::pb::{self, tensor_proto::DataType};

use super::{
    model::checked_len,
    tensor::{Kind, Tensor},
};
use crate::CompileError;

/// ONNX's name of an element type.
pub(super) fn type_name(code: i32) -> String {
    DataType::try_from(code).map_or_else(|_| format!("number {code}"), |t| format!("{t:?}").to_lowercase())
}

/// The kind of an element type, if it is supported.
pub(super) fn kind_of(tensor: &str, code: i32) -> Result<(Kind, DataType), CompileError> {
    use DataType as D;
    let unsupported = || CompileError::DataType {
        tensor: tensor.to_owned(),
        dtype: type_name(code),
        reason: "floats of 16, 32 and 64 bits, integers and booleans are supported",
    };
    let dtype = D::try_from(code).map_err(|_| unsupported())?;
    match dtype {
        D::Float | D::Double | D::Float16 | D::Bfloat16 => Ok((Kind::Float, dtype)),
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::Uint8 | D::Uint16 | D::Uint32 | D::Uint64 => {
            Ok((Kind::Int, dtype))
        }
        D::Bool => Ok((Kind::Bool, dtype)),
        _ => Err(unsupported()),
    }
}

/// Reads a tensor; external data lies in `folder`.
pub(super) fn read(proto: &pb::TensorProto, folder: Option<&Path>) -> Result<Tensor, CompileError> {
    let name = &proto.name;
    let wrong =
        |reason: String| CompileError::Dimensions { name: name.clone(), shape: format!("{:?}", proto.dims), reason };
    let shape = proto.dims.iter().map(|&d| usize::try_from(d).ok()).collect::<Option<Vec<_>>>();
    let shape = shape.ok_or_else(|| wrong("a dimension is negative".into()))?;
    let len = checked_len(name, &shape)?;
    let (kind, dtype) = kind_of(name, proto.data_type)?;
    let external;
    let raw = if proto.data_location == Some(1) || !proto.external_data.is_empty() {
        external = read_external(proto, folder, len * width(dtype))?;
        external.as_slice()
    } else {
        proto.raw_data.as_slice()
    };
    let data: Vec<f64> = if !raw.is_empty() || len == 0 {
        if raw.len() != len * width(dtype) {
            let reason = format!("it has {} bytes of data, expected {}", raw.len(), len * width(dtype));
            return Err(wrong(reason));
        }
        raw.chunks_exact(width(dtype)).map(|c| number(dtype, c)).collect()
    } else {
        listed(proto, dtype)
    };
    if data.len() != len {
        return Err(wrong(format!("it has {} elements, expected {len}", data.len())));
    }
    if let Some(index) = data.iter().position(|v| !v.is_finite()) {
        return Err(CompileError::NotFinite { tensor: name.clone(), index, value: data[index] });
    }
    Ok(Tensor::constant(kind, shape, data))
}

fn width(dtype: DataType) -> usize {
    use DataType as D;
    match dtype {
        D::Double | D::Int64 | D::Uint64 => 8,
        D::Float16 | D::Bfloat16 | D::Int16 | D::Uint16 => 2,
        D::Int8 | D::Uint8 | D::Bool => 1,
        _ => 4,
    }
}

fn number(dtype: DataType, bytes: &[u8]) -> f64 {
    use DataType as D;
    let mut le = [0u8; 8];
    le[..bytes.len()].copy_from_slice(bytes);
    let raw = u64::from_le_bytes(le);
    match dtype {
        D::Float => f64::from(f32::from_bits(raw as u32)),
        D::Double => f64::from_bits(raw),
        D::Float16 => half(raw as u16),
        D::Bfloat16 => f64::from(f32::from_bits((raw as u32) << 16)),
        D::Int8 => f64::from(raw as u8 as i8),
        D::Int16 => f64::from(raw as u16 as i16),
        D::Int32 => f64::from(raw as u32 as i32),
        D::Int64 => raw as i64 as f64,
        _ => raw as f64,
    }
}

fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1.0 + fraction / 1024.0) * 2f64.powi(e - 15),
    }
}

/// The elements in the protobuf's typed lists.
fn listed(proto: &pb::TensorProto, dtype: DataType) -> Vec<f64> {
    use DataType as D;
    match dtype {
        D::Float => proto.float_data.iter().map(|&v| f64::from(v)).collect(),
        D::Double => proto.double_data.clone(),
        D::Int64 => proto.int64_data.iter().map(|&v| v as f64).collect(),
        D::Uint32 | D::Uint64 => proto.uint64_data.iter().map(|&v| v as f64).collect(),
        D::Float16 => proto.int32_data.iter().map(|&v| half(v as u16)).collect(),
        D::Bfloat16 => proto.int32_data.iter().map(|&v| f64::from(f32::from_bits((v as u32) << 16))).collect(),
        _ => proto.int32_data.iter().map(|&v| f64::from(v)).collect(),
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
