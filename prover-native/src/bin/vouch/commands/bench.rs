//! `vouch bench`.

use std::{path::PathBuf, time::Instant};

use serde_json::json;
use vouch::{Nonce, Salt};

use crate::{
    Output,
    args::SampleArg,
    commands::prove::Job,
    failure::Failure,
    progress::Show,
    usage::{bytes, cpu_seconds, peak_bytes},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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

/// The middle of a list of figures.
fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    match v.len() {
        0 => 0.0,
        n if n % 2 == 1 => v[n / 2],
        n => f64::midpoint(v[n / 2 - 1], v[n / 2]),
    }
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let job = Job::load(&args.dir, &args.input, args.batch, SampleArg { index: Some(0) })?;
    let (mut wall, mut cpu, mut witness, mut verify) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut proof_bytes = 0;
    let expected = job.key.expected_seconds() * f64::from(args.runs);
    show.working("measuring", expected, || -> Result<(), Failure> {
        for run in 0..args.runs {
            let (start, before) = (Instant::now(), cpu_seconds());
            let proved = job.key.prove_integers(&job.integers, Nonce([run as u8; 32]), Salt::random())?;
            wall.push(start.elapsed().as_secs_f64());
            cpu.extend(cpu_seconds().zip(before).map(|(a, b)| a - b));
            witness.push(proved.witness.as_secs_f64());
            verify.push(proved.verify.as_secs_f64());
            proof_bytes = proved.envelope.proof.len();
        }
        Ok(())
    })?;
    let (wall, cpu, witness, verify) = (median(wall), median(cpu), median(witness), median(verify));
    let (load, peak) = (job.load.as_secs_f64(), peak_bytes());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let text = format!(
        "medians of {} runs on {threads} threads, 2^{} rows\n\
         load key   {:>9.1} ms\n\
         witness    {:>9.1} ms\n\
         prove      {:>9.1} ms wall, {:.2} CPU s (with witness and self-check)\n\
         verify     {:>9.1} ms\n\
         proof      {proof_bytes} bytes\n\
         memory     {}\n",
        args.runs,
        job.key.k(),
        load * 1e3,
        witness * 1e3,
        wall * 1e3,
        cpu,
        verify * 1e3,
        peak.map_or("unknown".into(), bytes)
    );
    let json = json!({
        "runs": args.runs, "threads": threads, "k": job.key.k(),
        "load_seconds": load, "witness_seconds": witness, "prove_seconds": wall, "prove_cpu_seconds": cpu,
        "verify_seconds": verify, "proof_bytes": proof_bytes, "peak_memory_bytes": peak,
    });
    Ok(Output { text, json })
}
