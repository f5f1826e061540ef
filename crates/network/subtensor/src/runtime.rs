//! The description of a runtime: its types, calls, state and interfaces.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, v14, v15, v16};
use parity_scale_codec::Decode;
use scale_info::{PortableRegistry, TypeDef};

use crate::value::{Value, ValueError, decode};
use crate::{SubtensorError, runtime::shape::Shape};

mod shape;

/// The metadata that is committed (`metadata/README.md`).
const COMMITTED: &[u8] = include_bytes!("../metadata/finney.scale");

/// An entry of the state.
#[derive(Debug, Clone)]
pub struct StorageEntry {
    /// How the keys are hashed; none for a single value.
    pub hashers: Vec<v14::StorageHasher>,
    /// Type of the values.
    pub value: u32,
    /// The value of what is not stored, encoded.
    pub default: Vec<u8>,
}

/// A part of a runtime.
#[derive(Debug, Clone)]
pub struct Pallet {
    /// Its number.
    pub index: u8,
    /// Type of its calls.
    pub calls: Option<u32>,
    /// Type of its errors.
    pub errors: Option<u32>,
    /// Start of its keys in the state.
    pub prefix: String,
    /// Its entries of the state.
    pub storage: BTreeMap<String, StorageEntry>,
    /// Its constants: type and encoded value.
    pub constants: BTreeMap<String, (u32, Vec<u8>)>,
}

/// What every transaction carries besides the call.
#[derive(Debug, Clone)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Type of what is in the transaction.
    pub explicit: u32,
    /// Type of what is only signed.
    pub implicit: u32,
}

/// A runtime.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Its version.
    pub spec_version: u32,
    /// Version of its transactions.
    pub transaction_version: u32,
    /// Its types.
    pub types: PortableRegistry,
    /// Its parts.
    pub pallets: BTreeMap<String, Pallet>,
    /// Types of the results of its interfaces, by `Interface_method`.
    pub apis: BTreeMap<String, u32>,
    /// What transactions carry, in order.
    pub extensions: Vec<Extension>,
}

/// The two versions of metadata have the same content under other types.
macro_rules! pallets {
    ($metadata:expr, $version:ident) => {
        $metadata
            .pallets
            .iter()
            .map(|pallet| {
                let storage = pallet.storage.iter().flat_map(|storage| &storage.entries).map(|entry| {
                    let (hashers, value) = match &entry.ty {
                        $version::StorageEntryType::Plain(value) => (Vec::new(), value.id),
                        $version::StorageEntryType::Map { hashers, value, .. } => (hashers.clone(), value.id),
                    };
                    (entry.name.clone(), StorageEntry { hashers, value, default: entry.default.clone() })
                });
                let constants = pallet.constants.iter().map(|c| (c.name.clone(), (c.ty.id, c.value.clone())));
                let described = Pallet {
                    index: pallet.index,
                    calls: pallet.calls.as_ref().map(|calls| calls.ty.id),
                    errors: pallet.error.as_ref().map(|errors| errors.ty.id),
                    prefix: pallet.storage.as_ref().map(|storage| storage.prefix.clone()).unwrap_or_default(),
                    storage: storage.collect(),
                    constants: constants.collect(),
                };
                (pallet.name.clone(), described)
            })
            .collect()
    };
}

macro_rules! apis {
    ($metadata:expr) => {
        $metadata
            .apis
            .iter()
            .flat_map(|api| api.methods.iter().map(move |m| (format!("{}_{}", api.name, m.name), m.output.id)))
            .collect()
    };
}

impl Runtime {
    /// Reads metadata of the forms V15 and V16.
    ///
    /// # Errors
    /// [`SubtensorError::Metadata`].
    pub fn new(metadata: &[u8]) -> Result<Self, SubtensorError> {
        let wrong = |reason: String| SubtensorError::Metadata(reason);
        let RuntimeMetadataPrefixed(_, metadata) = RuntimeMetadataPrefixed::decode(&mut &metadata[..])
            .map_err(|e| wrong(format!("not metadata: {}", e.to_string().chars().take(200).collect::<String>())))?;
        let mut runtime = match metadata {
            RuntimeMetadata::V15(m) => {
                let (pallets, apis) = (pallets!(m, v15), apis!(m));
                let extensions = m.extrinsic.signed_extensions.iter().map(|e| Extension {
                    name: e.identifier.clone(),
                    explicit: e.ty.id,
                    implicit: e.additional_signed.id,
                });
                let extensions = extensions.collect();
                Self { spec_version: 0, transaction_version: 0, types: m.types, pallets, apis, extensions }
            }
            RuntimeMetadata::V16(m) => {
                let (pallets, apis) = (pallets!(m, v16), apis!(m));
                let all = &m.extrinsic.transaction_extensions;
                // Version 0 is that of signed transactions.
                let order = m.extrinsic.transaction_extensions_by_version.get(&0);
                let order = order.ok_or_else(|| wrong("it has no signed transactions".into()))?;
                let extensions = order.iter().map(|at| {
                    let e = all.get(at.0 as usize).ok_or_else(|| wrong("an extension is missing".into()))?;
                    Ok(Extension { name: e.identifier.clone(), explicit: e.ty.id, implicit: e.implicit.id })
                });
                let extensions = extensions.collect::<Result<_, SubtensorError>>()?;
                Self { spec_version: 0, transaction_version: 0, types: m.types, pallets, apis, extensions }
            }
            other => return Err(wrong(format!("expected version 15 or 16, got {}", other.version()))),
        };
        let version = runtime.constant("System", "Version")?;
        let number = |field| version.field(field).and_then(|v| v.number(field));
        let metadata = |source| SubtensorError::Value { what: "the runtime's version", source };
        runtime.spec_version = number("spec_version").map_err(metadata)?;
        runtime.transaction_version = number("transaction_version").map_err(metadata)?;
        Ok(runtime)
    }

