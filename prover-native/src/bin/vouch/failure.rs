//! Why a command failed, and with which exit code.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde_json::json;
use vouch::ErrorKind;
use vouch_compiler::{CompileError, DataError, InputError};
use vouch_disclosure::DisclosureError;
use vouch_envelope::hex::HexError;
use vouch_proving::ProvingError;

/// The kinds of failures; see the exit codes in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Other = 1,
    Usage = 2,
    Input = 3,
    Range = 4,
    Refused = 5,
    Damaged = 6,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::Range => "range",
            Self::Refused => "refused",
            Self::Damaged => "damaged",
        }
    }
}

/// A failure.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// For a refused proof, what was checked, for people.
    pub(crate) report: Option<String>,
    /// For a refused proof, the same for machines.
    pub(crate) details: Option<serde_json::Value>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Display) -> Self {
        Self { kind, message: message.to_string(), report: None, details: None }
    }

    pub(crate) fn code(&self) -> u8 {
        self.kind as u8
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let mut out = json!({ "error": { "kind": self.kind.name(), "message": self.message } });
        if let (Some(serde_json::Value::Object(details)), Some(out)) = (self.details.clone(), out.as_object_mut()) {
            out.extend(details);
        }
        out
    }
}

/// What a command gives. A panic in it, or in a thread that it waits for, is a failure like others: the command ends, with an
/// exit code, and with JSON if that was asked for.
pub(crate) fn caught<T>(command: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Nothing that the command has left half done is looked at again.
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let reason = text.unwrap_or("a panic without a message");
        Err(Failure::new(
            Kind::Other,
            format!("internal error: {reason}. This is a fault of this program: please report it"),
        ))
    })
}

impl From<vouch::Error> for Failure {
    fn from(e: vouch::Error) -> Self {
        let kind = match e.kind() {
            ErrorKind::Model | ErrorKind::Input => Kind::Input,
            ErrorKind::OutOfRange => Kind::Range,
            ErrorKind::Refused => Kind::Refused,
            ErrorKind::Damaged => Kind::Damaged,
            _ => Kind::Other,
        };
        Self::new(kind, e)
    }
}

macro_rules! from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                vouch::Error::from(error).into()
            }
        })*
    };
}

from!(CompileError, DataError, DisclosureError, InputError, ProvingError);

impl From<HexError> for Failure {
    fn from(e: HexError) -> Self {
        Self::new(Kind::Usage, format!("not 64 hexadecimal digits: {e}"))
    }
}
