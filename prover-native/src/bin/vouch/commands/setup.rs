//! `vouch setup`.

use serde_json::json;
use vouch_prover::{KeyFile, ModelBundle, ProverKey, ProvingError, Srs, SrsFile, key_files, plan};
use vouch_verifier::SrsKind;

use crate::{
    Said,
    args::Setup,
    failure::Failure,
    progress::{DEVELOPMENT, Show},
    usage::{bytes, cpu_seconds, seconds},
};

pub(crate) fn run(args: &Setup, show: Show) -> Result<Said, Failure> {
    let bundle = ModelBundle::load(&args.dir)?;
    let shape = &args.shape;
    let (planned, estimate) = plan(&bundle.program, shape.batch, shape.objective.into(), shape.rows)?;
    let k = estimate.params.k;
    let srs = match &args.srs {
        Some(file) => {
            let srs = show.working("checking the SRS", 0.5, || Srs::load(file))?;
            if srs.k() < k {
                return Err(ProvingError::SrsTooSmall { needed: k, got: srs.k() }.into());
            }
            srs
        }
        None => show.working("making an SRS", 0.2 * f64::from(1u32 << k.saturating_sub(11)), || Srs::development(k)),
    };
    if srs.kind == SrsKind::Development {
        show.note(DEVELOPMENT);
    }
    let (start, cpu) = (std::time::Instant::now(), cpu_seconds());
    let kind = srs.kind;
    let expected = estimate.prove_seconds;
    let key = show.working("making keys", expected, || {
        ProverKey::generate(&bundle.program, shape.batch, planned, estimate.params, &srs)
    })?;
    let (prover_bytes, verifier_bytes) = key.save(&args.dir)?;
    let (elapsed, cpu) = (start.elapsed(), cpu.and_then(|c| Some(cpu_seconds()? - c)));
    let (prover_file, verifier_file) = key_files(shape.batch);
    let model = key.verifier.model_id();
    let text = format!(
        "model id       {model}\n\
         circuit        2^{k} rows, {} advice and {} fixed columns\n\
         prover key     {} ({})\n\
         verifier key   {} ({})\n\
         proofs         {} bytes\n\
         SRS            {}\n",
        estimate.advice,
        estimate.fixed,
        args.dir.join(&prover_file).display(),
        bytes(prover_bytes),
        args.dir.join(&verifier_file).display(),
        bytes(verifier_bytes),
        key.verifier.proof_len(),
        match kind {
            SrsKind::Development => "made for development: do not rely on it",
            SrsKind::Ceremony => "from a ceremony",
        }
    );
    let json = json!({
        "model_id": model.to_string(),
        "k": k,
        "batch": shape.batch,
        "prover_key": args.dir.join(prover_file),
        "verifier_key": args.dir.join(verifier_file),
        "prover_key_bytes": prover_bytes,
        "verifier_key_bytes": verifier_bytes,
        "proof_bytes": key.verifier.proof_len(),
        "srs_kind": kind,
        "seconds": seconds(elapsed),
        "cpu_seconds": cpu,
        "peak_memory_bytes": crate::usage::peak_bytes(),
        "layout": key.header.params,
    });
    Ok(Said { text, json })
}
