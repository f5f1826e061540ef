//! A map as a sorted list.
//!
//! Keys have a few thousand entries at most (the limits of `key/codec.rs`), for which a list is as fast as a tree; and as
//! WebAssembly each use of the standard library's tree with another type is 5 to 10 KB.

/// Keys in increasing order, each with its value.
#[derive(Debug, Clone)]
pub(crate) struct SortedMap<K, V>(Vec<(K, V)>);

impl<K: Ord, V> SortedMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    fn position(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let position = self.position(key).ok()?;
        self.0.get(position).map(|(_, value)| value)
    }

    /// Sets the value of a key. False if the key had one before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> bool {
        match self.position(&key) {
            Ok(position) => {
                if let Some(entry) = self.0.get_mut(position) {
                    entry.1 = value;
                }
                false
            }
            Err(position) => {
                // A binary search gives a position within the list or at its end.
                self.0.insert(position, (key, value));
                true
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_unique() {
        let mut map = SortedMap::new();
        for (key, new) in [(5, true), (1, true), (5, false), (3, true), (1, false)] {
            assert_eq!(map.insert(key, key * 10 + i32::from(new)), new);
        }
        assert_eq!(map.iter().copied().collect::<Vec<_>>(), [(1, 10), (3, 31), (5, 50)]);
        assert_eq!((map.get(&3), map.get(&4)), (Some(&31), None));
    }
}
