//! The JSON forms, which other languages read and write.

use vouch_schema::{Expected, ModelId, Nonce, Salt, Schema, TensorHash, TensorSpec, Visibility};

fn spec() -> TensorSpec {
    TensorSpec {
        name: "x".into(),
        shape: vec![2, 3],
        unit: "h".into(),
        scale: 0.5,
        min: i64::MIN,
        max: 7,
        visibility: Visibility::Hashed,
    }
}

#[test]
fn integers_of_a_tensor_are_text() {
    let json = serde_json::to_string(&spec()).unwrap();
    let expected = r#"{"name":"x","shape":[2,3],"unit":"h","scale":0.5,"min":"-9223372036854775808","max":"7","visibility":"hashed"}"#;
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_str::<TensorSpec>(&json).unwrap(), spec());
    let schema = Schema { inputs: vec![spec()], outputs: vec![] };
    assert_eq!(serde_json::to_string(&schema).unwrap(), format!(r#"{{"inputs":[{expected}],"outputs":[]}}"#));
}

#[test]
fn a_tensor_is_read_with_numbers_and_without_visibility() {
    let json = r#"{"name":"x","shape":[],"unit":"","scale":1.0,"min":-3,"max":4}"#;
    let read: TensorSpec = serde_json::from_str(json).unwrap();
    assert_eq!((read.min, read.max, read.visibility), (-3, 4, Visibility::Public));
    for wrong in ["1.5", "1e30", "9223372036854775808", "\"\"", "\"1.0\"", "null"] {
        let text = json.replace("-3", wrong);
        assert!(serde_json::from_str::<TensorSpec>(&text).is_err(), "{text}");
    }
}

#[test]
fn expectations_of_nothing_are_left_out() {
    let none = serde_json::to_string(&Expected::default()).unwrap();
    assert_eq!(none, r#"{"allow_development_srs":false}"#);
    let (id, all) = (
        "01".repeat(32),
        Expected {
            model_id: Some(ModelId([1; 32])),
            nonce: Some(Nonce([1; 32])),
            inputs: Some(vec![1, i64::MIN]),
            outputs: Some(vec![]),
            input_hashes: Some(vec![TensorHash([1; 32])]),
            output_hashes: Some(vec![]),
            allow_development_srs: true,
        },
    );
    let expected = format!(
        r#"{{"model_id":"{id}","nonce":"{id}","inputs":["1","-9223372036854775808"],"outputs":[],"input_hashes":["{id}"],"output_hashes":[],"allow_development_srs":true}}"#
    );
    assert_eq!(serde_json::to_string(&all).unwrap(), expected);
}

#[test]
fn identities_and_salts_are_hexadecimal_text() {
    let text = format!("\"{}\"", "0a".repeat(32));
    assert_eq!(serde_json::from_str::<ModelId>(&text).unwrap(), ModelId([10; 32]));
    assert_eq!(serde_json::to_string(&Salt([10; 32])).unwrap(), text);
    assert_eq!(serde_json::from_str::<Salt>(&text).unwrap(), Salt([10; 32]));
    for wrong in ["\"00\"", &text.to_uppercase(), "10"] {
        assert!(serde_json::from_str::<Nonce>(wrong).is_err(), "{wrong}");
    }
}
