//! How much the module may use.

use wasmtime::ResourceLimiter;

/// Limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Units of wasmtime's fuel, about one an instruction. `docs/verifier-wasm.md` has what proofs need.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory: usize,
}

impl Default for Limits {
    /// Some ten times what a proof of the largest models needs.
    fn default() -> Self {
        Self { fuel: 2_000_000_000, memory: 64 << 20 }
    }
}

/// Refuses memory beyond the limit, and remembers that it did.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    pub(crate) refused: bool,
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.limits.memory;
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // The table of functions has its size from the start.
        Ok(desired <= 1 << 16)
    }
}
