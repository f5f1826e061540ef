//! Compilation, with the options that a program sets one by one.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path};

use vouch_circuit::Objective;
use vouch_compiler::{CompileOptions, GivenSamples, InputRange, InputShapes, OnnxModel, data};
use vouch_program::{Visibility, WeightMode};
use vouch_proving::ProvingError;

use crate::{Card, Inputs, Model, ProvingKey, Result, Setup, compile_cheapest, compile_precise};

/// An ONNX model that was read, and the options of its compilation.
#[derive(Clone, Debug)]
#[must_use]
pub struct Compile {
    onnx: OnnxModel,
    options: CompileOptions,
    limb_bits: Option<u8>,
    batch: u32,
    objective: Objective,
    visibility: BTreeMap<String, Visibility>,
    card: Card,
    name: Option<String>,
}

impl Model {
    /// Reads an ONNX model, to compile it: the options follow, then [`Compile::build`] or [`Compile::setup`].
    ///
    /// # Errors
    /// Kind `Model` if the file cannot be read, is malformed, or has operators that are not supported.
    pub fn compile(path: impl AsRef<Path>) -> Result<Compile> {
        Ok(Compile::new(OnnxModel::load(path.as_ref())?))
    }

    /// As [`compile`](Self::compile), with sizes of dimensions that the model leaves open.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and for sizes that do not fit the model.
    pub fn compile_with(path: impl AsRef<Path>, shapes: &InputShapes) -> Result<Compile> {
        Ok(Compile::new(OnnxModel::load_with(path.as_ref(), shapes)?))
    }

    /// As [`compile_with`](Self::compile_with), from the bytes of an ONNX file.
    ///
    /// # Errors
    /// As [`compile_with`](Self::compile_with).
    pub fn compile_bytes(onnx: &[u8], shapes: &InputShapes) -> Result<Compile> {
        Ok(Compile::new(OnnxModel::from_bytes_with(onnx, shapes)?))
    }
}

impl Compile {
    fn new(onnx: OnnxModel) -> Self {
        // The largest error of `vouch compile`: a thousandth of the outputs' range.
        let options = CompileOptions { target_error: 1e-3, ..CompileOptions::default() };
        let (batch, objective) = (1, Objective::default());
        let (visibility, card) = (BTreeMap::new(), Card { version: "1".to_owned(), ..Card::default() });
        Self { onnx, options, limb_bits: None, batch, objective, visibility, card, name: None }
    }

    /// The model that was read: names and shapes of its inputs.
    pub fn onnx(&self) -> &OnnxModel {
        &self.onnx
    }

    /// Declares the range of every input that has no range of its own, in its unit. Proofs are about inputs in these
    /// ranges only. The model's own schema says them where nothing is declared.
    pub fn input_range(mut self, range: RangeInclusive<f64>) -> Self {
        self.options.ranges.global = Some(range.into_inner());
        self
    }

    /// Declares the range of one input, in its unit.
    pub fn input_range_of(mut self, input: &str, range: RangeInclusive<f64>) -> Self {
        self.options.ranges.inputs.insert(input.to_owned(), range.into_inner());
        self
    }

    /// Fixes how many integers a unit of an input has, where they must be the integers of another model's output.
    pub fn input_scale(mut self, input: &str, scale: f64) -> Self {
        self.options.scales.0.insert(input.to_owned(), scale);
        self
    }

    /// Takes the ranges of inputs and of values inside the model from representative inputs, widened by a quarter of
    /// their width on each side.
    ///
    /// # Errors
    /// Kind `Input` if the file (`.npy`, `.npz`, `.json`) cannot be read, or does not fit the model's inputs.
    pub fn calibration(self, path: impl AsRef<Path>) -> Result<Self> {
        let samples = data::read_inputs(path.as_ref(), self.onnx.inputs(), self.onnx.outputs())?;
        Ok(self.calibration_samples(samples))
    }

    /// As [`calibration`](Self::calibration), from memory.
    pub fn calibration_samples(mut self, samples: Vec<Inputs>) -> Self {
        self.options.calibration = Some(samples);
        self
    }

    /// How far calibrated ranges are widened on each side, as a part of their width (default 0.25).
    pub fn margin(mut self, part: f64) -> Self {
        self.options.margin = part;
        self
    }

