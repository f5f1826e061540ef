//! Which configuration: the cheapest that is accurate enough, and among equally cheap ones the most accurate.
//!
//! How accurate a configuration is depends on all bits of the weights. Where these are private, only one thing is taken
//! from that: whether the configuration is accurate enough. Among equally cheap ones that are, the first one counts.

use vouch_program::WeightMode;

use super::{accuracy::Reference, variants};
use crate::{
    AccuracyReport, CompileError, CompileOptions, NamedTensors,
    graph::{Graph, Ranges, Span},
    quantize::{Config, Quantized, quantize},
};

/// A tried configuration.
pub(super) struct Candidate {
    pub(super) config: Config,
    pub(super) clamped: bool,
    pub(super) quantized: Quantized,
    /// The graph that was quantized.
    pub(super) variant: usize,
    pub(super) accuracy: AccuracyReport,
    pub(super) tried: usize,
}

/// Limbs of inputs with a fine scale. They are tried only where others are not accurate enough: hidden inputs have two.
const FINE: u32 = 3;

/// The configurations with a given number of dropped bits.
fn configs(limb_bits: u8, drop: u8, weights: WeightMode) -> Vec<Config> {
    let b = u32::from(limb_bits);
    let config = |first_bits, last_bits, function_bits| Config {
        limb_bits,
        drop,
        first_bits,
        last_bits,
        function_bits,
        weights,
    };
    if drop == limb_bits {
        // With few dropped bits the scales must grow from layer to layer to leave bits for the weights.
        [b, b + 1, b + 2, b + 3]
            .into_iter()
            .flat_map(|f| [2 * b - 1, 2 * b - 3].map(|l| config(f, l, 2 * b + 2)))
            .collect()
    } else {
        let mut all = Vec::new();
        for function in [2 * b + 3, 2 * b + 2, 2 * b + 1] {
            for first in [2 * b - 2, 2 * b - 3, 2 * b - 4] {
                all.push(config(first, 2 * b - 2, function));
            }
        }
        // Columns of an input may have ranges of their own: for those of small numbers its scale is finer.
        all.push(config(FINE * b - 2, 2 * b - 2, 2 * b + 3));
        all
    }
}

pub(super) fn search(
    graph: &Graph,
    ranges: &Ranges,
    spans: &[Span],
    options: &CompileOptions,
    drawn: &[NamedTensors],
    reference: &Reference<'_>,
) -> Result<Candidate, CompileError> {
    let mut best: Option<Candidate> = None;
    let mut failure = None;
    let mut tried = 0;
    let variants = variants(graph, spans, options, drawn, ranges)?;
    for drop in [options.limb_bits, 2 * options.limb_bits] {
        for (variant, (clamped, graph, ranges)) in variants.iter().enumerate() {
            let mut here: Option<Candidate> = None;
            for config in configs(options.limb_bits, drop, options.weights) {
                let reached = here.as_ref().is_some_and(|h| h.merit().reaches(options.aim));
                if reached && config.first_bits > 2 * u32::from(options.limb_bits) {
                    continue;
                }
                tried += 1;
                let result = quantize(graph, ranges, spans, &config)
                    .and_then(|q| reference.measure(&q.program).map(|accuracy| (q, accuracy)));
                match result {
                    Ok((quantized, accuracy)) => {
                        let found = Candidate { config, clamped: *clamped, variant, quantized, accuracy, tried };
                        if here.as_ref().is_none_or(|h| better(found.merit(), h.merit(), options)) {
                            here = Some(found);
                        }
                    }
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            let reached = here.as_ref().is_some_and(|h| h.merit().reaches(options.aim));
            if let Some(found) = here
                && best.as_ref().is_none_or(|b| reached || found.accuracy.excess() < b.accuracy.excess())
            {
                best = Some(found);
            }
            if reached {
                return finish(best, failure, tried);
            }
        }
    }
    let mut best = finish(best, failure, tried)?;
    let missed = best.accuracy.missed().next().map(|o| o.name.clone());
    if let Some(missed) = missed {
        let graph = &variants[best.variant].1;
        best.accuracy.costliest = reference.costliest(graph, &best.quantized, &missed);
    }
    Ok(best)
}

fn finish(best: Option<Candidate>, failure: Option<CompileError>, tried: usize) -> Result<Candidate, CompileError> {
    match (best, failure) {
        (Some(best), _) => Ok(Candidate { tried, ..best }),
        (None, Some(error)) => Err(error),
        (None, None) => Err(CompileError::Malformed { reason: "there is nothing to compile".into() }),
    }
}

/// What candidates are compared by.
#[derive(Clone, Copy, Debug)]
struct Merit {
    /// The largest error, as a part of what is acceptable.
    excess: f64,
    /// See [`Quantized::cost`].
    cost: f64,
    /// Whether rounding an input takes a jump, which a finer scale may not.
    jumps: bool,
}

impl Merit {
    fn reaches(self, aim: f64) -> bool {
        self.excess <= aim && !self.jumps
    }
}

impl Candidate {
    fn merit(&self) -> Merit {
        let jumps = self.accuracy.outputs.iter().any(|o| o.as_given.is_some());
        Merit { excess: self.accuracy.excess(), cost: self.quantized.cost() as f64, jumps }
    }
}

/// Reaching `aim` of the acceptable errors counts first, then the cost (differences under 2 % do not count), then the error.
/// With private weights errors do not count once they are acceptable.
fn better(a: Merit, b: Merit, options: &CompileOptions) -> bool {
    let reaches = |m: Merit| m.reaches(options.aim);
    if reaches(a) != reaches(b) {
        return reaches(a);
    }
    if reaches(a) && (a.cost - b.cost).abs() > 0.02 * a.cost.max(b.cost) {
        return a.cost < b.cost;
    }
    if reaches(a) && options.weights == WeightMode::Private {
        return false;
    }
    a.excess < b.excess
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_aim_comes_first_then_the_cost_then_the_error() {
        let merit = |excess, cost| Merit { excess, cost, jumps: false };
        let order = |a, b, aim| {
            let options = CompileOptions { aim, ..CompileOptions::default() };
            (better(a, b, &options), better(b, a, &options))
        };
        let (dear, cheap) = (merit(0.4, 200.0), merit(0.7, 100.0));
        assert_eq!(order(dear, cheap, 0.5), (true, false), "only the dear one reaches the aim");
        assert_eq!(order(dear, cheap, 1.0), (false, true), "both reach it");
        assert_eq!(order(dear, cheap, 0.1), (true, false), "neither does: the error counts");
        assert_eq!(order(merit(0.4, 101.0), merit(0.7, 100.0), 1.0), (true, false), "costs within 2 %");
        assert_eq!(order(dear, dear, 1.0), (false, false));
    }

    #[test]
    fn with_private_weights_errors_that_are_acceptable_do_not_count() {
        let options = CompileOptions { weights: WeightMode::Private, ..CompileOptions::default() };
        let merit = |excess, cost| Merit { excess, cost, jumps: false };
        let order = |a, b| (better(a, b, &options), better(b, a, &options));
        assert_eq!(order(merit(0.4, 101.0), merit(0.7, 100.0)), (false, false), "the first of the two stays");
        assert_eq!(order(merit(0.7, 90.0), merit(0.4, 100.0)), (true, false), "the cheaper one");
        assert_eq!(order(merit(1.2, 90.0), merit(1.3, 100.0)), (true, false), "neither is accurate enough");
        assert_eq!(order(merit(0.9, 200.0), merit(1.1, 100.0)), (true, false), "only the dear one is accurate enough");
    }
}
