//! The command line of Vouch: compile a model, make its keys, prove runs of it, verify proofs.

mod args;
mod commands;
mod failure;
mod inputs;
mod progress;
mod usage;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use args::{Cli, Command};
use failure::{Failure, caught};

/// What a command says: text for people, and one object for machines.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) json: serde_json::Value,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let said = caught(|| {
        vouch_prover::cpu::check()?;
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

fn run(cli: &Cli) -> Result<Said, Failure> {
    let show = progress::Show { progress: !cli.quiet && !cli.json, notes: !cli.quiet };
    match &cli.command {
        Command::Compile(a) => commands::compile::run(a, show),
        Command::Setup(a) => commands::setup::run(a, show),
        Command::Chain(a) => commands::chain::run(a, show),
        Command::Publish(a) => commands::publish::run(a, show),
        Command::CheckKey(a) => commands::check_key::run(a, show),
        Command::Hash(a) => commands::hash::run(a),
        Command::Prove(a) => commands::prove::run(a, show),
        Command::Verify(a) => commands::verify::run(a, show),
        Command::Disclose(a) => commands::disclose::run(a, show),
        Command::Plan(a) => commands::plan::run(a, show),
        Command::Inspect(a) => commands::inspect::run(a),
        Command::Bench(a) => commands::bench::run(a, show),
        Command::Srs(a) => commands::srs::run(a, show),
        Command::Export(a) => commands::export::run(a),
        Command::Completions(a) => Ok(commands::completions(a)),
    }
}
