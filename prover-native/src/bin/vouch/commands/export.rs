//! `vouch export`.

use std::path::{Path, PathBuf};

use serde_json::json;
use vouch::{files, open_verifying_key, read_proof};
use vouch_envelope::ProofEnvelope;
use vouch_evm::{CallError, SolCall, register_call, verify_call};

use crate::{
    Output,
    failure::{Failure, Kind},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The proof, binary or JSON
    pub(crate) proof: PathBuf,
    /// The other form
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write the calls of the contract `VouchVerifier` instead, for this verifying key of the evm profile
    #[arg(long, value_name = "KEY")]
    pub(crate) evm: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Output, Failure> {
    let was_json = files::read(&args.proof, 64 << 20)?.first() == Some(&b'{');
    let bytes = read_proof(&args.proof)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Damaged, format!("{}: {e}", args.proof.display()));
    let envelope = ProofEnvelope::decode(&bytes).map_err(|e| wrong(&e))?;
    let (form, out) = if let Some(key) = &args.evm {
        ("evm", calls(key, &envelope)?)
    } else if was_json {
        ("binary", bytes)
    } else {
        ("json", serde_json::to_vec_pretty(&envelope).map_err(|e| wrong(&e))?)
    };
    files::write(&args.output, &[&out])?;
    Ok(Output {
        text: format!("{} -> {} ({form}, {} bytes)\n", args.proof.display(), args.output.display(), out.len()),
        json: json!({ "output": args.output, "form": form, "bytes": out.len() }),
    })
}

/// The calls that register the key and verify the proof, and the arguments of the second, as JSON.
fn calls(key: &Path, envelope: &ProofEnvelope) -> Result<Vec<u8>, Failure> {
    let key = open_verifying_key(key)?;
    let other = |e: CallError| Failure::new(Kind::Damaged, e.to_string());
    let call = verify_call(&key, envelope).map_err(other)?;
    let calls = json!({
        "modelId": hex(&call.modelId[..]),
        "proof": hex(&call.proof),
        "publicValues": hex(&call.publicValues),
        "nonce": hex(&call.nonce[..]),
        "verify": hex(&call.abi_encode()),
        "registerKey": hex(&register_call(&key).map_err(other)?),
    });
    serde_json::to_vec_pretty(&calls).map_err(|e| Failure::new(Kind::Damaged, e.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", vouch_envelope::hex::encode(bytes))
}