    /// Inputs on which the program shall be accurate, besides random ones. No ranges are taken from them.
    ///
    /// # Errors
    /// As [`calibration`](Self::calibration).
    pub fn samples(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let samples = data::read_inputs(path, self.onnx.inputs(), self.onnx.outputs())?;
        self.options.given = Some(GivenSamples { source, samples });
        Ok(self)
    }

    /// As [`samples`](Self::samples), from memory. The report calls them `source`.
    pub fn samples_from(mut self, source: &str, samples: Vec<Inputs>) -> Self {
        self.options.given = Some(GivenSamples { source: source.to_owned(), samples });
        self
    }

    /// The range that each input will have, and where it comes from: an option, the model's schema, calibration data, or
    /// what uses the input.
    ///
    /// # Errors
    /// Kind `Model` if an input has no range, or options and model do not fit.
    pub fn ranges(&self) -> Result<Vec<InputRange>> {
        Ok(vouch_compiler::input_ranges(&self.onnx, &self.options)?)
    }

    /// Largest acceptable error, as a part of the width of the outputs' range (default 0.001).
    pub fn target_error(mut self, part: f64) -> Self {
        self.options.target_error = part;
        self
    }

    /// Largest acceptable absolute error of one output, in its unit.
    pub fn max_error(mut self, output: &str, error: f64) -> Self {
        self.options.max_errors.0.insert(output.to_owned(), error);
        self
    }

    /// Bits of a limb (6 to 14), instead of the cheapest of 10 to 12, or of 13 and 14 where those are not
    /// accurate enough.
    pub fn limb_bits(mut self, bits: u8) -> Self {
        self.limb_bits = Some(bits);
        self
    }

    /// What proofs show of an input or output: its values (the default), a salted hash of them, or nothing.
    pub fn visibility(mut self, tensor: &str, visibility: Visibility) -> Self {
        self.visibility.insert(tensor.to_owned(), visibility);
        self
    }

    /// Makes the weights private: the key commits to them, and neither key nor proofs reveal anything about them.
    pub fn private_weights(mut self) -> Self {
        self.options.weights = WeightMode::Private;
        self
    }

    /// How many inputs one proof will be about: limbs are as wide as is cheapest for that.
    pub fn batch(mut self, inputs: u32) -> Self {
        self.batch = inputs;
        self
    }

    /// What proofs shall be cheap in (default: proving time).
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// The model's name (default: the graph's).
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The author's words about the model.
    pub fn card(mut self, card: Card) -> Self {
        self.card = card;
        self
    }

    /// Largest absolute error of one output that is accepted where the acceptable one is not reached.
    pub fn accept_error(mut self, output: &str, error: f64) -> Self {
        self.options.accepted.0.insert(output.to_owned(), error);
        self
    }

    /// All options of the compiler.
    pub fn options_mut(&mut self) -> &mut CompileOptions {
        &mut self.options
    }

    /// Compiles. The report, with the accuracy that was measured against the float model, is in [`Model::manifest`].
    ///
    /// # Errors
    /// Kind `Model` if options and model do not fit, an input has no range, the errors are larger than the target and not
    /// accepted (`options_mut().accepted`), or no circuit has room for the program.
    pub fn build(self) -> Result<Model> {
        let _span = tracing::info_span!("compile", model = self.onnx.name(), batch = self.batch).entered();
        let (onnx, options) = (&self.onnx, &self.options);
        let mut compiled = match self.limb_bits {
            Some(bits) => {
                let compiled = compile_cheapest(onnx, options, &[bits], self.batch, self.objective)?;
                compiled.check_accuracy()?;
                compiled
            }
            None => compile_precise(onnx, options, self.batch, self.objective)?,
        };
        compiled.program = compiled.program.with_visibility(&self.visibility).map_err(ProvingError::from)?;
        let mut model = Model::new(compiled, self.card);
        if let Some(name) = self.name {
            model.manifest.name = name;
        }
        model.manifest.check_stated(&model.program)?;
        Ok(model)
    }

    /// Compiles for proofs about as many inputs as `setup` says, and makes their keys. [`build`](Self::build) gives the
    /// model too, which is needed to save it and to read the keys again.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Model::setup`].
    pub fn setup(self, setup: Setup<'_>) -> Result<ProvingKey> {
        self.batch(setup.batch).objective(setup.objective).build()?.setup(setup)
    }
}
