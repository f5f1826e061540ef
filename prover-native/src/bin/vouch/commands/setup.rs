//! `vouch setup`.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;
use vouch::{EVM_GROUP, KeyFiles, Model, ProvingKey, Srs, SrsKind};
use vouch_proving::ProvingError;

use crate::{
    Output,
    args::{Goal, Shape},
    failure::{Failure, Kind},
    own,
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
    /// Who checks the proofs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// With `--profile evm`: polynomials that share a commitment [default: 32; with `--objective gas` as many as it takes]. More take
    /// less gas and a longer reference string
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) group: Option<u32>,
}

/// What keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// The verifiers of this project, and halo2's
    #[default]
    Halo2,
    /// A contract on Ethereum, too
    Evm,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let model = Model::open(&args.dir)?;
    let setup = args.shape.setup();
    let gas = matches!(args.shape.objective, Goal::Gas);
    let setup = match (args.profile, args.group) {
        (Profile::Halo2, _) if gas => {
            return Err(Failure::new(Kind::Usage, "gas is what proofs of `--profile evm` cost"));
        }
        (Profile::Halo2, _) => setup,
        (Profile::Evm, None) if gas => setup,
        (Profile::Evm, group) => setup.evm(group.unwrap_or(EVM_GROUP)),
    };
    let plan = setup.plan(&model.program)?;
    let (k, powers, estimate) = (plan.k(), plan.powers(), &plan.estimate);
    let srs = match &args.srs {
        Some(file) => {
            let srs = show.working("checking the SRS", 0.5, || Srs::open(file))?;
            if srs.k() < powers {
                return Err(ProvingError::SrsTooSmall { needed: powers, got: srs.k() }.into());
            }
            srs
        }
        None => show
            .working("making an SRS", 0.2 * f64::from(1u32 << powers.saturating_sub(11)), || Srs::development(powers)),
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
    if kind == SrsKind::Development && args.srs.is_none() {
        own::remember(model);
    }
    let proof_bytes = key.verifying_key().proof_len();
    let text = format!(
        "model id       {model}\n\
         circuit        2^{k} rows, {} advice and {} fixed columns\n\
         prover key     {} ({})\n\
         verifier key   {} ({})\n\
         proofs         {proof_bytes} bytes\n\
         SRS            {}\n{}",
        estimate.advice,
        estimate.fixed,
        prover.display(),
        bytes(prover_bytes),
        verifier.display(),
        bytes(verifier_bytes),
        match kind {
            SrsKind::Development => "made for development: do not rely on it",
            SrsKind::Ceremony => "from a ceremony",
        },
        plan.group().map_or(String::new(), |group| {
            format!("gas            about {}, in groups of {group}\n", estimate.openings.gas(group))
        }),
    );
    let json = json!({
        "model_id": model.to_string(),
        "k": k,
        "group": plan.group(),
        "expected_gas": plan.group().map(|group| estimate.openings.gas(group)),
        "profile": if args.profile == Profile::Evm { "evm" } else { "halo2" },
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
    Ok(Output { text, json })
}
