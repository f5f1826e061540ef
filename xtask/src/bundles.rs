//! The bundles that the demo and the suites serve, made by the prover that was built.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{network::Profile, process, workspace::Workspace};

/// The default model.
pub(crate) const MODEL: &str = "models/staking-lstm/staking-lstm.onnx";
/// Names, units and descriptions of its inputs and outputs.
pub(crate) const SCHEMA: &str = "models/staking-lstm/staking-lstm.schema.json";

/// The default model, and the same with its inputs hashed and its weights private: names of bundles and of their folders.
pub(crate) const PUBLIC: &str = "staking-lstm";
pub(crate) const HASHED: &str = "staking-lstm-hashed";
/// The model that allocates, from the default model's forecasts.
pub(crate) const ALLOCATION: &str = "restaking-allocation";
const ALLOCATION_MODEL: &str = "models/restaking-allocation/restaking-allocation.onnx";
/// Accurate on markets, not only on random inputs.
const ALLOCATION_OPTIONS: [&str; 4] =
    ["--samples", "models/restaking-allocation/markets.npz", "--max-error", "shares=0.002"];
pub(crate) const MARKET: &str = "models/restaking-allocation/market.json";

/// The settings of a validator that offers strategies of [`all`].
pub(crate) fn strategies() -> [String; 2] {
    [format!("validator.strategy.market={MARKET}"), format!("validator.strategy.allocation={ALLOCATION}")]
}

/// A folder with the bundles of both models, made with the prover of a profile.
pub(crate) fn all(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let models = workspace.target.join("bundles");
    make(workspace, profile, MODEL, &models.join(PUBLIC), &[], &[])?;
    let schema = fs::read_to_string(workspace.root.join(SCHEMA)).with_context(|| format!("cannot read {SCHEMA}"))?;
    make(workspace, profile, MODEL, &models.join(HASHED), &input_names(&schema)?, &[])?;
    make(workspace, profile, ALLOCATION_MODEL, &models.join(ALLOCATION), &[], &ALLOCATION_OPTIONS)?;
    Ok(models)
}

/// A bundle with keys, named as its folder, compiled with `options`. If some tensors are hashed, inputs among them, its weights are private, too.
pub(crate) fn make(
    workspace: &Workspace,
    profile: Profile,
    onnx: &str,
    dir: &Path,
    hashed: &[String],
    options: &[&str],
) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let name = dir.file_name().context("a bundle's folder has a name")?;
    let vouch = || profile.program(workspace, "vouch");
    let mut compile = vouch();
    compile.args(["compile", onnx, "--quiet", "--name"]).arg(name).arg("-o").arg(dir).args(options);
    for tensor in hashed {
        compile.arg("--visibility").arg(format!("{tensor}=hashed"));
    }
    if !hashed.is_empty() {
        compile.args(["--weights", "private"]);
    }
    process::run(&mut compile)?;
    process::run(vouch().args(["setup", "--quiet"]).arg(dir))?;
    if !hashed.is_empty() {
        process::run(vouch().args(["disclose", "setup", "--quiet"]).arg(dir))?;
    }
    Ok(())
}

/// The names of a schema's inputs.
fn input_names(schema: &str) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Tensor {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Schema {
        inputs: Vec<Tensor>,
    }
    let schema: Schema = serde_json::from_str(schema).context("the schema has a list of inputs")?;
    Ok(schema.inputs.into_iter().map(|tensor| tensor.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_named() {
        let names = input_names(r#"{"inputs": [{"name": "a", "unit": "h"}, {"name": "b"}], "outputs": []}"#).unwrap();
        assert_eq!(names, ["a", "b"]);
        assert!(input_names("{}").is_err());
    }
}
