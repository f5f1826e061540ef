use super::*;

fn tensor(name: &str, size: u32, visibility: Visibility) -> TensorSpec {
    let (name, unit) = (name.to_owned(), "h".to_owned());
    TensorSpec { name, shape: vec![1, size], unit, scale: 4.0, min: -1000, max: 1000, visibility }
}

/// `same` is a hashed input and a hashed output of equal size.
fn facts() -> KeyFacts {
    use Visibility::{Hashed, Private, Public};
    let inputs = vec![tensor("open", 2, Public), tensor("same", 2, Hashed), tensor("other", 1, Hashed)];
    let outputs = vec![tensor("result", 1, Public), tensor("same", 2, Hashed), tensor("secret", 1, Private)];
    KeyFacts { model_id: ModelId([1; 32]), srs_kind: "ceremony".into(), schema: Schema { inputs, outputs } }
}

fn opening(section: Section, name: &str, values: &[i64]) -> Opening {
    let facts = facts();
    let tensor = facts.schema.named(section, name).unwrap();
    Opening::new(section, tensor, values.to_vec(), Salt([7; 32])).unwrap()
}

fn file(opening: &Opening) -> Recognition {
    serde_json::from_slice(&opening.file(facts().model_id)).unwrap()
}

/// The vector is fixed: files that people keep must stay readable.
#[test]
fn the_hash_does_not_change() {
    let opening = opening(Section::Inputs, "same", &[1, -2]);
    assert_eq!(opening.hash.to_string(), "0c0321d8bfa12ec7b2bd41588426455cbfe7cacffc288245e4d6081e2ee4f1ff");
}

#[test]
fn a_file_is_read_as_it_was_written() {
    for section in [Section::Inputs, Section::Outputs] {
        // The name is that of an input and of an output: the hash decides.
        let opening = opening(section, "same", &[5, -1000]);
        let text = String::from_utf8(opening.file(facts().model_id)).unwrap();
        let fields: Vec<&str> =
            ["\"model_id\":", "\"tensor\":\"same\"", "\"values\":[5,-1000]", "\"salt\":", "\"hash\":"].into();
        assert!(fields.iter().all(|field| text.contains(field)), "{text}");
        assert_eq!(Opening::read(file(&opening), &facts()), Ok(opening));
    }
}

#[test]
fn a_file_that_is_damaged_is_refused() {
    let good = opening(Section::Inputs, "same", &[5, 6]);
    let refused = |change: &dyn Fn(&mut Recognition)| {
        let mut file = file(&good);
        change(&mut file);
        Opening::read(file, &facts()).unwrap_err()
    };
    let damaged = OpeningError::Damaged { hash: good.hash };
    let other = refused(&|file| file.model_id = ModelId([2; 32]));
    assert_eq!(other, OpeningError::OtherModel { file: ModelId([2; 32]), proof: ModelId([1; 32]) });
    assert_eq!(refused(&|file| file.tensor = "no".into()), OpeningError::NoTensor { name: "no".into() });
    assert_eq!(refused(&|file| file.tensor = "open".into()), OpeningError::NoTensor { name: "open".into() });
    assert_eq!(refused(&|file| file.values[0] += 1), damaged);
    assert_eq!(refused(&|file| file.salt.0[0] ^= 1), damaged);
    assert!(matches!(refused(&|file| file.hash.0[31] ^= 1), OpeningError::Damaged { hash } if hash != good.hash));
    let count = OpeningError::Count { name: "same".into(), expected: 2, got: 3 };
    assert_eq!(refused(&|file| file.values.push(0)), count);
    assert_eq!(count.to_string(), "same has 2 values, 3 are there.");
    let width = refused(&|file| file.values[1] = 1 << 40);
    assert_eq!(width, OpeningError::Width { name: "same".into(), index: 1, value: 1 << 40 });
    assert_eq!(width.to_string(), "value 1: 1099511627776 is not an integer of 32 bits");
}

