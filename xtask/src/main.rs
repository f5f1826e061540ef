//! The project's own commands: `cargo xtask test`, `cargo xtask demo`, `cargo xtask mutants`, `cargo xtask tidy`,
//! `cargo xtask wasm`, `cargo xtask prover`, `cargo xtask web`, `cargo xtask book`.
//!
//! One module a command. Everything runs from the root of the checkout and writes only below cargo's target directory.

mod book;
mod bundles;
mod demo;
mod local_chain;
mod mutants;
mod network;
mod process;
mod prover;
mod test;
mod tidy;
mod wasm;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every check and test suite, in order, with the time of each
    Test(test::Args),
    /// Compiles and proves the default model, then starts a local network and asks it for predictions
    Demo(demo::Args),
    /// Leaves every constraint of the circuit out in turn: the table of what is then accepted
    Mutants(mutants::Args),
    /// Checks what no compiler checks: dependency directions, links, leftovers
    Tidy(tidy::Args),
    /// Builds the verifier's .wasm and the packages of pkg/
    Wasm(wasm::Args),
    /// Builds the .wasm that proves facts about hashed inputs in a browser
    Prover(prover::Args),
    /// Builds the dashboard into a folder that a validator serves
    Web(web::Args),
    /// Builds the documentation as a book, and checks its links
    Book(book::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = Workspace::find().and_then(|workspace| match &cli.command {
        Command::Test(args) => test::run(&workspace, args),
        Command::Demo(args) => demo::run(&workspace, args),
        Command::Mutants(args) => mutants::run(&workspace, args),
        Command::Tidy(args) => tidy::run(&workspace, args),
        Command::Wasm(args) => wasm::run(&workspace, args),
        Command::Prover(args) => prover::run(&workspace, args),
        Command::Web(args) => web::run(&workspace, args),
        Command::Book(args) => book::run(&workspace, args),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
