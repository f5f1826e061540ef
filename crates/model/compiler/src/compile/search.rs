//! Which configuration: the cheapest that is accurate enough, and among equally cheap ones the most accurate.
//!
//! How accurate a configuration is depends on all bits of the weights. Where these are private, only one thing is taken
//! from that: whether the configuration is accurate enough. Among equally cheap ones that are, the first one counts.

use vouch_program::WeightMode;

use super::{Prepared, Variant};
use crate::{
    AccuracyReport, CompileError, CompileOptions,
    quantize::{Config, Quantized, quantize},
};

/// A tried configuration.
pub(super) struct Candidate {
    pub(super) config: Config,
    pub(super) clamped: bool,
    pub(super) quantized: Quantized,
    /// The graph that was quantized.
    pub(super) variant: usize,
    /// Whether its ranges are those of random inputs.
    pub(super) sampled: bool,
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

/// Multiplications of all samples of one configuration beyond which only few configurations are measured.
const LARGE: usize = 1 << 28;

/// So many samples show whether a configuration is worth all of them.
const FIRST: usize = 2;

pub(super) fn search(model: &Prepared<'_>, options: &CompileOptions) -> Result<Candidate, CompileError> {
    let mut best: Option<Candidate> = None;
    let mut failure = None;
    let mut tried = 0;
    if model.graph.work().saturating_mul(model.reference.samples()) > LARGE {
        few(model, options, &mut best, &mut failure, &mut tried);
    } else {
        all(model, options, &model.variants, &mut best, &mut failure, &mut tried);
        if best.as_ref().is_none_or(|b| b.accuracy.excess() > 1.0) {
            let found = all_sampled(model, options, &mut failure, &mut tried);
            // Intervals hold for every input: ranges that do not take their place for a little.
            let worth = |f: &Candidate, b: &Candidate| {
                f.excess() < if f.excess() <= 1.0 { b.excess() } else { b.excess() / 4.0 }
            };
            if let Some(found) = found.filter(|f| best.as_ref().is_none_or(|b| worth(f, b))) {
                best = Some(found);
            }
        }
    }
    let mut best = finish(best, failure, tried)?;
    let missed = best.accuracy.missed().next().map(|o| o.name.clone());
    if let Some(missed) = missed {
        let variants = if best.sampled { model.sampled() } else { &model.variants };
        best.accuracy.costliest = model.reference.costliest(&variants[best.variant].graph, &best.quantized, &missed);
    }
    Ok(best)
}

/// All configurations, until one reaches the aim.
fn all(
    model: &Prepared<'_>,
    options: &CompileOptions,
    variants: &[Variant],
    best: &mut Option<Candidate>,
    failure: &mut Option<CompileError>,
    tried: &mut usize,
) {
    for drop in [options.limb_bits, 2 * options.limb_bits] {
        for (index, variant) in variants.iter().enumerate() {
            let mut here: Option<Candidate> = None;
            for config in configs(options.limb_bits, drop, options.weights) {
                let reached = here.as_ref().is_some_and(|h| h.merit().reaches(options.aim));
                if reached && config.first_bits > 2 * u32::from(options.limb_bits) {
                    continue;
                }
                *tried += 1;
                match candidate(model, variant, index, config, usize::MAX) {
                    Ok(found) => {
                        if here.as_ref().is_none_or(|h| better(found.merit(), h.merit(), options)) {
                            here = Some(found);
                        }
                    }
                    Err(error) => *failure = failure.take().or(Some(error)),
                }
            }
            let reached = here.as_ref().is_some_and(|h| h.merit().reaches(options.aim));
            if let Some(found) = here
                && best.as_ref().is_none_or(|b| reached || found.excess() < b.excess())
            {
                *best = Some(found);
            }
            if reached {
                return;
            }
        }
    }
}

/// As [`all`], with the ranges of random inputs.
fn all_sampled(
    model: &Prepared<'_>,
    options: &CompileOptions,
    failure: &mut Option<CompileError>,
    tried: &mut usize,
) -> Option<Candidate> {
    let mut best = None;
    all(model, options, model.sampled(), &mut best, failure, tried);
    best.map(|b| Candidate { sampled: true, ..b })
}

/// For models whose runs take long: the most accurate configuration of each variant, on few samples, until one reaches the
/// aim; then the cheaper one with less dropped bits. Ranges of random inputs follow those of interval arithmetic, which are not
/// tried where they are too wide to be of use.
fn few(
    model: &Prepared<'_>,
    options: &CompileOptions,
    best: &mut Option<Candidate>,
    failure: &mut Option<CompileError>,
    tried: &mut usize,
) {
    let hopeless = |v: &Variant| model.sampled().first().is_some_and(|s| v.ranges.hopeless(&s.ranges));
    let skip = model.variants.first().is_some_and(hopeless);
    let b = u32::from(options.limb_bits);
    let config = |drop, function_bits| Config {
        limb_bits: options.limb_bits,
        drop,
        first_bits: 2 * b - 2,
        last_bits: 2 * b - 2,
        function_bits,
        weights: options.weights,
    };
    let precise = config(2 * options.limb_bits, 2 * b + 3);
    let cheap = Config { first_bits: b, last_bits: 2 * b - 1, ..config(options.limb_bits, 2 * b + 2) };
    for sampled in [false, true] {
        let variants = if sampled { model.sampled() } else { &model.variants };
        for (index, variant) in variants.iter().enumerate().filter(|_| sampled || !skip) {
            for config in [precise, cheap] {
                *tried += 1;
                let found = candidate(model, variant, index, config, FIRST).and_then(|first| {
                    if first.excess() > options.aim {
                        return Ok(first);
                    }
                    let accuracy = model.reference.measure(&first.quantized.program)?;
                    Ok(Candidate { accuracy, ..first })
                });
                let found = match found {
                    Ok(found) => Candidate { sampled, ..found },
                    Err(error) => {
                        *failure = failure.take().or(Some(error));
                        break;
                    }
                };
                let reached = found.excess() <= options.aim;
                // The cheaper one comes second.
                if best.as_ref().is_none_or(|b| reached || found.excess() < b.excess()) {
                    *best = Some(found);
                }
                if !reached {
                    break;
                }
            }
            if best.as_ref().is_some_and(|b| b.excess() <= options.aim) {
                return;
            }
        }
    }
    // The best so far was measured on few samples only.
    if let Some(found) = best {
        match model.reference.measure(&found.quantized.program) {
            Ok(accuracy) => found.accuracy = accuracy,
            Err(error) => {
                *failure = failure.take().or(Some(error));
                *best = None;
            }
        }
    }
}

/// Quantizes and measures on the first `samples` samples of each set.
fn candidate(
    model: &Prepared<'_>,
    variant: &Variant,
    index: usize,
    config: Config,
    samples: usize,
) -> Result<Candidate, CompileError> {
    let quantized = quantize(&variant.graph, &variant.ranges, &model.spans, &config)?;
    let accuracy = model.reference.measure_first(&quantized.program, samples)?;
    let (clamped, sampled, tried) = (variant.clamped, false, 0);
    Ok(Candidate { config, clamped, quantized, variant: index, sampled, accuracy, tried })
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
    fn excess(&self) -> f64 {
        self.accuracy.excess()
    }

    fn merit(&self) -> Merit {
        let jumps = self.accuracy.outputs.iter().any(|o| o.as_given.is_some());
        Merit { excess: self.excess(), cost: self.quantized.cost() as f64, jumps }
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
