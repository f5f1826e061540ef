//! What the caller decides.

use std::collections::BTreeMap;

use vouch_program::WeightMode;

use crate::{CompileError, data::Samples};

/// Declared ranges of the inputs, in their own units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputRanges {
    /// For every input that has no range of its own.
    pub global: Option<(f64, f64)>,
    /// By input name.
    pub inputs: BTreeMap<String, (f64, f64)>,
}

impl InputRanges {
    /// One range for all inputs.
    pub fn global(lo: f64, hi: f64) -> Self {
        Self { global: Some((lo, hi)), inputs: BTreeMap::new() }
    }

    /// Adds a range for one input.
    #[must_use]
    pub fn with(mut self, name: &str, lo: f64, hi: f64) -> Self {
        self.inputs.insert(name.to_owned(), (lo, hi));
        self
    }

    /// The range of an input, if declared.
    pub fn of(&self, name: &str) -> Option<(f64, f64)> {
        self.inputs.get(name).copied().or(self.global)
    }

    /// Adds a range written as `LO,HI` (all inputs) or `NAME=LO,HI`, as on a command line.
    ///
    /// # Errors
    /// [`CompileError::Option`] if the text has another form.
    pub fn add(&mut self, text: &str) -> Result<(), CompileError> {
        let wrong = || CompileError::Option {
            option: "input-range",
            reason: format!("`{text}` is neither LO,HI nor NAME=LO,HI"),
        };
        let (name, pair) = match text.rsplit_once('=') {
            Some((name, pair)) => (Some(name), pair),
            None => (None, text),
        };
        let (lo, hi) = pair.split_once(',').ok_or_else(wrong)?;
        let number = |s: &str| s.trim().parse::<f64>().map_err(|_| wrong());
        let range = (number(lo)?, number(hi)?);
        match name {
            Some(name) => _ = self.inputs.insert(name.to_owned(), range),
            None => self.global = Some(range),
        }
        Ok(())
    }
}

/// What fixes the open axes of inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputShapes {
    /// Sizes of open dimensions, by the symbols that the model gives them.
    pub dims: BTreeMap<String, usize>,
    /// Whole shapes, by input name.
    pub inputs: BTreeMap<String, Vec<usize>>,
}

impl InputShapes {
    /// Adds a dimension written as `NAME=N`, as on a command line.
    ///
    /// # Errors
    /// [`CompileError::Option`] if the text has another form or the name is there already.
    pub fn add_dim(&mut self, text: &str) -> Result<(), CompileError> {
        let wrong = |reason| Err(CompileError::Option { option: "dim", reason });
        let pair = text.rsplit_once('=').and_then(|(name, n)| Some((name, n.trim().parse::<usize>().ok()?)));
        let Some((name, n)) = pair else { return wrong(format!("`{text}` is not NAME=N")) };
        if self.dims.insert(name.to_owned(), n).is_some() {
            return wrong(format!("`{name}` is there twice"));
        }
        Ok(())
    }

    /// Adds a shape written as `INPUT=N,N,…`, as on a command line. A scalar's is `INPUT=`.
    ///
    /// # Errors
    /// [`CompileError::Option`] if the text has another form or the name is there already.
    pub fn add_shape(&mut self, text: &str) -> Result<(), CompileError> {
        let wrong = |reason| Err(CompileError::Option { option: "shape", reason });
        let shape = |list: &str| match list.trim() {
            "" => Some(Vec::new()),
            list => list.split(',').map(|n| n.trim().parse::<usize>().ok()).collect(),
        };
        let pair = text.rsplit_once('=').and_then(|(name, list)| Some((name, shape(list)?)));
        let Some((name, shape)) = pair else { return wrong(format!("`{text}` is not INPUT=N,N,…")) };
        if self.inputs.insert(name.to_owned(), shape).is_some() {
            return wrong(format!("`{name}` is there twice"));
        }
        Ok(())
    }
}

/// Scales of inputs that the caller fixes: integers a unit, by input name.
///
/// The integers of an input with a given scale are `round(real · scale)`, so that they can be compared with the outputs of another program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputScales(pub BTreeMap<String, f64>);

impl InputScales {
    /// Adds a scale written as `NAME=SCALE`, as on a command line.
    ///
    /// # Errors
    /// [`CompileError::Option`] if the text has another form or the name is there already.
    pub fn add(&mut self, text: &str) -> Result<(), CompileError> {
        add_number(&mut self.0, "input-scale", "NAME=SCALE", text)
    }
}

/// Largest acceptable absolute errors of outputs, in their own units, by output name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaxErrors(pub BTreeMap<String, f64>);

impl MaxErrors {
    /// Adds an error written as `NAME=ABS`, as on a command line.
    ///
    /// # Errors
    /// [`CompileError::Option`] if the text has another form or the name is there already.
    pub fn add(&mut self, text: &str) -> Result<(), CompileError> {
        add_number(&mut self.0, "max-error", "NAME=ABS", text)
    }

