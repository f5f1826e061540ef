//! Bundles that a node does not serve.

use std::{path::Path, time::Duration};

use vouch::{Card, Model, Setup, Srs};
use vouch_compiler::{CompileOptions, compile};
use vouch_node::registry::{Registry, RegistryError};
use vouch_program::Visibility;
use vouch_verifier::Section;

/// Public and hashed tensors can be checked; of private ones nobody could say anything.
#[test]
fn models_with_a_private_tensor_are_refused() {
    let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny.onnx");
    let compiled = compile(&onnx, &CompileOptions::default()).unwrap();
    let srs = Srs::development(12);
    let cases = [
        ("x", Visibility::Public, None),
        ("x", Visibility::Hashed, None),
        ("y", Visibility::Hashed, None),
        ("x", Visibility::Private, Some((Section::Inputs, "on which input"))),
        ("y", Visibility::Private, Some((Section::Outputs, "which output"))),
    ];
    for (name, mode, refused) in cases {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        let mut own = compiled.clone();
        own.program = own.program.with_visibility(&[(name.to_owned(), mode)].into()).unwrap();
        let bundle = Model::new(own, Card { version: "1".to_owned(), ..Card::default() });
        bundle.save(&path).unwrap();
        bundle.setup(Setup::new(&srs)).unwrap().save(&path).unwrap();
        let loaded = Registry::load(dir.path(), Duration::from_secs(60), true);
        let Some((section, reason)) = refused else {
            let registry = loaded.unwrap();
            assert_eq!(registry.iter().next().unwrap().has_hashes(), mode == Visibility::Hashed);
            continue;
        };
        let error = loaded.err().unwrap();
        let named =
            matches!(&error, RegistryError::Private { section: s, name: n, .. } if (*s, n.as_str()) == (section, name));
        assert!(named && error.to_string().contains(reason), "{error}");
    }
}
