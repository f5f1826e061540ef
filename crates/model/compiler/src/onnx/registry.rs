//! All operators, collected from the files that lower them.
//!
//! A file of operators has `OPS`, its operators with the functions that lower them, and `LIMITS`, what is not supported
//! of an operator, for `docs/operators.md`. An operator of another domain is written `domain:Name`, as in
//! `ai.onnx.ml:Scaler`.

use super::{
    attributes::Lower, average_pool, batch_normalization, bits, compare, concat, constant, conv, cumulative,
    elementwise, gather, gemm, gru, loss, lstm, mat_mul, max_pool, ml, order, pad, reduce, reshape, rnn, rounding,
    slice, softmax, split, transpose, unary, variadic,
};

/// The operators of one file.
pub(super) struct Family {
    pub(super) ops: &'static [(&'static str, Lower)],
    /// Restrictions, by operator.
    pub(super) limits: &'static [(&'static str, &'static str)],
}

/// Everything that the crate can lower, file by file.
pub(super) const FAMILIES: &[Family] = &[
    Family { ops: average_pool::OPS, limits: average_pool::LIMITS },
    Family { ops: batch_normalization::OPS, limits: batch_normalization::LIMITS },
    Family { ops: bits::OPS, limits: bits::LIMITS },
    Family { ops: compare::OPS, limits: compare::LIMITS },
    Family { ops: concat::OPS, limits: concat::LIMITS },
    Family { ops: constant::OPS, limits: constant::LIMITS },
    Family { ops: conv::OPS, limits: conv::LIMITS },
    Family { ops: cumulative::OPS, limits: cumulative::LIMITS },
    Family { ops: elementwise::OPS, limits: elementwise::LIMITS },
    Family { ops: gather::OPS, limits: gather::LIMITS },
    Family { ops: gemm::OPS, limits: gemm::LIMITS },
    Family { ops: gru::OPS, limits: gru::LIMITS },
    Family { ops: loss::OPS, limits: loss::LIMITS },
    Family { ops: lstm::OPS, limits: lstm::LIMITS },
    Family { ops: mat_mul::OPS, limits: mat_mul::LIMITS },
    Family { ops: max_pool::OPS, limits: max_pool::LIMITS },
    Family { ops: order::OPS, limits: order::LIMITS },
    Family { ops: pad::OPS, limits: pad::LIMITS },
    Family { ops: reduce::OPS, limits: reduce::LIMITS },
    Family { ops: reshape::OPS, limits: reshape::LIMITS },
    Family { ops: rnn::OPS, limits: rnn::LIMITS },
    Family { ops: rounding::OPS, limits: rounding::LIMITS },
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
    }
}