    /// As [`MaxErrors::add`], for the option `accept-error`.
    ///
    /// # Errors
    /// As [`MaxErrors::add`].
    pub fn accept(&mut self, text: &str) -> Result<(), CompileError> {
        add_number(&mut self.0, "accept-error", "OUTPUT=ABS", text)
    }
}

/// Adds a number written as `NAME=NUMBER`.
fn add_number(
    to: &mut BTreeMap<String, f64>,
    option: &'static str,
    form: &str,
    text: &str,
) -> Result<(), CompileError> {
    let wrong = |reason| Err(CompileError::Option { option, reason });
    let pair = text.rsplit_once('=').and_then(|(name, number)| Some((name, number.trim().parse::<f64>().ok()?)));
    let Some((name, number)) = pair else { return wrong(format!("`{text}` is not {form}")) };
    if to.insert(name.to_owned(), number).is_some() {
        return wrong(format!("`{name}` is there twice"));
    }
    Ok(())
}

/// Inputs that the caller wants the program to be accurate on.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenSamples {
    /// What the report calls them: the name of a file.
    pub source: String,
    /// The inputs, inside the declared ranges.
    pub samples: Samples,
}

/// Options of [`compile`](crate::compile).
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// Declared input ranges. Where they are missing, the model's `vouch.schema` metadata and then the calibration data
    /// are used.
    pub ranges: InputRanges,
    /// Fixed scales of inputs. They come before those of the model's `vouch.schema` metadata; the compiler chooses the others.
    pub scales: InputScales,
    /// Representative inputs. Intermediate ranges then come from a float run on them, widened by `margin`, instead of
    /// from interval arithmetic alone; and the accuracy is measured on them.
    pub calibration: Option<Samples>,
    /// How far calibrated ranges are widened on each side, as a part of their width.
    pub margin: f64,
    /// Inputs on which accuracy is measured in addition to random (or calibration) ones. No ranges are taken from them.
    pub given: Option<GivenSamples>,
    /// Largest acceptable error of an output that has none in `max_errors`, as a part of the width of its observed range.
    pub target_error: f64,
    /// Largest acceptable absolute errors of outputs; they take the place of `target_error`.
    pub max_errors: MaxErrors,
    /// Absolute errors of outputs that are accepted where the program misses what is acceptable. They change nothing about
    /// the search.
    pub accepted: MaxErrors,
    /// The part of the acceptable errors that the search aims at: less than 1 leaves room for inputs that were not measured.
    pub aim: f64,
    /// Bits of a limb of the program.
    pub limb_bits: u8,
    /// Who learns the weights. If nobody does, the program without its weights depends on them only through exponents:
    /// ranges are rounded outward to powers of two, and among accurate configurations the first one is taken.
    pub weights: WeightMode,
    /// Seed of the random inputs on which accuracy is measured when there is no calibration data.
    pub seed: u64,
    /// How many random or calibration inputs the accuracy is measured on.
    pub samples: usize,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self {
            ranges: InputRanges::default(),
            scales: InputScales::default(),
            calibration: None,
            margin: 0.25,
            given: None,
            target_error: 5e-4,
            max_errors: MaxErrors::default(),
            accepted: MaxErrors::default(),
            aim: 1.0,
            limb_bits: 10,
            weights: WeightMode::Fixed,
            seed: 0,
            samples: 20,
        }
    }
}

impl CompileOptions {
    pub(crate) fn check(&self) -> Result<(), CompileError> {
        let wrong = |option, reason: &str| Err(CompileError::Option { option, reason: reason.to_owned() });
        if !(6..=14).contains(&self.limb_bits) {
            return wrong("limb_bits", "must be 6 to 14");
        }
        if !(self.margin.is_finite() && (0.0..=100.0).contains(&self.margin)) {
            return wrong("margin", "must be a number from 0 to 100");
        }
        if !(self.target_error.is_finite() && self.target_error > 0.0) {
            return wrong("target_error", "must be a positive number");
        }
        if self.max_errors.0.values().any(|e| !(e.is_finite() && *e > 0.0)) {
            return wrong("max-error", "must be a positive number");
        }
        if self.accepted.0.values().any(|e| !(e.is_finite() && *e > 0.0)) {
            return wrong("accept-error", "must be a positive number");
        }
        if !(self.aim > 0.0 && self.aim <= 1.0) {
            return wrong("aim", "must be above 0 and at most 1");
        }
        if !(1..=10_000).contains(&self.samples) {
            return wrong("samples", "must be 1 to 10000");
        }
        if self.calibration.as_ref().is_some_and(Vec::is_empty) {
            return wrong("calibration", "has no samples");
        }
        if self.given.as_ref().is_some_and(|g| g.samples.is_empty()) {
            return wrong("samples", "the file has no samples");
        }
        Ok(())
    }
}
