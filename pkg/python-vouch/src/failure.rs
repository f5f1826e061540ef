//! Errors as the exceptions of `vouch._errors`.

use pyo3::prelude::*;
use vouch::{Error, ErrorKind, Remedy};

/// The name that `vouch._errors` knows a kind by.
fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Model => "model",
        ErrorKind::Input => "input",
        ErrorKind::OutOfRange => "out-of-range",
        ErrorKind::Refused => "refused",
        ErrorKind::Damaged => "damaged",
        ErrorKind::System => "system",
        ErrorKind::Stopped => "stopped",
        _ => "internal",
    }
}

/// The name that `vouch._errors` knows a remedy by.
fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::CheckPath => "check-path",
        Remedy::RewriteModel => "rewrite-model",
        Remedy::DeclareRange => "declare-range",
        Remedy::OtherBatch => "other-batch",
        Remedy::WiderRange => "wider-range",
        Remedy::NameInputs => "name-inputs",
        Remedy::LongerSrs => "longer-srs",
        Remedy::OtherModel => "other-model",
        Remedy::OwnersModel => "owners-model",
        Remedy::Ceremony => "ceremony",
        Remedy::NewProof => "new-proof",
        Remedy::NewFile => "new-file",
        _ => "",
    }
}

/// An exception of a kind.
pub(crate) fn exception(py: Python<'_>, kind: &str, message: &str, remedy: &str) -> PyErr {
    let made = || py.import("vouch._errors")?.getattr("exception")?.call1((kind, message, remedy));
    made().map_or_else(|error: PyErr| error, PyErr::from_value)
}

/// The exception of an error.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, kind(error.kind()), &error.to_string(), error.remedy().map_or("", remedy))
}

/// A result with exceptions.
pub(crate) trait Raise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T, E: Into<Error>> Raise<T> for Result<T, E> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raised(py, &error.into()))
    }
}

/// An exception for an argument of another form.
pub(crate) fn wrong(py: Python<'_>, message: impl std::fmt::Display) -> PyErr {
    exception(py, "input", &message.to_string(), "")
}
