//! `vouch prove`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Map, json};
use vouch::{Model, Nonce, Proof, ProvingKey, Salt, Tensors, key_files, random_nonce, together};
use vouch_compiler::quantize_inputs;

use crate::{
    Output,
    args::SampleArg,
    failure::{Failure, Kind},
    inputs,
    progress::Show,
    usage::{bytes, cpu_seconds, peak_bytes, seconds},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// Inputs (.npy, .npz, .json by input name, or EZKL's input.json)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) sample: SampleArg,
    /// One proof for all samples of the file
    #[arg(long, conflicts_with = "sample")]
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

/// A loaded key with the integers to prove.
pub(crate) struct Job {
    pub(crate) key: ProvingKey,
    pub(crate) integers: Vec<i64>,
    pub(crate) load: Duration,
}

impl Job {
    /// Reads bundle, inputs and key.
    pub(crate) fn load(dir: &Path, input: &Path, batch: bool, sample: SampleArg) -> Result<Self, Failure> {
        let model = Model::open(dir)?;
        let samples = model.read_inputs(input)?;
        // The program's own refusal comes before the key is read: it is what people most often have to mend.
        let (named, count) =
            if batch { (together(&samples), samples.len() as u32) } else { (inputs::one(samples, sample, input)?, 1) };
        if !batch {
            quantize_inputs(&model.program, &named)?;
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
        let key = ProvingKey::open(&file, &model)?;
        let load = start.elapsed();
        let integers = key.quantize(&named)?;
        Ok(Self { key, integers, load })
    }
}

/// The nonce that was asked for, or a random one.
pub(crate) fn nonce(text: Option<&str>) -> Result<Nonce, Failure> {
    Ok(match text {
        Some(text) => text.parse()?,
        None => random_nonce(),
    })
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let nonce = nonce(args.nonce.as_deref())?;
    let job = Job::load(&args.dir, &args.input, args.batch, args.sample)?;
    let start = Instant::now();
    let salt = args.salt.as_deref().map_or_else(|| Ok(Salt::random()), str::parse)?;
    let prove = || job.key.prove_integers(&job.integers, nonce, salt);
    let proved = show.working("proving", job.key.expected_seconds(), prove)?;
    let elapsed = start.elapsed();
    let bytes = proved.save(&args.output)?;
    let outputs = job.key.dequantize(&proved.outputs);
    Ok(said(&job, &proved, &outputs, &args.output, bytes, elapsed))
}

fn said(job: &Job, proved: &Proof, outputs: &Tensors, path: &PathBuf, envelope: usize, elapsed: Duration) -> Output {
    let mut text = String::new();
    for spec in job.key.program().outputs() {
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
    Output { text, json }
}
