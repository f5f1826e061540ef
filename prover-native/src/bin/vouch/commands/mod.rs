//! The commands.

pub(crate) mod bench;
pub(crate) mod chain;
pub(crate) mod check_key;
pub(crate) mod compile;
pub(crate) mod disclose;
pub(crate) mod export;
pub(crate) mod hash;
pub(crate) mod inspect;
pub(crate) mod plan;
pub(crate) mod prove;
pub(crate) mod publish;
mod report;
pub(crate) mod setup;
pub(crate) mod srs;
pub(crate) mod verify;

use clap::CommandFactory;

use crate::{Cli, Output};

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// A script of completions.
pub(crate) fn completions(args: &CompletionsArgs) -> Output {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vouch", &mut out);
    let text = String::from_utf8_lossy(&out).into_owned();
    Output { json: serde_json::json!({ "completions": text }), text }
}
