//! The committed metadata in the form V15, which is what nodes and clients of before 2026 have.

use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, v14, v15, v16};
use parity_scale_codec::{Decode, Encode};
use scale_info::form::PortableForm;

pub const METADATA: &[u8] = include_bytes!("../../metadata/finney.scale");

fn pallet(p: v16::PalletMetadata<PortableForm>) -> v15::PalletMetadata<PortableForm> {
    let entry = |e: v16::StorageEntryMetadata<PortableForm>| v14::StorageEntryMetadata {
        name: e.name,
        modifier: e.modifier,
        ty: e.ty,
        default: e.default,
        docs: e.docs,
    };
    let constant = |c: v16::PalletConstantMetadata<PortableForm>| v14::PalletConstantMetadata {
        name: c.name,
        ty: c.ty,
        value: c.value,
        docs: c.docs,
    };
    v15::PalletMetadata {
        name: p.name,
        storage: p.storage.map(|s| v14::PalletStorageMetadata {
            prefix: s.prefix,
            entries: s.entries.into_iter().map(entry).collect(),
        }),
        calls: p.calls.map(|c| v14::PalletCallMetadata { ty: c.ty }),
        event: p.event.map(|e| v14::PalletEventMetadata { ty: e.ty }),
        constants: p.constants.into_iter().map(constant).collect(),
        error: p.error.map(|e| v14::PalletErrorMetadata { ty: e.ty }),
        index: p.index,
        docs: p.docs,
    }
}

fn api(a: v16::RuntimeApiMetadata<PortableForm>) -> v15::RuntimeApiMetadata<PortableForm> {
    let method = |m: v16::RuntimeApiMethodMetadata<PortableForm>| v15::RuntimeApiMethodMetadata {
        name: m.name,
        inputs: m.inputs.into_iter().map(|i| v15::RuntimeApiMethodParamMetadata { name: i.name, ty: i.ty }).collect(),
        output: m.output,
        docs: m.docs,
    };
    v15::RuntimeApiMetadata { name: a.name, methods: a.methods.into_iter().map(method).collect(), docs: a.docs }
}

pub fn metadata15() -> Vec<u8> {
    let RuntimeMetadataPrefixed(mark, metadata) = RuntimeMetadataPrefixed::decode(&mut &METADATA[..]).unwrap();
    let RuntimeMetadata::V16(m) = metadata else { panic!("the committed metadata is of version 16") };
    let extensions = m.extrinsic.transaction_extensions.into_iter().map(|e| v15::SignedExtensionMetadata {
        identifier: e.identifier,
        ty: e.ty,
        additional_signed: e.implicit,
    });
    let any = m.extrinsic.call_ty;
    let extrinsic = v15::ExtrinsicMetadata {
        version: 4,
        address_ty: m.extrinsic.address_ty,
        call_ty: m.extrinsic.call_ty,
        signature_ty: m.extrinsic.signature_ty,
        extra_ty: any,
        signed_extensions: extensions.collect(),
    };
    let converted = v15::RuntimeMetadataV15 {
        types: m.types,
        pallets: m.pallets.into_iter().map(pallet).collect(),
        extrinsic,
        ty: any,
        apis: m.apis.into_iter().map(api).collect(),
        outer_enums: m.outer_enums,
        custom: m.custom,
    };
    RuntimeMetadataPrefixed(mark, RuntimeMetadata::V15(converted)).encode()
}
