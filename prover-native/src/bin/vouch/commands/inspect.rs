//! `vouch inspect`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use serde_json::json;
use vouch::{CompileReport, Model, Program, ProvingKey, Srs, VerifyingKey, files, picture};
use vouch_circuit::Layout;
use vouch_envelope::{CHAIN_MAGIC, ENVELOPE_MAGIC, ProofEnvelope, hex};
use vouch_program::Instruction;
use vouch_verifier::{KEY_MAGIC, Visibility};

use crate::{
    Output,
    args::Shape,
    commands::{chain, compile, srs},
    failure::{Failure, Kind},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of a bundle, or a key, proof or reference string
    pub(crate) path: PathBuf,
    /// Write layout.svg and accuracy.svg into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

pub(crate) fn run(args: &Args) -> Result<Output, Failure> {
    let path = &args.path;
    if path.is_dir() {
        return bundle(args);
    }
    // The prover key and the reference string can be large; the first bytes say what a file is.
    let start = files::map(path)?.get(..8).map(<[u8]>::to_vec).unwrap_or_default();
    match start.as_slice() {
        b"VOUCHMD\0" => bundle(args),
        b"VOUCHSR\0" => Ok(srs::describe(&Srs::open(path)?)),
        b"VOUCHPK\0" => prover_key(path),
        m if m == KEY_MAGIC => Ok(verifier_key(&vouch::open_verifying_key(path)?)),
        m if m == CHAIN_MAGIC => chain::describe(path),
        m if m == ENVELOPE_MAGIC || m.first() == Some(&b'{') => proof(path),
        _ => Err(Failure::new(Kind::Input, format!("{}: not a file of Vouch", path.display()))),
    }
}

fn bundle(args: &Args) -> Result<Output, Failure> {
    let model = Model::open(&args.path)?;
    let m = &model.manifest;
    let plan = args.shape.setup().plan(&model.program)?;
    let estimate = &plan.estimate;
    let layout = Layout::new(&plan.program, &estimate.params).map_err(vouch::Error::from)?;
    let mut text = format!("{} version {} {}\n{}\n", m.name, m.version, m.author, m.description);
    let _ = writeln!(text, "program {}", m.program_digest);
    text.push_str(&origin(&model));
    text.push_str(&instructions(&model.program));
    if let Some(report) = &m.report {
        text.push_str(&tensors(report));
    }
    text.push_str(&tables(&model.program));
    match &m.report {
        Some(report) => _ = writeln!(text, "\n{}", compile::accuracy(report)),
        None => text.push_str("\nThe owner publishes no accuracy report: the weights are private.\n"),
    }
    text.push_str(&compile::stated(m));
    let _ = writeln!(text, "layout: 2^{} rows, proofs of {} bytes", estimate.params.k, estimate.proof_bytes);
    for (name, (used, of)) in ["linear", "product", "matrix", "lookup table"].iter().zip(estimate.rows) {
        if of > 0 && used > 0 {
            let _ = writeln!(text, "  {name:<13} {used} of {of} rows ({:.0} %)", 100.0 * used as f64 / of as f64);
        }
    }
    let mut pictures = Vec::new();
    if let Some(dir) = &args.svg {
        files::create_dir(dir)?;
        let drawn = ("layout.svg", picture::layout(&m.name, &plan.program, &layout, estimate));
        let accuracy = m.report.as_ref().map(|report| ("accuracy.svg", picture::accuracy(report)));
        for (name, svg) in [drawn].into_iter().chain(accuracy) {
            files::write(&dir.join(name), &[svg.as_bytes()])?;
            let _ = writeln!(text, "wrote {}", dir.join(name).display());
            pictures.push(dir.join(name));
        }
    }
    let json = json!({ "kind": "bundle", "manifest": m, "layout": estimate, "pictures": pictures });
    Ok(Output { text, json })
}

/// What the model was compiled from.
fn origin(model: &Model) -> String {
    let (digest, opset, operators) = match (&model.manifest.report, &model.manifest.outline) {
        (Some(r), _) => (r.onnx_digest.as_str(), r.opset, r.operators.as_slice()),
        (None, Some(o)) => ("not published", o.opset, o.operators.as_slice()),
        (None, None) => ("not published", 0, [].as_slice()),
    };
    let operators: Vec<String> = operators.iter().map(|o| format!("{} {}", o.count, o.operator)).collect();
    let (parameters, weights) = (model.parameters(), model.program.weights());
    format!("ONNX    {digest} (opset {opset})\n{parameters} parameters, {weights}; {}\n\n", operators.join(", "))
}

/// One line for each tensor.
fn tensors(report: &CompileReport) -> String {
    let mut out = format!("\n{:<32} {:<14} {:>12} {:>10}  range in units\n", "tensor", "operator", "shape", "scale");
    for t in &report.tensors {
        let shape = t.shape.iter().map(u32::to_string).collect::<Vec<_>>().join("×");
        let (name, op, scale) = (&t.name, &t.op, power(t.scale));
        let _ = writeln!(out, "{name:<32} {op:<14} {shape:>12} {scale:>10}  [{:.4}, {:.4}]", t.lo, t.hi);
    }
    out
}

/// One line for each table.
fn tables(program: &Program) -> String {
    let mut out = format!("\n{:<32} {:>10} {:>9}\n", "table", "scale", "segments");
    for t in program.tables() {
        let _ = writeln!(out, "{:<32} {:>10} {:>9}", t.name, power(t.scale), t.segments.len());
    }
    out
}

/// One line for each instruction.
fn instructions(program: &Program) -> String {
    let mut out = format!("{:>4} {:<10} {:<32} {:>16} {:>10}\n", "", "kind", "name", "shape", "sums");
    for (i, ins) in program.instructions().iter().enumerate() {
        let (kind, shape, sums) = match ins {
            Instruction::Linear(l) => {
                let m = &program.matrices()[l.matrix.0 as usize];
                ("linear", format!("{}×{}·{}×{}", l.positions, m.rows, m.rows, m.cols), l.positions * m.cols)
            }
            Instruction::Product(p) => ("product", format!("{} terms of {}", p.terms.len(), p.len), p.len),
            Instruction::Max(m) => ("max", format!("{} of {}", m.groups, m.x.len() as u32 / m.groups.max(1)), m.groups),
            Instruction::Select(s) => {
                let m = &program.matrices()[s.matrix.0 as usize];
                let n = s.x.len() as u32;
                ("select", format!("{n} of {}×{}", m.rows, m.cols), n.saturating_mul(m.cols))
            }
            Instruction::MatMul(m) => {
                let (rows, cols) = (m.rows() as u32, m.cols() as u32);
                ("matmul", format!("{rows}×{}·{}×{cols}", m.inner, m.inner), rows * cols)
            }
        };
        let _ = writeln!(out, "{i:>4} {kind:<10} {:<32} {shape:>16} {sums:>10}", ins.name());
    }
    out
}

fn power(scale: f64) -> String {
    let e = scale.log2();
    if e == e.round() { format!("2^{e}") } else { format!("{scale:.4e}") }
}

fn prover_key(path: &Path) -> Result<Output, Failure> {
    let header = ProvingKey::read_header(path)?;
    let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or(0);
    let text = format!(
        "prover key of {size} bytes\nprogram {}\n{} inputs a proof, 2^{} rows\n",
        header.program_digest, header.batch, header.params.k
    );
    Ok(Output { text, json: json!({ "kind": "prover key", "bytes": size, "header": header }) })
}

fn verifier_key(key: &VerifyingKey) -> Output {
    let d = key.description();
    let mut text = format!("verifier key of {} bytes\nmodel id {}\n", key.to_bytes().len(), key.model_id());
    let _ = writeln!(text, "program  {}", hex::encode(&d.program_digest));
    let _ = writeln!(text, "SRS      {} ({:?})", hex::encode(&d.srs_identity), d.srs_kind);
    let _ = writeln!(
        text,
        "circuit  2^{} rows, {} advice and {} fixed columns, degree {}; proofs of {} bytes",
        d.k,
        d.advice_phases.len(),
        d.fixed_columns(),
        d.degree,
        key.proof_len()
    );
    if let Some(weights) = &d.weights {
        let count: usize = weights.lanes.iter().map(|lane| lane.commitments.len()).sum();
        let kind = if weights.is_private() { "private" } else { "fixed" };
        let _ = writeln!(text, "weights  {kind}: {count} commitments");
    }
    for (what, tensors) in [("input", &d.schema.inputs), ("output", &d.schema.outputs)] {
        for t in tensors {
            let (lo, hi) = (t.min as f64 / t.scale, t.max as f64 / t.scale);
            let mode = match t.visibility {
                Visibility::Public => "",
                Visibility::Hashed => "(hashed)",
                Visibility::Private => "(private)",
            };
            let _ = writeln!(text, "{what:<8} {} {:?} in [{lo:.4}, {hi:.4}] {} {mode}", t.name, t.shape, t.unit);
        }
    }
    let json = json!({
        "kind": "verifier key",
        "bytes": key.to_bytes().len(),
        "model_id": key.model_id().to_string(),
        "program_digest": hex::encode(&d.program_digest),
        "srs_identity": hex::encode(&d.srs_identity),
        "srs_kind": d.srs_kind,
        "k": d.k,
        "proof_bytes": key.proof_len(),
        "weights": if d.has_private_weights() { "private" } else { "fixed" },
        "schema": d.schema,
        "layout": serde_json::from_str::<serde_json::Value>(&d.layout).ok(),
    });
    Output { text, json }
}

fn proof(path: &Path) -> Result<Output, Failure> {
    let bytes = vouch::read_proof(path)?;
    let e =
        ProofEnvelope::decode(&bytes).map_err(|e| Failure::new(Kind::Damaged, format!("{}: {e}", path.display())))?;
    let text = format!(
        "proof of {} bytes, envelope of {} (not verified: use `vouch verify`)\nmodel id {}\nnonce    {}\n\
         {} input and {} output values, {} hashes\n",
        e.proof.len(),
        bytes.len(),
        e.model_id,
        e.nonce,
        e.public.inputs.len(),
        e.public.outputs.len(),
        e.public.input_hashes.len() + e.public.output_hashes.len()
    );
    Ok(Output { text, json: json!({ "kind": "proof", "verified": false, "envelope": e }) })
}
