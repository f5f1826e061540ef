//! The models of a node: a folder of bundles.

mod disclosure;
mod error;
mod hashed;
mod model;
mod run;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vouch::MODEL_FILE;
use vouch_api::ModelId;
use vouch_verifier::{Section, SrsKind, Visibility as Shown};

pub use self::disclosure::{DisclosureKeys, DisclosureKeysError};
pub use self::error::RegistryError;
pub use self::hashed::HiddenError;
pub use self::model::{InputRefusal, Model};
pub use self::run::RunRefusal;

/// The models of a node, by identity.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    models: BTreeMap<ModelId, Arc<Model>>,
}

impl Registry {
    /// Loads all bundles in the folders of `dir`, or that in `dir` itself.
    ///
    /// # Errors
    /// [`RegistryError`]: one bad bundle is enough.
    pub fn load(dir: &Path, timeout: Duration, allow_development: bool) -> Result<Self, RegistryError> {
        let file = |source| RegistryError::File { path: dir.to_owned(), source };
        let mut dirs = vec![dir.to_owned()];
        for entry in std::fs::read_dir(dir).map_err(file)? {
            dirs.push(entry.map_err(file)?.path());
        }
        dirs.sort();
        let mut registry = Self::default();
        for path in dirs.into_iter().filter(|path| path.join(MODEL_FILE).is_file()) {
            let model = Model::load(&path, timeout)?;
            if model.key.srs_kind() == SrsKind::Development && !allow_development {
                return Err(RegistryError::Development { path });
            }
            for section in [Section::Inputs, Section::Outputs] {
                let mut tensors = model.key.schema().section(section).iter();
                if let Some(spec) = tensors.find(|spec| spec.visibility == Shown::Private) {
                    return Err(RegistryError::Private { path, section, name: spec.name.clone() });
                }
            }
            let id = model.id();
            if registry.models.insert(id, Arc::new(model)).is_some() {
                return Err(RegistryError::Twice { path, id });
            }
        }
        if registry.models.is_empty() {
            return Err(RegistryError::Empty { path: dir.to_owned() });
        }
        Ok(registry)
    }

    /// A model.
    pub fn get(&self, id: &ModelId) -> Option<&Arc<Model>> {
        self.models.get(id)
    }

    /// All models.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.values()
    }
}
