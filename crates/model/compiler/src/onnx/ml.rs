//! The domain `ai.onnx.ml`: classical models as scikit-learn, XGBoost and LightGBM export them.

mod classes;
mod encoding;
mod forest;
mod last;
mod linear;
mod scaling;
mod svm;
mod tree_ensemble;

use tract_onnx::pb;

use super::attributes::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family { ops: encoding::OPS, limits: encoding::LIMITS },
    Family { ops: linear::OPS, limits: linear::LIMITS },
    Family { ops: scaling::OPS, limits: scaling::LIMITS },
    Family { ops: svm::OPS, limits: svm::LIMITS },
    Family { ops: tree_ensemble::OPS, limits: tree_ensemble::LIMITS },
];

/// The domain's name.
const DOMAIN: &str = "ai.onnx.ml";

/// What the caller should know about nodes that are not lowered as they are: maps that are dropped, and names of classes
/// that become indices.
pub(super) fn notes(graph: &pb::GraphProto) -> Vec<String> {
    let mut notes = Vec::new();
    for node in graph.node.iter().filter(|n| n.domain == DOMAIN) {
        let name = |list: &[String]| list.first().cloned().unwrap_or_default();
        if node.op_type == "ZipMap" {
            let output = name(&node.output);
            notes.push(format!("`{output}` is a tensor with a value for each class: the map of ZipMap is dropped"));
        }
        let Some(labels) = node.attribute.iter().find(|a| a.name == "classlabels_strings" && !a.strings.is_empty())
        else {
            continue;
        };
        if node.op_type == "ZipMap" {
            continue;
        }
        const SHOWN: usize = 20;
        let text = |(i, s): (usize, &Vec<u8>)| format!("{i} = {}", String::from_utf8_lossy(s));
        let mut list: Vec<String> = labels.strings.iter().enumerate().take(SHOWN).map(text).collect();
        if labels.strings.len() > SHOWN {
            list.push("…".into());
        }
        notes.push(format!("`{}` is the index of the class: {}", name(&node.output), list.join(", ")));
    }
    notes
}
