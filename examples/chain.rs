//! Two proofs in a chain: the second model's input is the first model's output, and whoever verifies the chain sees that
//! it is, without trusting who made it.
//!
//! ```sh
//! cargo run --release --example chain
//! ```

use vouch::{ChainStep, Error, Expected, Model, ProofChain, Setup, inputs, parse_link, random_nonce, verify_chain};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/tests/fixtures/tiny.onnx");

fn main() -> Result<(), Error> {
    let first = Model::compile(MODEL)?.build()?;
    // Linked values are equal as integers: the second model's input has the scale of the first one's output.
    let scale = first.program.outputs()[0].scale;
    let second = Model::compile(MODEL)?.input_range(-8.0..=8.0).input_scale("x", scale).build()?;
    let (first, second) = (first.setup(Setup::development())?, second.setup(Setup::development())?);

    let nonces = [random_nonce(), random_nonce()];
    let forecast = first.prove(&inputs([("x", vec![0.25, -0.5, 0.75, 1.0])]), nonces[0])?;
    let y = first.dequantize(&forecast.outputs)["y"].data.clone();
    let decision = second.prove(&inputs([("x", vec![y[0], y[1], 0.5, 0.5])]), nonces[1])?;

    // The outputs of proof 0 are the first two inputs of proof 1.
    let link = parse_link("0:y=1:x[0..2]", &[first.verifying_key(), second.verifying_key()])?;
    let chain = ProofChain::new(vec![forecast.envelope, decision.envelope], vec![link])?;

    // Models, nonces and links come from who verifies.
    let steps = [(&first, nonces[0]), (&second, nonces[1])].map(|(key, nonce)| ChainStep {
        key: key.verifying_key(),
        expected: Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() },
    });
    let verified = verify_chain(&steps, &[link], &chain)?;
    for claim in verified.claims() {
        println!("x = {:.4?}  y = {:.4?}", claim.real_inputs(), claim.real_outputs());
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
