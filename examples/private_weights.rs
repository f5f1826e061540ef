//! A model whose weights stay with its owner. Others get the model without them and a verifying key, check that key
//! themselves, and verify proofs.
//!
//! ```sh
//! cargo run --release --example private_weights
//! ```

use std::path::Path;

use vouch::{
    Error, Expected, Model, Setup, Srs, VerifyingKey, check_key, inputs, open_proof, open_verifying_key, random_nonce,
    verify,
};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/tests/fixtures/tiny.onnx");

fn main() -> Result<(), Error> {
    let dir = std::env::temp_dir().join(format!("vouch-private-weights-{}", std::process::id()));
    let done = run(&dir);
    let _ = std::fs::remove_dir_all(&dir);
    done
}

fn run(dir: &Path) -> Result<(), Error> {
    let (private, public) = (dir.join("owner"), dir.join("published"));

    // The owner.
    let model = Model::compile(MODEL)?.private_weights().build()?;
    let srs = Srs::development(Setup::development().plan(&model.program)?.k());
    let key = model.setup(Setup::new(&srs))?;
    model.save(&private)?;
    key.save(&private)?;
    model.publish(&private, &public)?;
    srs.save(public.join("reference.srs"))?;
    let nonce = random_nonce();
    key.prove(&inputs([("x", vec![0.25, -0.5, 0.75, 1.0])]), nonce)?.save(public.join("answer.proof"))?;

    // Everybody else, who has the published folder only.
    let published = Model::open(&public)?;
    assert!(!published.program.has_weights());
    let key: VerifyingKey = open_verifying_key(public.join("verifier.key"))?;
    check_key(&published, 1, &Srs::open(public.join("reference.srs"))?, &key)?;
    let expected = Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() };
    let claim = verify(&key, &expected, &open_proof(public.join("answer.proof"))?)?;
    println!("y = {:.4?}, by the weights that model {} commits to", claim.real_outputs(), claim.model_id());
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
