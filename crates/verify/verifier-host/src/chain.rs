//! Chains of proofs.

use std::time::Instant;

use vouch_envelope::{ChainReport, ExpectedChain};

use crate::error::HostError;
use crate::expected::to_json;
use crate::instance::{Buffer, Running};
use crate::verifier::Host;

/// The keys of a chain's models, in an instance of their own.
pub struct ChainVerifier {
    host: Host,
    /// The key of each proof.
    keys: Vec<Vec<u8>>,
    running: Option<(Running, Vec<u32>)>,
}

impl std::fmt::Debug for ChainVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainVerifier").field("host", &self.host).finish_non_exhaustive()
    }
}

impl ChainVerifier {
    pub(crate) fn start(host: Host, keys: &[&[u8]]) -> Result<Self, HostError> {
        let keys = keys.iter().map(|key| key.to_vec()).collect();
        let mut verifier = Self { host, keys, running: None };
        verifier.running()?;
        Ok(verifier)
    }

    /// The instance and the handle of each proof's key; a new one if the last has stopped.
    fn running(&mut self) -> Result<&mut (Running, Vec<u32>), HostError> {
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let mut running = self.host.running()?;
                let mut loaded: Vec<(&[u8], u32)> = Vec::new();
                let mut handles = Vec::with_capacity(self.keys.len());
                for key in &self.keys {
                    let known = loaded.iter().find(|(bytes, _)| bytes == key).map(|(_, handle)| *handle);
                    let handle = match known {
                        Some(handle) => handle,
                        None => {
                            running.refuel(1)?;
                            let buffer = running.put(key)?;
                            let handle = running.handle("vouch_key_load", (buffer.address, buffer.len))?;
                            running.free(buffer)?;
                            loaded.push((key, handle));
                            handle
                        }
                    };
                    handles.push(handle);
                }
                (running, handles)
            }
        };
        Ok(self.running.insert(running))
    }

    /// Runs a request with the fuel of as many verifications as there are proofs; if it stops the instance, that is not
    /// used again.
    fn request<T>(
        &mut self,
        chain: &[u8],
        expected: &str,
        run: impl FnOnce(&mut Running, [Buffer; 3]) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let (running, handles) = self.running()?;
        let keys: Vec<u8> = handles.iter().flat_map(|handle| handle.to_le_bytes()).collect();
        let times = u64::try_from(handles.len()).unwrap_or(u64::MAX);
        let request = || {
            running.refuel(times.max(1))?;
            let buffers = [running.put(&keys)?, running.put(chain)?, running.put(expected.as_bytes())?];
            let result = run(running, buffers);
            if matches!(result, Ok(_) | Err(HostError::Refused(_))) {
                for buffer in buffers {
                    running.free(buffer)?;
                }
            }
            result
        };
        let result = request();
        if !matches!(result, Ok(_) | Err(HostError::Refused(_))) {
            self.running = None;
        }
        result
    }

    /// Verifies a chain. The report has the time of each check.
    ///
    /// # Errors
    /// [`HostError`] if the expectations are not about as many proofs as there are keys, or the module gives up.
    pub fn verify(&mut self, chain: &[u8], expected: &ExpectedChain) -> Result<ChainReport, HostError> {
        let text = self.request(chain, &to_json(expected)?, |running, buffers| {
            let session = running.handle("vouch_chain_begin", params(buffers))?;
            let start = Instant::now();
            let now = || u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            while running.call::<_, u32>("vouch_step", (session, now()))? != 0 {}
            running.text("vouch_finish", session)
        })?;
        serde_json::from_str(&text).map_err(|error| HostError::Answer(error.to_string()))
    }

    /// The report as the module writes it, with all times 0: the same bytes wherever it is made. `expected` is JSON.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn verify_to_text(&mut self, chain: &[u8], expected: &str) -> Result<String, HostError> {
        self.request(chain, expected, |running, buffers| running.text("vouch_chain_verify", params(buffers)))
    }
}

fn params([keys, chain, expected]: [Buffer; 3]) -> (u32, u32, u32, u32, u32, u32) {
    (keys.address, keys.len, chain.address, chain.len, expected.address, expected.len)
}
