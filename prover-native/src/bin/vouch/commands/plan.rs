//! `vouch plan`.

use std::{fmt::Write, path::PathBuf};

use serde_json::json;
use vouch::{Error, Estimate, Model, Objective, Program, Setup, WeightMode};

use crate::{
    Output,
    args::Shape,
    commands::compile::{self, Ranges},
    failure::Failure,
    progress::Show,
    usage::bytes,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model, or the folder of a bundle
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) ranges: Ranges,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let is_bundle = args.model.is_dir() || args.model.extension().is_some_and(|e| e == "vouch");
    let program: Program = if is_bundle {
        Model::open(&args.model)?.program
    } else {
        let (batch, objective) = (args.shape.batch, args.shape.objective.into());
        let compile = compile::configured(compile::load(&args.model, &args.ranges)?, &args.ranges, WeightMode::Fixed)?;
        compile::build(compile.batch(batch).objective(objective), show)?.program
    };
    let chosen = args.shape.setup().plan(&program)?;
    // With the objective `gas` all layouts are of the evm profile, in groups of the same size.
    let group = chosen.group();
    let best = chosen.estimate;
    let estimate = |setup: Setup<'_>| {
        let setup = group.map_or(setup.clone(), |group| setup.evm(group)).batch(args.shape.batch);
        Ok(setup.plan(&program)?.estimate)
    };
    let mut rows: Vec<(&str, Estimate)> = vec![("chosen", best.clone())];
    let mut add = |name, found: Result<Estimate, Error>| {
        if let Ok(e) = found
            && !rows.iter().any(|(_, r)| r.params == e.params)
        {
            rows.push((name, e));
        }
    };
    for (name, objective) in
        [("fastest", Objective::Prover), ("smallest proof", Objective::Proof), ("least memory", Objective::Memory)]
    {
        add(name, estimate(Setup::development().objective(objective)));
    }
    for (name, k) in [("half the rows", best.params.k.saturating_sub(1)), ("twice the rows", best.params.k + 1)] {
        add(name, estimate(Setup::development().rows(k)));
    }
    let mut text = format!(
        "{:<15} {:>4} {:>7} {:>6} {:>9} {:>10} {:>11} {:>9} {:>8}\n",
        "layout", "k", "advice", "fixed", "proof", "verifier", "prover key", "memory", "CPU s"
    );
    for (name, e) in &rows {
        let _ = writeln!(
            text,
            "{name:<15} {:>4} {:>7} {:>6} {:>8}B {:>9}B {:>11} {:>9} {:>8.2}",
            e.params.k,
            e.advice,
            e.fixed,
            e.proof_bytes,
            e.verifier_key_bytes,
            bytes(e.prover_key_bytes as u64),
            bytes(e.memory_bytes as u64),
            e.prove_seconds
        );
    }
    if let Some(group) = group {
        for (name, e) in &rows {
            let _ = writeln!(text, "{name:<15} about {} gas, in groups of {group}", e.openings.gas(group));
        }
    }
    let p = &best.params;
    let _ = writeln!(
        text,
        "chosen: {} linear, {} product, {} matrix, {} select and {} hash lanes of {} usable rows",
        p.linear_lanes,
        p.product_lanes,
        p.matrix_lanes,
        p.select_lanes,
        p.hash_lanes,
        p.usable()
    );
    for (name, (used, of)) in ["linear", "product", "matrix", "lookup table"].iter().zip(best.rows) {
        if of > 0 && used > 0 {
            let _ = writeln!(text, "  {name:<13} {used} of {of} rows ({:.0} %)", 100.0 * used as f64 / of as f64);
        }
    }
    let gas = |e: &Estimate| group.map(|group| e.openings.gas(group));
    let alternatives: Vec<_> =
        rows.iter().map(|(name, e)| json!({ "name": name, "estimate": e, "gas": gas(e) })).collect();
    Ok(Output {
        text,
        json: json!({ "chosen": best, "group": group, "gas": gas(&best), "alternatives": alternatives }),
    })
}