#[test]
fn a_text_that_is_no_file_is_refused() {
    let good = String::from_utf8(opening(Section::Inputs, "same", &[5, 6]).file(facts().model_id)).unwrap();
    let read = |text: &str| serde_json::from_str::<Recognition>(text);
    assert!(read(&good).is_ok());
    for wrong in [
        good.replace("\"salt\"", "\"Salt\""),
        good.replace("0707", "07"),
        good.replace("0707", "0G07"),
        good.replace("[5,6]", "[5,6.5]"),
        good.replace("[5,6]", "[5,99999999999999999999]"),
        good.replacen('{', "{\"more\":1,", 1),
        good[..good.len() - 1].to_owned(),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_typed_is_read() {
    let facts = facts();
    let tensor = facts.schema.named(Section::Inputs, "same").unwrap();
    let typed = |text: &str, salt: &str| Opening::typed(Section::Inputs, tensor, text, salt);
    let salt = "07".repeat(32);
    assert_eq!(
        typed(" 1.25;\n-0.5,", &format!(" {} ", salt.to_uppercase())),
        Ok(opening(Section::Inputs, "same", &[5, -2]))
    );
    assert_eq!(typed("1 2", &salt[2..]), Err(OpeningError::Salt));
    let said = |text: &str| typed(text, &salt).unwrap_err().to_string();
    assert_eq!(said("1 two"), "“two” is not a number; decimals follow a point.");
    assert_eq!(said("1 251"), "251 is outside the range of same.");
    assert_eq!(said("1"), "same has 2 values, 1 are there.");
}

#[test]
fn a_request_says_what_to_expect() {
    let schema = facts().schema;
    let (model, nonce, salt) = (ModelId([1; 32]), Some(Nonce([3; 32])), Salt([7; 32]));
    let inputs = [1, 2, 5, 6, 9];
    let known = openings(&schema, Section::Inputs, &inputs, salt).unwrap();
    assert_eq!(known, [opening(Section::Inputs, "same", &[5, 6]), opening(Section::Inputs, "other", &[9])]);
    let full = expected(&schema, model, &inputs, nonce, &known);
    assert_eq!((full.model_id, full.nonce), (Some(model), nonce));
    assert_eq!(full.inputs.as_deref(), Some(&[1, 2][..]));
    assert_eq!(full.input_hashes, Some(vec![known[0].hash, known[1].hash]));
    assert_eq!((full.outputs, full.output_hashes), (None, None));
    assert!(!full.allow_development_srs);
    let without = expected(&schema, model, &inputs, None, &[]);
    assert_eq!((without.nonce, without.input_hashes), (None, None));
    let few = openings(&schema, Section::Inputs, &inputs[..3], salt);
    assert_eq!(few, Err(OpeningError::Count { name: "same".into(), expected: 2, got: 1 }));
}

#[test]
fn hashes_are_expected_of_sections_that_are_known() {
    let schema = facts().schema;
    let same = opening(Section::Inputs, "same", &[5, 6]);
    let result = opening(Section::Outputs, "same", &[5, 6]);
    let mut expected = Expected { input_hashes: Some(vec![same.hash]), ..Expected::default() };
    // One of two inputs is not enough; the output of that name is another tensor.
    expect(&mut expected, &schema, &[same.clone(), result.clone()]);
    assert_eq!((expected.input_hashes, expected.output_hashes), (None, Some(vec![result.hash])));
    assert_ne!(same.hash, result.hash);
}

#[test]
fn an_envelope_shows_values_hashes_or_nothing() {
    let schema = facts().schema;
    let result = opening(Section::Outputs, "same", &[8, -4]);
    let public = PublicValues {
        inputs: vec![1, 2],
        outputs: vec![10],
        input_hashes: vec![TensorHash([1; 32]), TensorHash([2; 32])],
        output_hashes: vec![result.hash],
    };
    let of = |section| shown(&schema, section, &public).into_iter().map(|(_, shown)| shown).collect::<Vec<_>>();
    let hash = |byte| Shown::Hash(TensorHash([byte; 32]));
    assert_eq!(of(Section::Inputs), [Shown::Values(vec![1, 2]), hash(1), hash(2)]);
    assert_eq!(of(Section::Outputs), [Shown::Values(vec![10]), Shown::Hash(result.hash), Shown::Nothing]);
    // Nothing is made up of what is missing.
    let nothing = shown(&schema, Section::Inputs, &PublicValues::default());
    let nothing: Vec<_> = nothing.into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(nothing, [Shown::Values(vec![]), Shown::Nothing, Shown::Nothing]);
    let values = |known: &[Opening]| outputs(&schema, &public, known).into_iter().map(|(_, v)| v).collect::<Vec<_>>();
    assert_eq!(values(&[]), [Some(vec![2.5]), None, None]);
    assert_eq!(values(std::slice::from_ref(&result)), [Some(vec![2.5]), Some(vec![2.0, -1.0]), None]);
    // Values that do not have the hash are not those of the proof.
    assert_eq!(values(&[opening(Section::Outputs, "same", &[8, -3])]), [Some(vec![2.5]), None, None]);
}

#[test]
fn inputs_are_written_for_the_command_line() {
    let schema = facts().schema;
    let expected = Expected { inputs: Some(vec![1, 2]), ..Expected::default() };
    let known = [opening(Section::Inputs, "same", &[5, 6]), opening(Section::Inputs, "other", &[-4])];
    let text = inputs_file(&schema, &expected, &known).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), r#"{"input_data":[[0.25,0.5],[1.25,1.5],[-1.0]]}"#);
    assert_eq!(inputs_file(&schema, &expected, &known[..1]), None);
    assert_eq!(inputs_file(&schema, &Expected::default(), &known), None);
}
