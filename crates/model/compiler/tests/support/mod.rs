//! Builds small ONNX models and compares their programs with tract.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part")]

pub mod case;

use prost::Message;
use tract_onnx::pb::{
    self, AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto, type_proto,
};
use vouch_compiler::{CompileError, CompileOptions, Compiled, InputRanges, OnnxModel, compile_model};

/// Deterministic random numbers.
pub struct Random(pub u64);

impl Random {
    pub fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Numbers from −size to size.
    pub fn list(&mut self, n: usize, size: f32) -> Vec<f32> {
        (0..n).map(|_| (2.0 * self.unit() - 1.0) * size).collect()
    }
}

pub fn floats(name: &str, dims: &[i64], data: Vec<f32>) -> TensorProto {
    assert_eq!(dims.iter().product::<i64>() as usize, data.len());
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: data,
        ..TensorProto::default()
    }
}

pub fn weights(name: &str, dims: &[i64], seed: u64, size: f32) -> TensorProto {
    floats(name, dims, Random(seed).list(dims.iter().product::<i64>() as usize, size))
}

pub fn ints(name: &str, data: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![data.len() as i64],
        data_type: DataType::Int64 as i32,
        int64_data: data.to_vec(),
        ..TensorProto::default()
    }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Int as i32, i: value, ..AttributeProto::default() }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Float as i32, f: value, ..AttributeProto::default() }
}

pub fn list(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::String as i32,
        s: value.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

/// A node `op` from "a b" to "y".
pub fn node(op: &str, inputs: &str, outputs: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    let names = |s: &str| s.split(' ').map(|n| if n == "_" { String::new() } else { n.to_owned() }).collect();
    NodeProto {
        op_type: op.into(),
        input: names(inputs),
        output: names(outputs),
        attribute: attributes,
        ..NodeProto::default()
    }
}

pub fn value_info(name: &str, dims: &[i64], dtype: DataType) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let dim = |&d: &i64| Dimension {
        value: Some(if d < 0 { Value::DimParam(format!("d{}", -d)) } else { Value::DimValue(d) }),
        ..Dimension::default()
    };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: dtype as i32, shape };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

/// A model being built.
#[derive(Clone)]
pub struct Model {
    pub opset: i64,
    pub graph: GraphProto,
}

impl Model {
    pub fn new(opset: i64) -> Self {
        Self { opset, graph: GraphProto { name: "test".into(), ..GraphProto::default() } }
    }

    pub fn input(mut self, name: &str, dims: &[i64]) -> Self {
        self.graph.input.push(value_info(name, dims, DataType::Float));
        self
    }

    pub fn init(mut self, tensor: TensorProto) -> Self {
        self.graph.initializer.push(tensor);
        self
    }

    pub fn node(mut self, op: &str, inputs: &str, outputs: &str, attributes: Vec<AttributeProto>) -> Self {
        self.graph.node.push(node(op, inputs, outputs, attributes));
        self
    }

    pub fn output(mut self, name: &str) -> Self {
        let info = ValueInfoProto {
            name: name.into(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: DataType::Float as i32,
                    shape: None,
                })),
                ..TypeProto::default()
            }),
            ..ValueInfoProto::default()
        };
        self.graph.output.push(info);
        self
    }

    pub fn proto(&self) -> ModelProto {
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: self.opset }],
            graph: Some(self.graph.clone()),
            ..ModelProto::default()
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.proto().encode_to_vec()
    }

    /// Compiles with inputs in \[lo, hi\].
    pub fn compile(&self, lo: f64, hi: f64) -> Result<Compiled, CompileError> {
        let options = CompileOptions { ranges: InputRanges::global(lo, hi), samples: 12, ..CompileOptions::default() };
        compile_model(&OnnxModel::from_bytes(&self.bytes())?, &options)
    }

    /// The program agrees with tract to `tolerance` on random inputs from \[−size, size\].
    #[track_caller]
    pub fn agrees(&self, size: f64, tolerance: f64) -> Compiled {
        self.agrees_on(-size, size, tolerance)
    }

    #[track_caller]
    pub fn agrees_on(&self, lo: f64, hi: f64, tolerance: f64) -> Compiled {
        let compiled = self.compile(lo, hi).unwrap_or_else(|e| panic!("{e}"));
        let accuracy = &compiled.report.accuracy;
        assert_eq!(accuracy.oracle, "tract", "{:?}", compiled.report.warnings);
        assert!(accuracy.max_abs <= tolerance, "error {:e} > {tolerance:e}", accuracy.max_abs);
        compiled
    }
}

/// A model of one node with input x.
pub fn unary(op: &str, opset: i64, dims: &[i64], attributes: Vec<AttributeProto>) -> Model {
    Model::new(opset).input("x", dims).node(op, "x", "y", attributes).output("y")
}

pub use pb::tensor_proto::DataType as Type;
