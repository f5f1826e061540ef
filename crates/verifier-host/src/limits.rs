//! What a call may use.

use wasmtime::ResourceLimiter;

/// What a call may use. The defaults leave two orders of magnitude above what the default model needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// WebAssembly instructions of one call, about.
    pub fuel: u64,
    /// Bytes of the instance's memory.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fuel: 5_000_000_000, memory: 256 << 20 }
    }
}

/// Refuses to let memory grow beyond the limit, and remembers that it did.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: usize,
    pub(crate) refused: bool,
}

impl MemoryLimit {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, refused: false }
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = desired <= self.limit;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // The module's table has a fixed size; it is made, then never grows.
        Ok(current == 0 && desired <= 10_000)
    }
}
