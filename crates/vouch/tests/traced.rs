//! Long work is reported to `tracing`. (A test alone in its program: which spans are recorded is decided once for all
//! threads.)
#![allow(missing_docs)]

use std::sync::{Arc, Mutex};

use tracing::span::{Attributes, Id};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};
use vouch::{Expected, Model, Nonce, Setup, inputs, verify};

/// Four inputs `x`, two outputs `y`.
const ONNX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../node/tests/fixtures/tiny.onnx");

/// The names of the spans that were opened.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<&'static str>>>);

impl<S: tracing::Subscriber> Layer<S> for Names {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().target().starts_with("vouch") {
            self.0.lock().unwrap().push(attributes.metadata().name());
        }
    }
}

#[test]
fn work_is_traced() {
    let names = Names::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(names.clone()), || {
        let model = Model::compile(ONNX).unwrap().build().unwrap();
        let key = model.setup(Setup::development()).unwrap();
        let proof = key.prove(&inputs([("x", vec![0.25, -0.5, 0.75, 1.0])]), Nonce([1; 32])).unwrap();
        let expected = Expected { allow_development_srs: true, ..Expected::default() };
        verify(key.verifying_key(), &expected, &proof.envelope).unwrap();
    });
    assert_eq!(*names.0.lock().unwrap(), ["compile", "setup", "prove", "verify"]);
}
