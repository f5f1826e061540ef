//! `vouch srs`.

use std::path::PathBuf;

use serde_json::json;
use vouch::{Source, Srs, SrsKind};
use vouch_envelope::hex;

use crate::{
    Output,
    failure::Failure,
    progress::{DEVELOPMENT, Show},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a reference string for development: whoever makes it could forge proofs
    Generate {
        /// 2^K powers
        #[arg(short, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=24))]
        k: u32,
        /// The file
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Take a ceremony's result over: a .ptau file of snarkjs for BN254, or halo2's parameters, raw or processed
    Import {
        /// The published file
        file: PathBuf,
        /// 2^K powers of it; default: all, at most 2^16
        #[arg(short, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=24))]
        k: Option<u32>,
        /// The ceremony was a test: keys made with it are marked as for development
        #[arg(long)]
        development: bool,
        /// The file for `vouch setup --srs`
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check that a file holds powers of one secret
    Verify {
        /// The file
        file: PathBuf,
    },
}

/// What a reference string is, for people and machines.
pub(crate) fn describe(srs: &Srs) -> Output {
    let identity = hex::encode(&srs.identity());
    let kind = match srs.kind() {
        SrsKind::Development => "made for development: do not rely on it",
        SrsKind::Ceremony => "from a ceremony",
    };
    Output {
        text: format!("reference string of 2^{} powers, {kind}\nidentity {identity}\n", srs.k()),
        json: json!({ "k": srs.k(), "srs_kind": srs.kind(), "identity": identity }),
    }
}

/// What was imported, and what nobody can check for the user.
fn imported(srs: &Srs, source: Source) -> Output {
    let mut said = describe(srs);
    let (format, from) = match source {
        Source::Ptau { power, contributions } => {
            said.json["contributions"] = json!(contributions);
            ("ptau", format!("a .ptau file of 2^{power} powers, {contributions} contributions"))
        }
        Source::Halo2 { k, compressed: false } => ("halo2-raw", format!("halo2's parameters of 2^{k} powers, raw")),
        Source::Halo2 { k, .. } => ("halo2-processed", format!("halo2's parameters of 2^{k} powers, processed")),
    };
    said.json["format"] = json!(format);
    said.json["source_k"] = json!(source.k());
    said.text += &format!(
        "taken from {from}\nThe points are powers of one secret. That nobody knows it is the ceremony's promise: compare the identity with\n\
         others who imported it, and check the contributions with `snarkjs powersoftau verify`.\n"
    );
    said
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    match &args.command {
        Command::Generate { k, output } => {
            let seconds = 0.2 * f64::from(1u32 << k.saturating_sub(11));
            let srs = show.working("making an SRS", seconds, || Srs::development(*k));
            srs.save(output)?;
            show.note(DEVELOPMENT);
            Ok(describe(&srs))
        }
        Command::Import { file, k, development, output } => {
            let kind = if *development { SrsKind::Development } else { SrsKind::Ceremony };
            let seconds = 0.5 * f64::from(1u32 << k.unwrap_or(vouch::DEFAULT_K).saturating_sub(11));
            let (srs, source) = show.working("importing the SRS", seconds, || Srs::import(file, *k, kind))?;
            srs.save(output)?;
            Ok(imported(&srs, source))
        }
        Command::Verify { file } => Ok(describe(&show.working("checking the SRS", 0.5, || Srs::open(file))?)),
    }
}
