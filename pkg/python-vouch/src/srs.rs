//! Reference strings.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use vouch::{Source, SrsKind};

use crate::failure::Raise;
use crate::work;

/// A reference string.
#[pyclass(frozen, module = "vouch._native")]
pub(crate) struct Srs(pub(crate) Arc<vouch::Srs>);

fn kind_of(development: bool) -> SrsKind {
    if development { SrsKind::Development } else { SrsKind::Ceremony }
}

#[pymethods]
impl Srs {
    /// Makes one for development.
    #[staticmethod]
    fn development(py: Python<'_>, k: u32, progress: Option<Py<PyAny>>) -> PyResult<Self> {
        let seconds = 1e-4 * f64::from(1u32 << k.min(24));
        Ok(Self(Arc::new(work::run(py, progress.as_ref(), seconds, move || Ok(vouch::Srs::development(k)))?)))
    }

    /// Reads a file of Vouch.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, progress: Option<Py<PyAny>>) -> PyResult<Self> {
        Ok(Self(Arc::new(work::run(py, progress.as_ref(), 0.5, move || vouch::Srs::open(path))?)))
    }

    /// Takes a ceremony's file over: the string, and in words what the file was.
    #[staticmethod]
    fn import_file(
        py: Python<'_>,
        path: PathBuf,
        k: Option<u32>,
        development: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Self, String)> {
        let import = move || vouch::Srs::import(path, k, kind_of(development));
        let (srs, source) = work::run(py, progress.as_ref(), 0.0, import)?;
        let words = match source {
            Source::Ptau { power, contributions } => format!("ptau of 2^{power} powers, {contributions} contributions"),
            Source::Halo2 { k, compressed } => {
                format!("halo2's parameters of 2^{k} powers, {}", if compressed { "processed" } else { "raw" })
            }
        };
        Ok((Self(Arc::new(srs)), words))
    }

    /// Writes the file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.0.save(path).or_raise(py)
    }

    #[getter]
    fn k(&self) -> u32 {
        self.0.k()
    }

    #[getter]
    #[expect(clippy::wrong_self_convention, reason = "a property of Python's, not a conversion")]
    fn from_ceremony(&self) -> bool {
        self.0.kind() == SrsKind::Ceremony
    }

    #[getter]
    fn identity(&self) -> [u8; 32] {
        self.0.identity()
    }
}
