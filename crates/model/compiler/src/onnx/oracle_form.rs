//! What tract 0.23 computes wrongly, written in a form that it computes correctly.
//!
//! What it computes wrongly and this crate does not rewrite is listed in [`misread`]: then the compiler's own float run is
//! the reference.
//!
//! tract ignores `direction = "reverse"` of a recurrent layer with one direction and runs it forward. A reverse layer is a
//! forward layer between two reversals of time.

use tract_onnx::pb::{
    AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto::AttributeType, tensor_proto::DataType,
};

/// Replaces reverse recurrent layers by forward ones (from operator set 10 on, which has steps in Slice).
pub(super) fn unroll_reverse(graph: &mut GraphProto) {
    let mut nodes = Vec::with_capacity(graph.node.len());
    for (i, mut node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        if !is_reverse(&node) {
            nodes.push(node);
            continue;
        }
        let axis = i64::from(node.attribute.iter().any(|a| a.name == "layout" && a.i == 1));
        let name = |part: &str| format!("vouch.reverse.{i}.{part}");
        for (part, value) in [("start", -1), ("end", i64::MIN + 1), ("axis", axis), ("step", -1)] {
            graph.initializer.push(TensorProto {
                name: name(part),
                dims: vec![1],
                data_type: DataType::Int64 as i32,
                int64_data: vec![value],
                ..TensorProto::default()
            });
        }
        let slice = |from: String, to: String| NodeProto {
            name: to.clone(),
            op_type: "Slice".into(),
            input: vec![from, name("start"), name("end"), name("axis"), name("step")],
            output: vec![to],
            ..NodeProto::default()
        };
        node.attribute.retain(|a| a.name != "direction");
        node.attribute.push(AttributeProto {
            name: "direction".into(),
            r#type: AttributeType::String as i32,
            s: b"forward".to_vec(),
            ..AttributeProto::default()
        });
        if let Some(x) = node.input.first_mut() {
            nodes.push(slice(std::mem::replace(x, name("x")), name("x")));
        }
        let y = node.output.first_mut().filter(|y| !y.is_empty());
        let back = y.map(|y| slice(name("y"), std::mem::replace(y, name("y"))));
        nodes.push(node);
        nodes.extend(back);
    }
    graph.node = nodes;
}

/// Whether a node is a recurrent layer that runs in reverse only.
pub(super) fn is_reverse(node: &NodeProto) -> bool {
    matches!(node.op_type.as_str(), "LSTM" | "GRU" | "RNN")
        && node.attribute.iter().any(|a| a.name == "direction" && a.s == b"reverse")
}

/// What tract makes of a node without an error, and not as ONNX has it.
pub(super) fn misread(node: &NodeProto) -> Option<&'static str> {
    let has = |name: &str| node.attribute.iter().any(|a| a.name == name);
    let alpha = || node.attribute.iter().any(|a| a.name == "alpha" && (a.f - 1.0).abs() > f32::EPSILON);
    match node.op_type.as_str() {
        "SpaceToDepth" if has("mode") => Some("it ignores the mode of SpaceToDepth"),
        "Swish" if alpha() => Some("it ignores the factor of Swish"),
        "Celu" if alpha() => Some("it ignores the divisor of Celu"),
        "Attention" if has("left_window_size") || has("right_window_size") => {
            Some("it ignores the window of Attention")
        }
        _ => None,
    }
}
