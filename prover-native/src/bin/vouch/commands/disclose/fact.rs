//! Statements from arguments, and for people. Arguments are in the tensor's unit: x = integer / scale, so that LO ≤ Σ w·x ≤ HI is
//! ⌈LO·scale⌉ ≤ Σ w·integer ≤ ⌊HI·scale⌋.

use std::path::PathBuf;

use serde_json::{Value, json};
use vouch::{fact_index, files};
use vouch_disclosure::{MAX_WEIGHT, Statement};
use vouch_verifier::TensorSpec;

use crate::failure::{Failure, Kind};

/// A fact: `LO ≤ Σ weights·values ≤ HI`, in the tensor's unit.
#[derive(Debug, clap::Args)]
pub(crate) struct FactArgs {
    /// The fact is about this value of the tensor, in row-major order from 0
    #[arg(long, value_name = "INDEX", conflicts_with = "weights")]
    pub(crate) index: Option<usize>,
    /// The fact is about the sum of all values times these integers (a JSON list)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// It is from LO to HI, both included; LO,LO says that it is LO
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true)]
    pub(crate) value_range: Option<String>,
}

/// Larger lists of weights do not exist.
const MAX_WEIGHTS: u64 = 64 << 20;

/// The statement that the arguments make, if they make one.
pub(super) fn statement(fact: &FactArgs, spec: &TensorSpec) -> Result<Option<Statement>, Failure> {
    let weights: Option<Vec<i64>> = match &fact.weights {
        Some(file) => {
            let wrong = |e| Failure::new(Kind::Input, format!("{}: {e}", file.display()));
            Some(serde_json::from_slice(&files::read(file, MAX_WEIGHTS)?).map_err(wrong)?)
        }
        None => None,
    };
    let range = fact.value_range.as_deref().map(|text| range(text, spec)).transpose()?;
    Ok(match (fact.index, weights, range) {
        (None, None, None) => None,
        (Some(index), None, Some((lo, hi))) => Some(Statement::element(spec, index, lo, hi)?),
        (None, Some(weights), Some((lo, hi))) => Some(Statement::weighted(spec, weights, lo, hi)?),
        _ => {
            let message = "a fact takes --value-range LO,HI and either --index I or --weights FILE";
            return Err(Failure::new(Kind::Usage, message));
        }
    })
}

/// `LO,HI` as integers of the tensor.
fn range(text: &str, spec: &TensorSpec) -> Result<(i64, i64), Failure> {
    let wrong = || Failure::new(Kind::Usage, format!("`{text}` is no range: two numbers are expected, LO,HI"));
    let (lo, hi) = text.split_once(',').ok_or_else(wrong)?;
    let real = |part: &str| part.trim().parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(wrong);
    Ok(vouch::fact_bounds(spec, real(lo)?, real(hi)?)?)
}

/// The statement for machines: its integers, and its bounds in the tensor's unit.
pub(super) fn json(statement: &Statement, spec: &TensorSpec) -> Value {
    json!({
        "tensor": statement.tensor,
        "weights": statement.weights,
        "index": fact_index(statement),
        "lo": statement.lo,
        "hi": statement.hi,
        "real_lo": statement.lo as f64 / spec.scale,
        "real_hi": statement.hi as f64 / spec.scale,
        "unit": spec.unit,
        "max_weight": MAX_WEIGHT,
    })
}
