//! What is published of a model with private weights: a list of fields, each of which was looked at.
//!
//! The rule: no number that was computed with the weights is published beside the program. The program itself depends on
//! them only through exponents (`CompileOptions::weights`), and says all that has to be said about scales, tables and
//! dropped bits. Everything else that is computed with the weights can be solved for them: a report of 200 outputs of a
//! linear layer gives all its weights to seven digits.
//!
//! [`Manifest::published`] names every field of [`Manifest`] and of [`CompileReport`] without `..`, so that a new field
//! does not compile before somebody has decided about it.

use std::{collections::BTreeMap, path::Path};

use vouch_compiler::CompileReport;
use vouch_envelope::hex;
use vouch_program::{Program, WeightMode};
use vouch_verifier::VerifierKey;

use crate::{
    Error, FieldTest, Manifest, Model, Outline, Result, StatedError, VERIFIER_KEY_FILE, error::Cause, files,
    open_verifying_key,
};

impl Manifest {
    /// What may be published of this manifest, which is about `program`. With fixed weights that is all of it; with
    /// private ones the fields listed here.
    #[must_use]
    pub fn published(&self, program: &Program) -> Self {
        if program.weights() == WeightMode::Fixed {
            return self.clone();
        }
        let Self {
            name,
            version,
            author,
            description,
            program_digest: _,
            notes,
            test,
            sample,
            stated,
            report,
            outline,
        } = self;
        Self {
            // The author's own words, and an example of inputs.
            name: name.clone(),
            version: version.clone(),
            author: author.clone(),
            description: description.clone(),
            notes: notes.clone(),
            sample: sample.clone(),
            // The author states it; but it may have been computed to all digits.
            test: test.as_ref().map(rounded),
            // Bounds that the owner states.
            stated: stated.clone(),
            // Of the program without its weights.
            program_digest: hex::encode(&program.public_digest()),
            report: None,
            outline: report.as_ref().map(outline_of).or_else(|| outline.clone()),
        }
    }

    /// Whether the owner can answer for the accuracy that is stated.
    ///
    /// # Errors
    /// [`StatedError`] for outputs that `program` does not have, numbers that are not positive, and bounds below an error
    /// that the compiler measured.
    pub fn check_stated(&self, program: &Program) -> Result<(), StatedError> {
        for (name, &bound) in &self.stated {
            let name = name.clone();
            if !program.outputs().iter().any(|t| t.name == name) {
                let known = program.outputs().iter().map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ");
                return Err(StatedError::Output { name, known });
            }
            if !(bound.is_finite() && bound > 0.0) {
                return Err(StatedError::Number { name, bound });
            }
            let outputs = self.report.iter().flat_map(|r| &r.accuracy.outputs);
            if let Some(o) = outputs.filter(|o| o.name == name).find(|o| o.max_abs > bound) {
                return Err(StatedError::Measured { name, bound, measured: o.max_abs });
            }
        }
        Ok(())
    }
}

/// A published model: the files in its folder.
#[derive(Clone, Debug)]
pub struct Published {
    /// The model, without private weights.
    pub model: Model,
    /// The verifying keys, by the names of their files.
    pub keys: Vec<(String, VerifierKey)>,
}

impl Model {
    /// States largest absolute errors against the float model, by output, in its unit: the owner's statement, which is
    /// published.
    ///
    /// # Errors
    /// Kind `Model` for an output that there is not, a bound that is not a positive number, or one below an error that the
    /// compiler measured.
    pub fn state_accuracy(&mut self, bounds: BTreeMap<String, f64>) -> Result<()> {
        self.manifest.stated.extend(bounds);
        Ok(self.manifest.check_stated(&self.program)?)
    }

    /// Whether the ranges of a model with private weights were rounded, so that the published program says nothing of the
    /// weights. `None` if the model does not say, as one that was published already. Ranges of fixed weights hide nothing.
    pub fn has_coarse_ranges(&self) -> Option<bool> {
        if self.program.weights() == WeightMode::Fixed {
            return Some(false);
        }
        self.manifest.report.as_ref().map(|report| report.configuration.weights == WeightMode::Private)
    }

