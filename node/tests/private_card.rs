//! What a node serves of a model with private weights, when its operator gives it the owner's bundle.

use std::path::Path;

use serde_json::Value;
use vouch::{Card, FieldTest, Model, Setup};
use vouch_api::{ModelCard, ModelId, Weights};
use vouch_compiler::{CompileOptions, InputRanges, OnnxModel, compile_model};
use vouch_program::WeightMode;
use vouch_testing::leak::{self, Layer, SIZE, distance, onnx, recover};

use crate::support::{Net, get};

/// The owner's folder: everything that `vouch compile` and `vouch setup` write.
fn save(layer: &Layer, weights: WeightMode, path: &Path) -> ModelId {
    let model = OnnxModel::from_bytes(&onnx(layer, SIZE, None)).unwrap();
    let options = CompileOptions { ranges: InputRanges::global(-1.0, 1.0), weights, ..CompileOptions::default() };
    let card = Card {
        version: "1".to_owned(),
        test: Some(FieldTest { mean_abs: 0.123_456, source: "elsewhere".to_owned() }),
        accuracy: [("y".to_owned(), 0.25)].into(),
        ..Card::default()
    };
    let model = Model::new(compile_model(&model, &options).unwrap(), card);
    let key = model.setup(Setup::development()).unwrap();
    model.save(path).unwrap();
    key.save(path).unwrap();
    key.model_id()
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_of_private_models_do_not_solve_for_the_weights() {
    let dir = tempfile::tempdir().unwrap();
    let layer = Layer::random(5);
    let fixed = save(&layer, WeightMode::Fixed, &dir.path().join("fixed"));
    let private = save(&layer, WeightMode::Private, &dir.path().join("private"));
    let net = Net::new();
    let validator = net.validator(|s| s.models = dir.path().to_owned()).await;
    let url = &validator.url;

    // Fixed weights are no secret: the card has outputs, and the attack works.
    let card: Value = get(url, &format!("/v1/models/{fixed}")).await;
    assert!(distance(&recover(&card).unwrap(), &layer) < 1e-5);

    let card: Value = get(url, &format!("/v1/models/{private}")).await;
    assert!(recover(&card).is_none(), "{card}");
    assert_eq!(card.get("accuracy"), None);
    let card: ModelCard = serde_json::from_value(card).unwrap();
    assert_eq!((card.weights, card.accuracy), (Weights::Private, None));
    assert_eq!(card.stated, [("y".to_owned(), 0.25)].into());
    assert_eq!(card.uncertainty.map(|test| test.mean_abs), Some(0.13), "rounded up to two digits");
    assert_eq!(card.parameters, (SIZE * (SIZE + 1)) as u64);
    assert!(card.has_layout);
    let list: Value = get(url, "/v1/models").await;
    assert!(list.to_string().contains(&private.to_string()) && leak::scatter(&list).is_none());
}
