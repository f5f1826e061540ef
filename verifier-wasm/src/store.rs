//! Things that a host refers to by number.

/// Values by handle, in the order of their handles. A handle is never 0, and is not used again.
#[derive(Debug)]
pub(crate) struct Store<T> {
    values: Vec<(u32, T)>,
    last: u32,
}

impl<T> Store<T> {
    pub(crate) const fn new() -> Self {
        Self { values: Vec::new(), last: 0 }
    }

    /// Keeps a value. `None` after 2^32 - 1 of them.
    pub(crate) fn insert(&mut self, value: T) -> Option<u32> {
        self.last = self.last.checked_add(1)?;
        self.values.push((self.last, value));
        Some(self.last)
    }

    fn position(&self, handle: u32) -> Option<usize> {
        self.values.binary_search_by_key(&handle, |(known, _)| *known).ok()
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        self.values.get(self.position(handle)?).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        let position = self.position(handle)?;
        self.values.get_mut(position).map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, handle: u32) -> Option<T> {
        let position = self.position(handle)?;
        Some(self.values.remove(position).1)
    }
}
