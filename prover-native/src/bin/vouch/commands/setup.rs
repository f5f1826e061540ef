//! `vouch setup`.

use std::path::PathBuf;

use serde_json::json;
use vouch::{KeyFiles, Model, ProvingKey, Srs, SrsKind};
use vouch_proving::ProvingError;

use crate::{
    Said,
    args::Shape,
    failure::Failure,
    progress::{DEVELOPMENT, Show},
    usage::{bytes, cpu_seconds, seconds},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// Reference string; without it one is made for development, which must not be relied on
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Said, Failure> {
    let model = Model::open(&args.dir)?;
    let plan = args.shape.setup().plan(&model.program)?;
    let (k, estimate) = (plan.k(), &plan.estimate);
    let srs = match &args.srs {
        Some(file) => {
            let srs = show.working("checking the SRS", 0.5, || Srs::open(file))?;
            if srs.k() < k {
                return Err(ProvingError::SrsTooSmall { needed: k, got: srs.k() }.into());
            }
            srs
        }
        None => show.working("making an SRS", 0.2 * f64::from(1u32 << k.saturating_sub(11)), || Srs::development(k)),
    };
    if srs.kind() == SrsKind::Development {
        show.note(DEVELOPMENT);
    }
    let (start, cpu) = (std::time::Instant::now(), cpu_seconds());
    let kind = srs.kind();
    let key = show.working("making keys", estimate.prove_seconds, || ProvingKey::generate(&plan, &srs))?;
    let KeyFiles { prover, prover_bytes, verifier, verifier_bytes } = key.save(&args.dir)?;
    let (elapsed, cpu) = (start.elapsed(), cpu.and_then(|c| Some(cpu_seconds()? - c)));
    let model = key.model_id();
    let proof_bytes = key.verifying_key().proof_len();
    let text = format!(
        "model id       {model}\n\
         circuit        2^{k} rows, {} advice and {} fixed columns\n\
         prover key     {} ({})\n\
         verifier key   {} ({})\n\
         proofs         {proof_bytes} bytes\n\
         SRS            {}\n",
        estimate.advice,
        estimate.fixed,
        prover.display(),
        bytes(prover_bytes),
        verifier.display(),
        bytes(verifier_bytes),
        match kind {
            SrsKind::Development => "made for development: do not rely on it",
            SrsKind::Ceremony => "from a ceremony",
        }
    );
    let json = json!({
        "model_id": model.to_string(),
        "k": k,
        "batch": args.shape.batch,
        "prover_key": prover,
        "verifier_key": verifier,
        "prover_key_bytes": prover_bytes,
        "verifier_key_bytes": verifier_bytes,
        "proof_bytes": proof_bytes,
        "srs_kind": kind,
        "seconds": seconds(elapsed),
        "cpu_seconds": cpu,
        "peak_memory_bytes": crate::usage::peak_bytes(),
        "layout": key.header().params,
    });
    Ok(Said { text, json })
}
