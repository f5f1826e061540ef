//! Bundles that a node does not serve.
#![allow(missing_docs)]

use std::{path::Path, time::Duration};

use vouch_circuit::Objective;
use vouch_compiler::{CompileOptions, compile};
use vouch_node::registry::{Registry, RegistryError};
use vouch_program::Visibility;
use vouch_prover::{Card, KeyFile, ModelBundle, ProverKey, Srs, plan};

/// Questions and answers have no place for a salt yet, and nobody could check a private answer.
#[test]
fn models_that_hide_a_tensor_are_refused() {
    let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny.onnx");
    let compiled = compile(&onnx, &CompileOptions::default()).unwrap();
    let srs = Srs::development(12);
    for mode in [Visibility::Public, Visibility::Hashed, Visibility::Private] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        let mut own = compiled.clone();
        own.program = own.program.with_visibility(&[("x".to_owned(), mode)].into()).unwrap();
        let bundle = ModelBundle::new(own, Card { version: "1".to_owned(), ..Card::default() });
        let (planned, estimate) = plan(&bundle.program, 1, Objective::default(), None).unwrap();
        bundle.save(&path).unwrap();
        ProverKey::generate(&bundle.program, 1, planned, estimate.params, &srs).unwrap().save(&path).unwrap();
        let loaded = Registry::load(dir.path(), Duration::from_secs(60), true);
        match mode {
            Visibility::Public => assert!(loaded.is_ok()),
            _ => {
                let error = loaded.err().unwrap();
                assert!(matches!(&error, RegistryError::Hidden { path: own } if *own == path), "{error}");
                assert!(error.to_string().contains("public"), "{error}");
            }
        }
    }
}
