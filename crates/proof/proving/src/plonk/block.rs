//! Columns in one piece of memory.
//!
//! Tens of megabytes of columns in pages of 4 kB cost the kernel more time than some of what is done with them; here they are in large pages, where the
//! system gives them. Columns are a little further apart than they are long, as columns that are a power of two apart would share the same few places in
//! the processor's caches.

use halo2_proofs::halo2curves::bn256::Fr;
#[cfg(not(target_arch = "wasm32"))]
use memmap2::MmapMut;
use rayon::prelude::*;

use crate::ProvingError;

/// Elements between the end of a column and the next one.
const GAP: usize = 16;

/// Columns of equal length, zero at first.
#[derive(Debug)]
pub(super) struct Block {
    #[cfg(not(target_arch = "wasm32"))]
    map: MmapMut,
    /// WebAssembly has no pages to choose.
    #[cfg(target_arch = "wasm32")]
    map: Vec<Fr>,
    rows: usize,
}

#[cfg(not(target_arch = "wasm32"))]
impl Block {
    pub(super) fn new(columns: usize, rows: usize) -> Result<Self, ProvingError> {
        let map = MmapMut::map_anon((columns * (rows + GAP)).max(1) * size_of::<Fr>())
            .map_err(|source| ProvingError::Memory { source })?;
        // Without large pages it is slower, and otherwise the same.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map, rows })
    }

    fn all(&self) -> &[Fr] {
        // SAFETY: the map starts at a page, so it is aligned; all of it is initialized, and zero bytes are the element 0.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.map.len() / size_of::<Fr>()) }
    }

    fn all_mut(&mut self) -> &mut [Fr] {
        // SAFETY: as above, and it is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.map.len() / size_of::<Fr>()) }
    }
}

#[cfg(target_arch = "wasm32")]
impl Block {
    pub(super) fn new(columns: usize, rows: usize) -> Result<Self, ProvingError> {
        Ok(Self { map: vec![Fr::zero(); columns * (rows + GAP)], rows })
    }

    fn all(&self) -> &[Fr] {
        &self.map
    }

    fn all_mut(&mut self) -> &mut [Fr] {
        &mut self.map
    }
}

impl Block {
    /// All columns.
    pub(super) fn columns(&self) -> Vec<&[Fr]> {
        self.all().chunks_exact(self.rows + GAP).map(|c| &c[..self.rows]).collect()
    }

    /// All columns, to be written by several threads.
    pub(super) fn columns_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [Fr]> {
        let rows = self.rows;
        self.all_mut().par_chunks_exact_mut(rows + GAP).map(move |c| &mut c[..rows])
    }
}
