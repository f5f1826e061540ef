//! The command line of Vouch: compile a model, make its keys, prove runs of it, verify proofs.

mod args;
mod commands;
mod failure;
mod inputs;
mod own;
mod progress;
#[cfg(test)]
mod reference;
mod usage;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

use commands::{
    bench, chain, check_key, compile, disclose, export, hash, inspect, plan, prove, publish, setup, srs, verify,
};
use failure::{Failure, caught};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for verify: the proof is good
  1  anything that is not listed here (disk full, no permission, …)
  2  wrong usage
  3  a model, its options or a data file cannot be used
  4  a value is outside the range that the model was compiled for
  5  a proof is refused, or a key for development that was not allowed
  6  a bundle, key, proof or reference string is damaged, or they do not belong together";

/// Verifiable inference: prove in zero knowledge that a model computed an output, and verify it in milliseconds.
#[derive(Debug, Parser)]
#[command(name = "vouch", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no remarks on standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile an ONNX model to an integer program, and measure its accuracy
    Compile(compile::Args),
    /// Make the proving and the verifying key of a compiled model
    Setup(setup::Args),
    /// Write what others need of a model to verify its proofs: without private weights, without the proving key
    Publish(publish::Args),
    /// Check that a published verifying key is that of the published model, so that its proofs mean what they say
    CheckKey(check_key::Args),
    /// Run a compiled model and prove the run
    Prove(prove::Args),
    /// Verify proofs
    Verify(verify::Args),
    /// Chains of proofs, in which outputs of one are inputs of a later one
    Chain(chain::Args),
    /// Compute the salted hashes by which the owner of hashed values recognizes them
    Hash(hash::Args),
    /// Prove single facts about a hashed input, against the hash that a proof shows of it
    Disclose(disclose::Args),
    /// Predict layout, sizes, memory and times before any work
    Plan(plan::Args),
    /// Show what is in a bundle, key, proof or reference string
    Inspect(inspect::Args),
    /// Measure keys, witness, proving and verification
    Bench(bench::Args),
    /// Reference strings of the commitment scheme
    Srs(srs::Args),
    /// Convert a proof between its binary form and JSON
    Export(export::Args),
    /// Print a script of completions for a shell
    Completions(commands::CompletionsArgs),
}

/// What a command says: text for people, and one object for machines.
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) json: serde_json::Value,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let said = caught(|| {
        vouch::cpu::check().map_err(vouch::Error::from)?;
        run(&cli)
    });
    let (out, err, code) = match said {
        Ok(said) if cli.json => (format!("{}\n", said.json), String::new(), 0),
        Ok(said) => (said.text, String::new(), 0),
        Err(failure) if cli.json => (format!("{}\n", failure.json()), String::new(), failure.code()),
        // A refused proof has its report on standard output.
        Err(failure) => {
            (failure.report.clone().unwrap_or_default(), format!("error: {}\n", failure.message), failure.code())
        }
    };
    // A reader that went away is no error of ours.
    let _ = std::io::stdout().write_all(out.as_bytes());
    let _ = std::io::stderr().write_all(err.as_bytes());
    ExitCode::from(code)
}

fn run(cli: &Cli) -> Result<Output, Failure> {
    let show = progress::Show { progress: !cli.quiet && !cli.json, notes: !cli.quiet };
    match &cli.command {
        Command::Compile(a) => compile::run(a, show),
        Command::Setup(a) => setup::run(a, show),
        Command::Chain(a) => chain::run(a, show),
        Command::Publish(a) => publish::run(a, show),
        Command::CheckKey(a) => check_key::run(a, show),
        Command::Hash(a) => hash::run(a),
        Command::Prove(a) => prove::run(a, show),
        Command::Verify(a) => verify::run(a, show),
        Command::Disclose(a) => disclose::run(a, show),
        Command::Plan(a) => plan::run(a, show),
        Command::Inspect(a) => inspect::run(a),
        Command::Bench(a) => bench::run(a, show),
        Command::Srs(a) => srs::run(a, show),
        Command::Export(a) => export::run(a),
        Command::Completions(a) => Ok(commands::completions(a)),
    }
}
