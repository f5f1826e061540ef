//! The arguments of `vouch disclose`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Disclose {
    #[command(subcommand)]
    pub(crate) command: DiscloseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DiscloseCommand {
    /// Make the keys for facts about each hashed input of a compiled model
    Setup {
        /// Folder of the bundle; keys go to its folder disclosure/NAME
        dir: PathBuf,
        /// Reference string; without it one is made for development, which must not be relied on
        #[arg(long, value_name = "FILE")]
        srs: Option<PathBuf>,
    },
    /// Prove a fact about a hashed input; nothing else of it is learned
    Prove(DiscloseProve),
    /// Verify the proof of a fact, against the hash that a proof of the model shows
    Verify(DiscloseVerify),
}

/// A fact: `LO ≤ Σ weights·values ≤ HI`, in the tensor's unit.
#[derive(Debug, Args)]
pub(crate) struct Fact {
    /// The fact is about this value of the tensor, in row-major order from 0
    #[arg(long, value_name = "INDEX", conflicts_with = "weights")]
    pub(crate) index: Option<usize>,
    /// The fact is about the sum of all values times these integers (a JSON list)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// It is from LO to HI, both included; LO,LO says that it is LO
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true)]
    pub(crate) value_range: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DiscloseProve {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// The inputs that the proof of the model was about (.npy, .npz, .json by input name)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Which sample of the file
    #[arg(long, value_name = "INDEX")]
    pub(crate) sample: Option<usize>,
    /// The secret that the proof of the model was made with
    #[arg(long, value_name = "HEX")]
    pub(crate) salt: String,
    /// The input that the fact is about
    #[arg(long, value_name = "NAME")]
    pub(crate) tensor: String,
    #[command(flatten)]
    pub(crate) fact: Fact,
    /// Show the value itself, whatever it is
    #[arg(long, requires = "index", conflicts_with_all = ["value_range", "weights"])]
    pub(crate) reveal: bool,
    /// 64 hexadecimal digits chosen by whoever asks for the proof [default: random]
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// The proof
    #[arg(short, long, value_name = "PROOF")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("against").required(true))]
pub(crate) struct DiscloseVerify {
    /// The proof of the fact
    pub(crate) proof: PathBuf,
    /// The verifying key of the tensor's facts (disclosure/NAME/verifier.key), made by yourself or from a source that you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The hash that a proof of the model shows of the tensor, after that proof was verified
    #[arg(long, value_name = "HEX", group = "against")]
    pub(crate) hash: Option<String>,
    /// The proof of the model; it is verified too
    #[arg(long, value_name = "PROOF", group = "against", requires = "original_key")]
    pub(crate) original: Option<PathBuf>,
    /// The verifying key of the model
    #[arg(long, value_name = "FILE", requires = "original")]
    pub(crate) original_key: Option<PathBuf>,
    /// The fact that you expect; without, what the proof states is shown
    #[command(flatten)]
    pub(crate) fact: Fact,
    /// The nonce that you asked with
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// Accept keys whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}
