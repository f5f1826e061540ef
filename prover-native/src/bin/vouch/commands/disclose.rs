//! `vouch disclose`: keys, proofs and verification of facts about hashed inputs.

mod fact;
mod verify;

use std::{path::Path, time::Instant};

use serde_json::json;
use vouch_disclosure::{Statement, disclosure_keys, disclosure_program, load_key, prove_statement};
use vouch_prover::{
    KeyFile, ModelBundle, PROVER_KEY_FILE, ProverError, Srs, SrsFile, VERIFIER_KEY_FILE, disclosure_dir, files,
    hashed_inputs, plan,
};
use vouch_verifier::{Schema, SrsKind, TensorSpec};

use super::{
    prove::nonce,
    verify::{read_envelope, read_key},
};
use crate::{
    Said,
    args::{Disclose, DiscloseCommand, DiscloseProve},
    failure::{Failure, Kind},
    inputs,
    progress::{DEVELOPMENT, Show},
    usage::{bytes, seconds},
};

pub(crate) fn run(args: &Disclose, show: Show) -> Result<Said, Failure> {
    match &args.command {
        DiscloseCommand::Setup { dir, srs } => setup(dir, srs.as_deref(), show),
        DiscloseCommand::Prove(args) => prove(args, show),
        DiscloseCommand::Verify(args) => verify::run(args, show),
    }
}

/// The hashed inputs, of which there must be some.
fn hashed(schema: &Schema) -> Result<Vec<TensorSpec>, Failure> {
    let found: Vec<TensorSpec> = hashed_inputs(schema).cloned().collect();
    if found.is_empty() {
        let message = "the model has no hashed inputs (`vouch compile --visibility NAME=hashed` makes them)";
        return Err(Failure::new(Kind::Input, message));
    }
    Ok(found)
}

/// The hashed input of a name.
fn named(schema: &Schema, name: &str) -> Result<TensorSpec, Failure> {
    let found = hashed(schema)?;
    let known = found.iter().map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ");
    let spec = found.into_iter().find(|t| t.name == name);
    spec.ok_or_else(|| Failure::new(Kind::Input, format!("`{name}` is no hashed input; there are {known}")))
}

fn setup(dir: &Path, srs: Option<&Path>, show: Show) -> Result<Said, Failure> {
    let bundle = ModelBundle::load(dir)?;
    let tensors = hashed(&bundle.program.schema())?;
    let mut needed = 0;
    for spec in &tensors {
        needed = needed.max(plan(&disclosure_program(spec)?, 1, Default::default(), None)?.1.params.k);
    }
    let srs = match srs {
        Some(file) => show.working("checking the SRS", 0.5, || Srs::load(file))?,
        None => show.working("making an SRS", 0.2, || Srs::development(needed)),
    };
    if srs.kind == SrsKind::Development {
        show.note(DEVELOPMENT);
    }
    let mut text = String::new();
    let mut keys = Vec::new();
    for spec in &tensors {
        let key = show.working(&format!("making keys for {}", spec.name), 0.5, || disclosure_keys(spec, &srs))?;
        let folder = disclosure_dir(dir, &spec.name);
        std::fs::create_dir_all(&folder).map_err(|source| ProverError::File { path: folder.clone(), source })?;
        let (prover_bytes, verifier_bytes) = key.save(&folder)?;
        let (id, k) = (key.verifier.model_id(), key.header.params.k);
        text += &format!(
            "{}: 2^{k} rows, prover key {}, verifier key {}, proofs {} bytes -> {}\n  key id {id}\n",
            spec.name,
            bytes(prover_bytes),
            bytes(verifier_bytes),
            key.verifier.proof_len(),
            folder.display()
        );
        keys.push(json!({
            "tensor": spec.name,
            "model_id": id.to_string(),
            "k": k,
            "prover_key": folder.join(PROVER_KEY_FILE),
            "verifier_key": folder.join(VERIFIER_KEY_FILE),
            "prover_key_bytes": prover_bytes,
            "verifier_key_bytes": verifier_bytes,
            "proof_bytes": key.verifier.proof_len(),
        }));
    }
    Ok(Said { text, json: json!({ "srs_kind": srs.kind, "keys": keys }) })
}

fn prove(args: &DiscloseProve, show: Show) -> Result<Said, Failure> {
    let (nonce, salt) = (nonce(args.nonce.as_deref())?, args.salt.parse::<vouch_prover::Salt>()?);
    let bundle = ModelBundle::load(&args.dir)?;
    let model = bundle.program.schema();
    let spec = named(&model, &args.tensor)?;
    let all = inputs::of_schema(&model, &args.input, args.sample)?;
    let own = model.inputs.iter().zip(all).find(|(t, _)| t.name == spec.name);
    let values = own.map(|(_, values)| values).unwrap_or_default();
    let statement = match args.fact.index {
        Some(index) if args.reveal => {
            let value = values.get(index).copied().unwrap_or_default();
            Statement::element(&spec, index, value, value)?
        }
        _ => fact::statement(&args.fact, &spec)?.ok_or_else(|| {
            Failure::new(
                Kind::Usage,
                "say which fact: --index I --reveal, or --index I or --weights FILE with --value-range LO,HI",
            )
        })?,
    };
    // The statement's own refusal comes before the key is read.
    statement.check_values(&spec, &values)?;
    let folder = disclosure_dir(&args.dir, &spec.name);
    let file = folder.join(PROVER_KEY_FILE);
    if !file.exists() {
        let dir = args.dir.display();
        let message = format!("there is no {}: run `vouch disclose setup {dir}`", file.display());
        return Err(Failure::new(Kind::Other, message));
    }
    let key = load_key(&files::map(&file)?, &read_key(&folder.join(VERIFIER_KEY_FILE))?)?;
    let start = Instant::now();
    let envelope = show.working("proving", 0.2, || prove_statement(&key, &values, salt, &statement, nonce))?;
    let elapsed = start.elapsed();
    let encoded = envelope.encode().map_err(ProverError::from)?;
    files::write(&args.output, &[&encoded])?;
    let hash = envelope.public.input_hashes.first().map(ToString::to_string).unwrap_or_default();
    let text = format!(
        "{}\nproof of {} in {:.2} s -> {}\nhash of {}: {hash}\nnonce {nonce}\n",
        fact::words(&statement, &spec),
        bytes(encoded.len() as u64),
        elapsed.as_secs_f64(),
        args.output.display(),
        spec.name,
    );
    let json = json!({
        "proof": args.output,
        "statement": fact::json(&statement, &spec),
        "hash": hash,
        "model_id": envelope.model_id.to_string(),
        "nonce": nonce.to_string(),
        "envelope_bytes": encoded.len(),
        "prove_seconds": seconds(elapsed),
    });
    Ok(Said { text, json })
}
