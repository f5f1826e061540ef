//! `vouch prove`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand_core::{OsRng, RngCore};
use serde_json::{Map, json};
use vouch_compiler::{NamedTensors, data, dequantize_outputs};
use vouch_envelope::Nonce;
use vouch_prover::{KeyFile, ModelBundle, Proved, ProverError, ProverKey, Salt, files, key_files};

use crate::{
    Said,
    args::Prove,
    failure::{Failure, Kind},
    inputs,
    progress::Show,
    usage::{bytes, cpu_seconds, peak_bytes, seconds},
};

/// A loaded key with the integers to prove.
pub(crate) struct Job {
    pub(crate) key: ProverKey,
    pub(crate) integers: Vec<i64>,
    pub(crate) load: Duration,
}

impl Job {
    /// Reads bundle, inputs and key.
    pub(crate) fn load(dir: &Path, input: &Path, batch: bool, sample: Option<usize>) -> Result<Self, Failure> {
        let bundle = ModelBundle::load(dir)?;
        let samples = data::read(input, &data::specs_of(&bundle.program))?;
        // The program's own refusal comes before the key is read: it is what people most often have to mend.
        let (named, count) = if batch {
            (inputs::together(&samples, &bundle.program), samples.len() as u32)
        } else {
            (inputs::one(samples, sample, input)?, 1)
        };
        if !batch {
            inputs::integers(&bundle.program, &named)?;
        }
        let file = dir.join(key_files(count).0);
        if !file.exists() {
            let option = if count > 1 { format!(" --batch {count}") } else { String::new() };
            let dir = dir.display();
            return Err(Failure::new(
                Kind::Other,
                format!("there is no {}: run `vouch setup {dir}{option}`", file.display()),
            ));
        }
        let start = Instant::now();
        let key = ProverKey::load(&file, &bundle.program)?;
        let load = start.elapsed();
        let integers = inputs::integers(&key.program, &named)?;
        Ok(Self { key, integers, load })
    }

    /// A guess from the number of rows and columns, for the progress bar.
    pub(crate) fn expected_seconds(&self) -> f64 {
        let n = f64::from(1u32 << self.key.header.params.k.min(30));
        n * self.key.verifier.proof_len() as f64 / 32.0 * 5e-7
    }
}

/// The nonce that was asked for, or a random one.
pub(crate) fn nonce(text: Option<&str>) -> Result<Nonce, Failure> {
    Ok(match text {
        Some(text) => text.parse()?,
        None => {
            let mut bytes = [0; 32];
            OsRng.fill_bytes(&mut bytes);
            Nonce(bytes)
        }
    })
}

pub(crate) fn run(args: &Prove, show: Show) -> Result<Said, Failure> {
    let nonce = nonce(args.nonce.as_deref())?;
    let job = Job::load(&args.dir, &args.input, args.batch, args.sample)?;
    let start = Instant::now();
    let salt = args.salt.as_deref().map_or_else(|| Ok(Salt::random()), str::parse)?;
    let prove = || job.key.prove_salted(&job.integers, nonce, salt);
    let proved = show.working("proving", job.expected_seconds(), prove)?;
    let elapsed = start.elapsed();
    let encoded = proved.envelope.encode().map_err(ProverError::from)?;
    files::write(&args.output, &[&encoded])?;
    let outputs = dequantize_outputs(&job.key.program, &proved.outputs);
    Ok(said(&job, &proved, &outputs, &args.output, encoded.len(), elapsed))
}

fn said(
    job: &Job,
    proved: &Proved,
    outputs: &NamedTensors,
    path: &PathBuf,
    envelope: usize,
    elapsed: Duration,
) -> Said {
    let mut text = String::new();
    for spec in job.key.program.outputs() {
        if let Some(t) = outputs.get(&spec.name) {
            let values: Vec<String> = t.data.iter().take(16).map(|v| format!("{v:.6}")).collect();
            let more = if t.data.len() > 16 { " …" } else { "" };
            let _ = writeln!(text, "{} = {}{more} {}", spec.name, values.join(", "), spec.unit);
        }
    }
    let _ = writeln!(
        text,
        "proof of {} ({} with the public values) in {:.2} s, verified in {:.1} ms -> {}",
        bytes(proved.envelope.proof.len() as u64),
        bytes(envelope as u64),
        elapsed.as_secs_f64(),
        proved.verify.as_secs_f64() * 1e3,
        path.display()
    );
    let _ = writeln!(text, "model id {}\nnonce    {}", proved.envelope.model_id, proved.envelope.nonce);
    let public = &proved.envelope.public;
    let hashed = !(public.input_hashes.is_empty() && public.output_hashes.is_empty());
    if hashed {
        let _ = writeln!(text, "salt     {} (secret: who has it can recognize the hashed values)", proved.salt);
    }
    let named: Map<String, serde_json::Value> =
        outputs.iter().map(|(name, t)| (name.clone(), inputs::nested(&t.shape, &t.data))).collect();
    let mut json = json!({
        "outputs": named,
        "proof": path,
        "model_id": proved.envelope.model_id.to_string(),
        "nonce": proved.envelope.nonce.to_string(),
        "proof_bytes": proved.envelope.proof.len(),
        "envelope_bytes": envelope,
        "load_seconds": seconds(job.load),
        "witness_seconds": seconds(proved.witness),
        "prove_seconds": seconds(proved.prove),
        "verify_seconds": seconds(proved.verify),
        "cpu_seconds": cpu_seconds(),
        "peak_memory_bytes": peak_bytes(),
    });
    if hashed {
        json["salt"] = proved.salt.to_string().into();
    }
    Said { text, json }
}
