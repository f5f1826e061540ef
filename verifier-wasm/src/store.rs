//! Things that a host refers to by number.

use std::collections::BTreeMap;

/// Values by handle. A handle is never 0, and is not used again.
#[derive(Debug)]
pub(crate) struct Store<T> {
    values: BTreeMap<u32, T>,
    last: u32,
}

impl<T> Store<T> {
    pub(crate) const fn new() -> Self {
        Self { values: BTreeMap::new(), last: 0 }
    }

    /// Keeps a value. `None` after 2^32 - 1 of them.
    pub(crate) fn insert(&mut self, value: T) -> Option<u32> {
        self.last = self.last.checked_add(1)?;
        self.values.insert(self.last, value);
        Some(self.last)
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        self.values.get(&handle)
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.values.get_mut(&handle)
    }

    pub(crate) fn remove(&mut self, handle: u32) -> Option<T> {
        self.values.remove(&handle)
    }
}