    /// The runtime of the committed metadata.
    ///
    /// # Panics
    /// If the file that is compiled in is damaged; a test reads it.
    pub fn committed() -> &'static Self {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        RUNTIME.get_or_init(|| Self::new(COMMITTED).expect("the committed metadata is read by a test"))
    }

    /// A pallet.
    pub fn pallet(&self, name: &str) -> Result<&Pallet, SubtensorError> {
        self.pallets.get(name).ok_or_else(|| SubtensorError::Metadata(format!("it has no pallet {name}")))
    }

    /// An entry of the state, with its pallet.
    pub fn entry(&self, pallet: &str, entry: &str) -> Result<(&Pallet, &StorageEntry), SubtensorError> {
        let found = self.pallet(pallet)?;
        let missing = || SubtensorError::Metadata(format!("it has no state {pallet}.{entry}"));
        Ok((found, found.storage.get(entry).ok_or_else(missing)?))
    }

    /// A constant.
    pub fn constant(&self, pallet: &str, name: &str) -> Result<Value, SubtensorError> {
        let missing = || SubtensorError::Metadata(format!("it has no constant {pallet}.{name}"));
        let (ty, bytes) = self.pallet(pallet)?.constants.get(name).ok_or_else(missing)?;
        decode(&self.types, *ty, bytes).map_err(|source| SubtensorError::Value { what: "a constant", source })
    }

    /// The result of an interface's method.
    pub fn result(&self, api: &'static str, bytes: &[u8]) -> Result<Value, SubtensorError> {
        let missing = || SubtensorError::Metadata(format!("it has no interface {api}"));
        let ty = self.apis.get(api).ok_or_else(missing)?;
        decode(&self.types, *ty, bytes).map_err(|source| SubtensorError::Value { what: api, source })
    }

    /// Name and words of an error that a pallet's call ended with.
    pub fn error(&self, pallet: u8, error: u8) -> (String, String) {
        let unknown = || (format!("error {error} of pallet {pallet}"), "unknown to the runtime's description".into());
        let ty = self.pallets.values().find(|p| p.index == pallet).and_then(|p| p.errors);
        let Some(TypeDef::Variant(variants)) = ty.and_then(|ty| self.types.resolve(ty)).map(|t| &t.type_def) else {
            return unknown();
        };
        let found = variants.variants.iter().find(|v| v.index == error);
        found.map_or_else(unknown, |v| (v.name.clone(), v.docs.join(" ").trim().to_owned()))
    }

    /// What a call's bytes depend on: its numbers and the types of its arguments. Two runtimes with the same shape read the
    /// same bytes as the same call.
    pub(crate) fn call_shape(&self, pallet: &str, call: &str) -> Result<([u8; 2], String), SubtensorError> {
        let found = self.pallet(pallet)?;
        let missing = || SubtensorError::Metadata(format!("it has no call {pallet}.{call}"));
        let calls = found.calls.and_then(|ty| self.types.resolve(ty)).map(|t| &t.type_def);
        let Some(TypeDef::Variant(variants)) = calls else { return Err(missing()) };
        let variant = variants.variants.iter().find(|v| v.name == call).ok_or_else(missing)?;
        let shape = Shape::of_fields(&self.types, &variant.fields);
        let shape = shape.map_err(|source| SubtensorError::Value { what: "a call", source })?;
        Ok(([found.index, variant.index], shape))
    }

    /// Whether values of a type have no bytes.
    pub(crate) fn is_empty(&self, ty: u32) -> Result<bool, ValueError> {
        Ok(Shape::of(&self.types, ty)?.is_empty())
    }
}

#[cfg(test)]
mod tests;
