//! The arguments.

mod compile;
mod disclose;

use std::{ops::RangeInclusive, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use vouch_circuit::Objective;

pub(crate) use self::{
    compile::{Compile, Ranges},
    disclose::{Disclose, DiscloseCommand, DiscloseProve, DiscloseVerify, Fact},
};

/// How many inputs one proof can be about.
const BATCH: RangeInclusive<i64> = 1..=4096;

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
    Compile(Compile),
    /// Make the proving and the verifying key of a compiled model
    Setup(Setup),
    /// Write what others need of a model to verify its proofs: without private weights, without the proving key
    Publish(Publish),
    /// Check that a published verifying key is that of the published model, so that its proofs mean what they say
    CheckKey(CheckKey),
    /// Run a compiled model and prove the run
    Prove(Prove),
    /// Verify proofs
    Verify(Verify),
    /// Chains of proofs, in which outputs of one are inputs of a later one
    Chain(Chain),
    /// Compute the salted hashes by which the owner of hashed values recognizes them
    Hash(Hash),
    /// Prove single facts about a hashed input, against the hash that a proof shows of it
    Disclose(Disclose),
    /// Predict layout, sizes, memory and times before any work
    Plan(Plan),
    /// Show what is in a bundle, key, proof or reference string
    Inspect(Inspect),
    /// Measure keys, witness, proving and verification
    Bench(Bench),
    /// Reference strings of the commitment scheme
    Srs(Srs),
    /// Convert a proof between its binary form and JSON
    Export(Export),
    /// Print a script of completions for a shell
    Completions(Completions),
}

/// What a layout is optimised for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Goal {
    /// Least proving time
    #[default]
    Prover,
    /// Fewest proof bytes
    Proof,
    /// Least memory
    Memory,
}

impl From<Goal> for Objective {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Prover => Self::Prover,
            Goal::Proof => Self::Proof,
            Goal::Memory => Self::Memory,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Shape {
    /// Inputs that one proof is about
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(BATCH))]
    pub(crate) batch: u32,
    /// What the layout is optimised for
    #[arg(long, value_enum, default_value_t)]
    pub(crate) objective: Goal,
    /// Use 2^K rows instead of the best number
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(5..=24))]
    pub(crate) rows: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// Reference string; without it one is made for development, which must not be relied on
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Folder of the bundle, with its keys
    pub(crate) dir: PathBuf,
    /// The folder for everybody
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Largest absolute error of an output against the float model, in its unit, that you answer for; it is published as your statement
    #[arg(long, value_name = "OUTPUT=ABS")]
    pub(crate) accuracy: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckKey {
    /// Folder of the published bundle
    pub(crate) dir: PathBuf,
    /// The reference string that the key was made with
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: PathBuf,
    /// The key [default: that of the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Accept a reference string that was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
    /// Inputs that one proof is about
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(BATCH))]
    pub(crate) batch: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// Inputs (.npy, .npz, .json by input name, or EZKL's input.json)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Which sample of the file
    #[arg(long, value_name = "INDEX", conflicts_with = "batch")]
    pub(crate) sample: Option<usize>,
    /// One proof for all samples of the file
    #[arg(long)]
    pub(crate) batch: bool,
    /// 64 hexadecimal digits chosen by whoever asks for the proof [default: random]
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// Secret of 64 hexadecimal digits from which the salts of hashed tensors come; who has it can recognize the values [default: random]
    #[arg(long, value_name = "HEX")]
    pub(crate) salt: Option<String>,
    /// The proof
    #[arg(short, long, value_name = "PROOF")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Hash {
    /// The verifying key: it says which tensors are hashed, and their scales
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The inputs (.npy, .npz, .json by input name)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Which sample of the file
    #[arg(long, value_name = "INDEX")]
    pub(crate) sample: Option<usize>,
    /// The secret that the proof was made with
    #[arg(long, value_name = "HEX")]
    pub(crate) salt: String,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Proofs; several are verified together, with one pairing equation if all are good
    #[arg(required = true, value_name = "PROOF")]
    pub(crate) proofs: Vec<PathBuf>,
    /// The verifying key, from a source that you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The model that you expect, if you do not trust the key
    #[arg(long, value_name = "HEX")]
    pub(crate) model_id: Option<String>,
    /// The inputs that you expect; hashed ones only with --salt, private ones are not compared
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The secret that the hashes of the inputs are salted with
    #[arg(long, value_name = "HEX", requires = "input")]
    pub(crate) salt: Option<String>,
    /// Which sample of the file
    #[arg(long, value_name = "INDEX", requires = "input")]
    pub(crate) sample: Option<usize>,
    /// The nonce that you asked with
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// Accept a key whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Chain {
    #[command(subcommand)]
    pub(crate) command: ChainCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// Make a chain of proofs, if it holds
    Link(ChainLink),
    /// Verify a chain: each proof, and each link
    Verify(ChainVerify),
}

/// What the models and links of a chain are.
#[derive(Debug, Args)]
pub(crate) struct ChainShape {
    /// The verifying key of each proof, in the chain's order, from a source that you trust
    #[arg(long, required = true, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Outputs that are inputs of a later proof: `0:hours=6:redemption_hours[0]`, a tensor or a range `[A..B]` of it; or by position, `0:outputs[0..1]=6:inputs[18..19]`
    #[arg(long, value_name = "PROOF:OUTPUT=PROOF:INPUT")]
    pub(crate) link: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ChainLink {
    /// The proofs, in order
    #[arg(required = true, value_name = "PROOF")]
    pub(crate) proofs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: ChainShape,
    /// The chain
    #[arg(short, long, value_name = "CHAIN")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ChainVerify {
    /// The chain
    pub(crate) chain: PathBuf,
    #[command(flatten)]
    pub(crate) shape: ChainShape,
    /// The nonces that you asked with, one for each proof
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Vec<String>,
    /// The inputs of a proof that you expect, but for tensors that links fill (.npz, .json by input name)
    #[arg(long, value_name = "PROOF=FILE")]
    pub(crate) input: Vec<String>,
    /// Links, nonces and inputs in one file of JSON, as the verifier's other faces take it: `{"steps": […], "links": […]}`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["link", "nonce", "input"])]
    pub(crate) expected: Option<PathBuf>,
    /// Accept a key whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// A model, or the folder of a bundle
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) ranges: Ranges,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Folder of a bundle, or a key, proof or reference string
    pub(crate) path: PathBuf,
    /// Write layout.svg and accuracy.svg into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// Inputs
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// How often
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// One proof for all samples of the file
    #[arg(long)]
    pub(crate) batch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Srs {
    #[command(subcommand)]
    pub(crate) command: SrsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SrsCommand {
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

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The proof, binary or JSON
    pub(crate) proof: PathBuf,
    /// The other form
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