    /// Writes the files that others need to verify proofs of this model: the model without private weights, and the
    /// verifying keys in `dir`, the model's folder. Nothing is written before all keys are found to be this model's.
    ///
    /// # Errors
    /// Kind `System` if a folder or file cannot be read or written; `Damaged` if `dir` has no [`VERIFIER_KEY_FILE`], or a
    /// key of another program.
    pub fn publish(&self, dir: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<Published> {
        let (dir, output) = (dir.as_ref(), output.as_ref());
        let model = self.without_weights();
        let file = |source| Error::file(dir, source);
        let damaged = |reason| Error::from(Cause::OtherFile { path: dir.to_owned(), reason });
        let mut keys: Vec<(String, VerifierKey)> = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(file)? {
            let name = entry.map_err(file)?.file_name().to_string_lossy().into_owned();
            if name == VERIFIER_KEY_FILE || (name.starts_with("verifier-b") && name.ends_with(".key")) {
                keys.push((name.clone(), open_verifying_key(dir.join(name))?));
            }
        }
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        if !keys.iter().any(|(name, _)| name == VERIFIER_KEY_FILE) {
            return Err(damaged(format!("no {VERIFIER_KEY_FILE}: make one with `vouch setup`")));
        }
        for (name, key) in &keys {
            check_program(name, key, &model.program).map_err(|what| damaged(format!("{name} {what}")))?;
        }
        model.save(output)?;
        for (name, key) in &keys {
            files::write(&output.join(name), &[key.to_bytes()])?;
        }
        Ok(Published { model, keys })
    }
}

/// Checks that a key is of the published program, or of a batch of it. A key that an older compilation left in the folder
/// has commitments to weights that hide nothing, if those were fixed.
fn check_program(name: &str, key: &VerifierKey, program: &Program) -> Result<(), String> {
    let batch = match name.strip_prefix("verifier-b").and_then(|rest| rest.strip_suffix(".key")) {
        Some(batch) => {
            batch.parse::<u32>().map_err(|_| "is not named as `vouch setup --batch N` names it".to_owned())?
        }
        None => 1,
    };
    let digest = program.batched(batch).map_err(|e| format!("cannot be of this program: {e}"))?.public_digest();
    if key.description().program_digest != digest {
        return Err("is another program's: run `vouch setup` again, or remove it".to_owned());
    }
    Ok(())
}

/// What of a report was not computed with the weights.
fn outline_of(report: &CompileReport) -> Outline {
    let CompileReport {
        // In the manifest, as its name.
        model: _,
        // A guess of the weights could be checked against it.
        onnx_digest: _,
        opset,
        // Biases that are zero are not counted. The program says how many entries its matrices have.
        parameters: _,
        operators,
        // Ranges of values inside.
        tensors: _,
        // In the program.
        tables: _,
        // Outputs of the model and errors, computed with all bits of the weights.
        accuracy: _,
        // The inputs' are in the program; those of calibration data are nobody's business.
        ranges: _,
        // What the program does not show of it, the search chose by how accurate the weights' program is.
        configuration: _,
        // Name errors and ranges.
        warnings: _,
    } = report;
    Outline { opset: *opset, operators: operators.clone() }
}

/// Rounded up to two digits.
fn rounded(test: &FieldTest) -> FieldTest {
    let FieldTest { mean_abs, source } = test;
    FieldTest { mean_abs: two_digits(*mean_abs), source: source.clone() }
}

fn two_digits(v: f64) -> f64 {
    if !(v.is_finite() && v > 0.0) {
        return v;
    }
    // Through decimals, so that the result is the number that is written with two digits.
    let nearest: f64 = format!("{v:.1e}").parse().unwrap_or(v);
    if nearest >= v {
        return nearest;
    }
    let step = 10f64.powi(v.log10().floor() as i32 - 1);
    format!("{:.1e}", nearest + step).parse().unwrap_or(v)
}

/// Reads bounds written as `OUTPUT=ABS`, as on a command line.
///
/// # Errors
/// The reason, for people, if a text has another form or an output is there twice.
pub fn parse_stated(options: &[String]) -> Result<BTreeMap<String, f64>, String> {
    let mut out = BTreeMap::new();
    for option in options {
        let pair = option.rsplit_once('=').and_then(|(name, n)| Some((name, n.trim().parse::<f64>().ok()?)));
        let (name, bound) = pair.ok_or_else(|| format!("`{option}` is not OUTPUT=ABS, as in `y=0.01`"))?;
        if out.insert(name.to_owned(), bound).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_never_less() {
        for (v, r) in [(9.94, 10.0), (0.5, 0.5), (0.012_301, 0.013), (1.01, 1.1), (99.7, 100.0), (0.0, 0.0)] {
            assert_eq!(two_digits(v), r, "{v}");
        }
        for i in 1..5000 {
            let v = f64::from(i) * 1.37e-4;
            let r = two_digits(v);
            assert!(v <= r && r <= v * 1.11, "{v} {r}");
            assert_eq!(two_digits(r), r, "{v}");
        }
    }

    #[test]
    fn bounds_are_read() {
        let read = |list: &[&str]| parse_stated(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["y=0.5", "a=b=2"]).unwrap(), [("a=b".to_owned(), 2.0), ("y".to_owned(), 0.5)].into());
        assert!(read(&["y"]).is_err() && read(&["y=x"]).is_err() && read(&["y=1", "y=2"]).is_err());
    }
}
