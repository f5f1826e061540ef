use super::*;

#[test]
fn the_committed_metadata_is_finneys() {
    let runtime = Runtime::committed();
    assert_eq!((runtime.spec_version, runtime.transaction_version), (365, 1));
    assert_eq!(runtime.pallet("SubtensorModule").unwrap().index, 7);
    assert_eq!(runtime.error(7, 28).0, "SettingWeightsTooFast");
    assert_eq!(runtime.error(7, 255).0, "error 255 of pallet 7");
    assert_eq!(runtime.extensions.len(), 12);
    assert!(runtime.apis.contains_key("SubnetInfoRuntimeApi_get_selective_metagraph"));
}

#[test]
fn shapes_are_those_of_the_calls() {
    let (numbers, shape) = Runtime::committed().call_shape("SubtensorModule", "set_weights").unwrap();
    assert_eq!((numbers, shape.as_str()), ([7, 0], "netuid:U16, dests:[U16,] weights:[U16,] version_key:U64, "));
    assert!(Runtime::committed().call_shape("SubtensorModule", "no_call").is_err());
}

#[test]
fn what_is_no_metadata_is_refused() {
    assert!(Runtime::new(b"").is_err());
    assert!(Runtime::new(&COMMITTED[..COMMITTED.len() / 2]).is_err());
    for at in (0..2000).chain((2000..COMMITTED.len()).step_by(5003)) {
        let mut damaged = COMMITTED.to_vec();
        damaged[at] ^= 0xff;
        // Read or refused, but no panic and no exhaustion.
        drop(Runtime::new(&damaged));
    }
}

/// A type that contains itself ends with an error.
#[test]
fn endless_types_end() {
    use scale_info::{MetaType, Registry, TypeDefTuple};
    let mut registry = Registry::new();
    let id = registry.register_type(&MetaType::new::<(u8,)>()).id;
    let mut types: PortableRegistry = registry.into();
    let endless = TypeDefTuple::new_portable(vec![id.into()]);
    types.types[id as usize].ty.type_def = TypeDef::Tuple(endless);
    assert_eq!(decode(&types, id, &[]), Err(ValueError::Depth));
    assert_eq!(shape::Shape::of(&types, id), Err(ValueError::Depth));
}
