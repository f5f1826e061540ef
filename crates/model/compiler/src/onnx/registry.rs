//! All operators, collected from the files that lower them.
//!
//! A file of operators has `OPS`, its operators with the functions that lower them, and `LIMITS`, what is not supported
//! of an operator, for `docs/operators.md`. An operator of another domain is written `domain:Name`, as in
//! `ai.onnx.ml:Scaler`.

use super::{
    attention,
    attributes::{Family, Lower},
    average_pool, batch_normalization, bits, compare, concat, constant, conv, conv_transpose, cumulative,
    data_dependent, deform_conv, einsum, elementwise, gather, gemm, grid_sample, gru,
    known::KNOWN,
    layout, linear_attention, loss, lp_pool, lstm, mat_mul, max_pool, microsoft, ml, normalizations, one_hot, order,
    pad, quantization, reduce, reshape, resize, rnn, roi_align, rotary, rounding, scatter, signal, slice, softmax,
    split, transpose, unary, variadic,
};

/// Everything that the crate can lower, file by file.
pub(super) const FAMILIES: &[Family] = &[
    Family { ops: attention::OPS, limits: attention::LIMITS },
    Family { ops: average_pool::OPS, limits: average_pool::LIMITS },
    Family { ops: batch_normalization::OPS, limits: batch_normalization::LIMITS },
    Family { ops: bits::OPS, limits: bits::LIMITS },
    Family { ops: compare::OPS, limits: compare::LIMITS },
    Family { ops: concat::OPS, limits: concat::LIMITS },
    Family { ops: constant::OPS, limits: constant::LIMITS },
    Family { ops: conv::OPS, limits: conv::LIMITS },
    Family { ops: conv_transpose::OPS, limits: conv_transpose::LIMITS },
    Family { ops: cumulative::OPS, limits: cumulative::LIMITS },
    Family { ops: data_dependent::OPS, limits: data_dependent::LIMITS },
    Family { ops: deform_conv::OPS, limits: deform_conv::LIMITS },
    Family { ops: einsum::OPS, limits: einsum::LIMITS },
    Family { ops: elementwise::OPS, limits: elementwise::LIMITS },
    Family { ops: gather::OPS, limits: gather::LIMITS },
    Family { ops: gemm::OPS, limits: gemm::LIMITS },
    Family { ops: grid_sample::OPS, limits: grid_sample::LIMITS },
    Family { ops: gru::OPS, limits: gru::LIMITS },
    Family { ops: layout::OPS, limits: layout::LIMITS },
    Family { ops: linear_attention::OPS, limits: linear_attention::LIMITS },
    Family { ops: loss::OPS, limits: loss::LIMITS },
    Family { ops: lp_pool::OPS, limits: lp_pool::LIMITS },
    Family { ops: lstm::OPS, limits: lstm::LIMITS },
    Family { ops: mat_mul::OPS, limits: mat_mul::LIMITS },
    Family { ops: max_pool::OPS, limits: max_pool::LIMITS },
    Family { ops: microsoft::OPS, limits: microsoft::LIMITS },
    Family { ops: normalizations::OPS, limits: normalizations::LIMITS },
    Family { ops: one_hot::OPS, limits: one_hot::LIMITS },
    Family { ops: order::OPS, limits: order::LIMITS },
    Family { ops: pad::OPS, limits: pad::LIMITS },
    Family { ops: quantization::OPS, limits: quantization::LIMITS },
    Family { ops: reduce::OPS, limits: reduce::LIMITS },
    Family { ops: reshape::OPS, limits: reshape::LIMITS },
    Family { ops: resize::OPS, limits: resize::LIMITS },
    Family { ops: rnn::OPS, limits: rnn::LIMITS },
    Family { ops: roi_align::OPS, limits: roi_align::LIMITS },
    Family { ops: rotary::OPS, limits: rotary::LIMITS },
    Family { ops: rounding::OPS, limits: rounding::LIMITS },
    Family { ops: scatter::OPS, limits: scatter::LIMITS },
    Family { ops: signal::OPS, limits: signal::LIMITS },
    Family { ops: slice::OPS, limits: slice::LIMITS },
    Family { ops: softmax::OPS, limits: softmax::LIMITS },
    Family { ops: split::OPS, limits: split::LIMITS },
    Family { ops: transpose::OPS, limits: transpose::LIMITS },
    Family { ops: unary::OPS, limits: unary::LIMITS },
    Family { ops: variadic::OPS, limits: variadic::LIMITS },
];

/// The families of all domains.
pub(super) fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().chain(ml::FAMILIES)
}

/// Lowers an operator: from a node to its results.
pub(super) fn find(key: &str) -> Option<Lower> {
    families().flat_map(|f| f.ops).find(|(name, _)| *name == key).map(|(_, lower)| *lower)
}

/// Operators that the importer expands itself, with their restrictions.
const CONTROL: &[(&str, &str)] = &[
    ("If", "the condition is constant"),
    ("Loop", "the trip count and the condition are constant"),
    ("Scan", "from operator set 9 on"),
];

/// What is known of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorInfo {
    /// Its name; of a domain other than the default one, `domain:Name`.
    pub name: &'static str,
    /// The operator set that it came with.
    pub since: i64,
    /// Whether this crate lowers it.
    pub supported: bool,
    /// What of it is not supported, empty if nothing is.
    pub limits: &'static str,
}

/// Every operator of ONNX, in the order of names.
pub fn operators() -> Vec<OperatorInfo> {
    let limits = || families().flat_map(|f| f.limits).chain(CONTROL);
    let info = |&(name, since): &(&'static str, i64)| OperatorInfo {
        name,
        since,
        supported: find(name).is_some() || CONTROL.iter().any(|c| c.0 == name),
        limits: limits().find(|l| l.0 == name).map_or("", |l| l.1),
    };
    KNOWN.iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_operator_is_lowered_by_one_file() {
        let mut seen = BTreeSet::new();
        for (name, _) in families().flat_map(|f| f.ops) {
            assert!(seen.insert(*name), "{name} twice");
        }
        for (name, _) in families().flat_map(|f| f.limits) {
            assert!(seen.contains(name), "limits of {name}, which is not lowered");
        }
        for name in seen {
            assert!(KNOWN.iter().any(|k| k.0 == name), "ONNX has no operator {name}");
        }
    }
}
