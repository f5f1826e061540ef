//! One proof about sixteen inputs. They share the lookup table, so that it costs far less than sixteen proofs.
//!
//! ```sh
//! cargo run --release --example batch
//! ```

use vouch::{Error, Expected, Inputs, Model, Setup, inputs, random_nonce, verify};

/// Four inputs `x`, two outputs `y`.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/tests/fixtures/tiny.onnx");
const SAMPLES: u32 = 16;

fn main() -> Result<(), Error> {
    // Limbs are as wide as is cheapest for such a batch.
    let model = Model::compile(MODEL)?.batch(SAMPLES).build()?;
    let setup = Setup::development().batch(SAMPLES);
    let single = Setup::development().plan(&model.program)?.estimate;
    let batch = setup.plan(&model.program)?.estimate;
    println!("expected: {:.3} CPU s for one input, {:.3} for {SAMPLES}", single.prove_seconds, batch.prove_seconds);

    let key = model.setup(setup)?;
    let samples: Vec<Inputs> =
        (0..SAMPLES).map(|i| inputs([("x", vec![f64::from(i) / 16.0, -0.5, 0.75, 1.0])])).collect();
    let nonce = random_nonce();
    let proof = key.prove_batch(&samples, nonce)?;

    let expected = Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() };
    let claim = verify(key.verifying_key(), &expected, &proof.envelope)?;
    // One output after the other, in each the samples in their order.
    for (i, y) in claim.real_outputs().chunks(2).enumerate() {
        println!("input {i:>2}: y = {y:.4?}");
    }
    println!("one proof of {} bytes", proof.envelope.proof.len());
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
