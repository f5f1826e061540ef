//! The arguments of `vouch compile`, and those that `vouch plan` shares.

use std::path::PathBuf;

use vouch::WeightMode;

use crate::args::{BATCH, Goal};

/// What a model's integers have to hold, and how precise they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Ranges {
    /// Range of the inputs, for all or for one by name; default: the model's own schema
    #[arg(long = "input-range", value_name = "LO,HI|NAME=LO,HI", allow_hyphen_values = true)]
    pub(crate) input_range: Vec<String>,
    /// Integers a unit of an input, where they must be those of another model's output; default: the model's own schema, else chosen
    #[arg(long = "input-scale", value_name = "NAME=SCALE")]
    pub(crate) input_scale: Vec<String>,
    /// Representative inputs (.npy, .npz, .json): ranges are those of the data, widened
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// How far calibrated ranges are widened on each side, as a part of their width
    #[arg(long, default_value_t = 0.25, value_name = "PART")]
    pub(crate) margin: f64,
    /// Inputs (.npy, .npz, .json; outputs among them are ignored) on which the program shall be accurate, besides random ones; no ranges are taken from them
    #[arg(long, value_name = "FILE")]
    pub(crate) samples: Option<PathBuf>,
    /// Largest acceptable error, as a part of the outputs' range
    #[arg(long, default_value_t = 1e-3, value_name = "E")]
    pub(crate) target_error: f64,
    /// Largest acceptable absolute error of an output, in its own unit, instead of --target-error
    #[arg(long, value_name = "NAME=ABS")]
    pub(crate) max_error: Vec<String>,
    /// Largest absolute error of an output that you accept where the target is not reached; without it that is an error
    #[arg(long, value_name = "OUTPUT=ABS")]
    pub(crate) accept_error: Vec<String>,
    /// Size of a dimension that the model leaves open, by its name there
    #[arg(long, value_name = "NAME=N")]
    pub(crate) dim: Vec<String>,
    /// Shape of an input whose dimensions the model leaves open
    #[arg(long, value_name = "INPUT=N,N,…")]
    pub(crate) shape: Vec<String>,
    /// Bits of a limb: the lookup table has 2^BITS rows and more [default: whichever of 10 to 12 makes proofs cheapest]
    #[arg(long, value_name = "BITS")]
    pub(crate) limb_bits: Option<u8>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) ranges: Ranges,
    /// What proofs show of an input or output: its values (public), a salted hash of them (hashed), nothing (private) [default: public]
    #[arg(long, value_name = "NAME=MODE")]
    pub(crate) visibility: Vec<String>,
    /// Inputs that one proof will be about: the width of limbs is the one that makes such proofs cheapest (`setup --batch` makes their keys)
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(BATCH))]
    pub(crate) batch: u32,
    /// Whether weights are fixed parts of the circuit, of which each proof reveals something, or private, committed to by the key
    #[arg(long, value_name = "fixed|private", default_value_t)]
    pub(crate) weights: WeightMode,
    /// What proofs shall be cheap in
    #[arg(long, value_enum, default_value_t)]
    pub(crate) objective: Goal,
    /// Folder of the bundle; model.vouch is written there
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Name of the model [default: the graph's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// What its author says of it: version, author, description, test, sample, accuracy (JSON) [default: NAME.card.json beside NAME.onnx, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) card: Option<PathBuf>,
    /// Version of the model [default: the card's, or 1]
    #[arg(long)]
    pub(crate) model_version: Option<String>,
    /// Who made it [default: the card's]
    #[arg(long)]
    pub(crate) author: Option<String>,
    /// One sentence about it [default: the card's]
    #[arg(long)]
    pub(crate) description: Option<String>,
}
