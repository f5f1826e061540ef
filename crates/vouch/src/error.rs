//! The error of this library: what kind it is, what happened, and what to do about it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use vouch_circuit::CircuitError;
use vouch_compiler::{CompileError, DataError, InputError};
use vouch_disclosure::DisclosureError;
use vouch_envelope::{ChainFormatError, EnvelopeError};
use vouch_program::{ProgramError, RunError};
use vouch_proving::ProvingError;
use vouch_verifier::{ChainError, KeyError, VerifyError};

/// The kinds of errors, by who can correct them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A model or an option of its compilation that cannot be used.
    Model,
    /// Inputs of the wrong names, shapes or number, or a data file that cannot be read.
    Input,
    /// A value outside the range that the model was compiled for.
    OutOfRange,
    /// A proof, a chain of proofs, or a development setup that is not accepted.
    Refused,
    /// A model file, key, proof or reference string that is damaged, or files that do not belong together.
    Damaged,
    /// The operating system refuses: a missing file, no permission, a full disk, no memory.
    System,
    /// The work was asked to stop ([`Watch::stop`](crate::Watch::stop)).
    Stopped,
    /// Anything else: an unsuitable processor, or a fault of this library.
    Other,
}

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Check the path of a file.
    CheckPath,
    /// Use other operators in the model.
    RewriteModel,
    /// Declare an input's range.
    DeclareRange,
    /// Give as many inputs as the key is for, or make another key.
    OtherBatch,
    /// Correct the value, or compile with a wider range.
    WiderRange,
    /// Give each input by its name.
    NameInputs,
    /// Use a longer reference string.
    LongerSrs,
    /// Open the key with its own model.
    OtherModel,
    /// Use the model that has the weights.
    OwnersModel,
    /// Make keys without the evm profile, or compile the model with fixed weights.
    OtherProfile,
    /// Make keys with a ceremony's reference string, or accept those of a development setup.
    Ceremony,
    /// Ask for a new proof.
    NewProof,
    /// Get or make the file again.
    NewFile,
}

impl Remedy {
    /// In words, with the names of this library.
    pub fn text(self) -> &'static str {
        match self {
            Self::CheckPath => "check the path; `Model::save` and `ProvingKey::save` write the files that `open` reads",
            Self::RewriteModel => "rewrite that part of the model with other operators, and export it again",
            Self::DeclareRange => "declare the range with `input_range`, or give samples with `calibration`",
            Self::OtherBatch => {
                "give as many inputs as the key is for, or make a key with `Setup::batch` for that many"
            }
            Self::WiderRange => "correct the value, or compile the model again with a wider `input_range`",
            Self::NameInputs => {
                "give each input of `Model::program().inputs()` once, by its name and with all its values"
            }
            Self::LongerSrs => "open a reference string of more powers, or use `Setup::development` while developing",
            Self::OtherModel => {
                "open the key with the model that it was made for, or make keys again with `Model::setup`"
            }
            Self::OwnersModel => "use the owner's model: the published one has no weights to prove with",
            Self::OtherProfile => "make the keys without `Setup::evm`, or compile the model without `private_weights`",
            Self::Ceremony => {
                "make the keys with a ceremony's reference string (`Srs::import`), or accept it while developing with `Expected::allow_development_srs`"
            }
            Self::NewProof => "do not rely on the claim: ask for a new proof",
            Self::NewFile => "get the file again, or make it again with this version",
        }
    }
}

/// The error of every function of this crate.
///
/// Its text says what was found and what was expected. [`kind`](Self::kind) is for programs, [`hint`](Self::hint) says
/// what to do in terms of this library, and [`get_ref`](Self::get_ref) gives the error of the part that failed.
pub struct Error(Box<Cause>);

/// The result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An accuracy that an owner cannot state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum StatedError {
    /// The model does not have the output.
    #[error("accuracy of `{name}`: the model has no such output; its outputs are {known}")]
    Output { name: String, known: String },
    /// The bound is not a positive finite number.
    #[error("accuracy of `{name}`: {bound} is not a positive number")]
    Number { name: String, bound: f64 },
    /// The compiler found a larger error.
    #[error("accuracy of `{name}`: errors of up to {measured:e} were measured, more than the {bound:e} that is stated")]
    Measured { name: String, bound: f64, measured: f64 },
}

/// What failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{what}: {reason}")]
    Format { what: &'static str, reason: String },
    #[error("{path}: {reason}", path = .path.display())]
    Proof { path: PathBuf, reason: String },
    #[error("{path}: {reason}", path = .path.display())]
    OtherFile { path: PathBuf, reason: String },
    #[error("{text}: {reason}")]
    Link { text: String, reason: String },
    #[error("{reason}")]
    Fact { reason: String },
    #[error("{reason}")]
    Expected { reason: String },
    #[error("the key proves {expected} inputs at once, got {got}")]
    BatchSize { expected: usize, got: usize },
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Stated(#[from] StatedError),
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error(transparent)]
    ChainFormat(#[from] ChainFormatError),
    #[error(transparent)]
    Proving(#[from] ProvingError),
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    #[error("{}", key_text(.0))]
    Key(#[from] KeyError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl Error {
    pub(crate) fn format(what: &'static str, reason: impl ToString) -> Self {
        Cause::Format { what, reason: reason.to_string() }.into()
    }

    /// An error with the file that it is about.
    pub(crate) fn in_file(path: &Path, error: ProvingError) -> Self {
        match error {
            ProvingError::Format { what, reason } => Self::format(what, format!("{}: {reason}", path.display())),
            other => other.into(),
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Cause::File { path: path.into(), source }.into()
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::File { source, .. } if source.kind() == io::ErrorKind::InvalidData => ErrorKind::Damaged,
            Cause::File { .. } => ErrorKind::System,
            Cause::Format { .. } | Cause::OtherFile { .. } | Cause::Envelope(_) | Cause::Key(_) => ErrorKind::Damaged,
            Cause::Compile(_) | Cause::Stated(_) => ErrorKind::Model,
            Cause::BatchSize { .. }
            | Cause::Link { .. }
            | Cause::Fact { .. }
            | Cause::Expected { .. }
            | Cause::Data(_) => ErrorKind::Input,
            Cause::Input(InputError::OutOfRange { .. }) => ErrorKind::OutOfRange,
            Cause::Input(_) => ErrorKind::Input,
            Cause::Proving(e) => of_proving(e),
            Cause::Disclosure(e) => of_disclosure(e),
            Cause::Proof { .. } | Cause::Verify(_) | Cause::Chain(_) | Cause::ChainFormat(_) => ErrorKind::Refused,
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        self.remedy().map(Remedy::text)
    }

    /// What to do about it, for programs that say it in words of their own.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match &*self.0 {
            Cause::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Remedy::CheckPath,
            Cause::Compile(CompileError::UnsupportedOperator { .. }) => Remedy::RewriteModel,
            Cause::Compile(CompileError::MissingRange { .. }) => Remedy::DeclareRange,
            Cause::BatchSize { .. } => Remedy::OtherBatch,
            Cause::Input(InputError::OutOfRange { .. }) => Remedy::WiderRange,
            Cause::Input(_) => Remedy::NameInputs,
            Cause::Proving(ProvingError::SrsTooSmall { .. }) => Remedy::LongerSrs,
            Cause::Proving(ProvingError::OtherProgram { .. }) => Remedy::OtherModel,
            Cause::Proving(ProvingError::PrivateWeights) => Remedy::OtherProfile,
            Cause::Proving(ProvingError::Run(RunError::NoWeights)) => Remedy::OwnersModel,
            Cause::Proving(ProvingError::Run(_)) => Remedy::WiderRange,
            Cause::Verify(VerifyError::DevelopmentSetup) => Remedy::Ceremony,
            Cause::Verify(_) | Cause::Chain(_) => Remedy::NewProof,
            Cause::Format { .. } | Cause::Key(_) | Cause::Proving(ProvingError::Format { .. }) => Remedy::NewFile,
            _ => return None,
        })
    }

    /// The error of the part that failed, for a downcast: a `CompileError`, an `InputError`, a `VerifyError`, …
    pub fn get_ref(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match &*self.0 {
            Cause::File { source, .. } => source,
            Cause::Compile(e) => e,
            Cause::Data(e) => e,
            Cause::Input(e) => e,
            Cause::Stated(e) => e,
            Cause::Envelope(e) => e,
            Cause::ChainFormat(e) => e,
            Cause::Proving(e) => e,
            Cause::Disclosure(e) => e,
            Cause::Key(e) => e,
            Cause::Verify(e) => e,
            Cause::Chain(e) => e,
            Cause::Format { .. }
            | Cause::Proof { .. }
            | Cause::OtherFile { .. }
            | Cause::Link { .. }
            | Cause::Fact { .. }
            | Cause::Expected { .. }
            | Cause::BatchSize { .. } => return None,
        })
    }
}

fn key_text(e: &KeyError) -> String {
    match e {
        KeyError::Version { expected, got } => format!(
            "verifying key of version {got}: this program reads versions 1 to {expected}, another release made it"
        ),
        e => format!("verifying key: {e}"),
    }
}

fn of_proving(e: &ProvingError) -> ErrorKind {
    match e {
        ProvingError::Run(RunError::InputLength { .. }) => ErrorKind::Input,
        ProvingError::Run(RunError::NoWeights) => ErrorKind::Model,
        ProvingError::Run(_) => ErrorKind::OutOfRange,
        ProvingError::Circuit(_) | ProvingError::Program(_) | ProvingError::PrivateWeights => ErrorKind::Model,
        ProvingError::Format { .. }
        | ProvingError::OtherProgram { .. }
        | ProvingError::OtherKey { .. }
        | ProvingError::SrsTooSmall { .. }
        | ProvingError::Srs(_)
        | ProvingError::Key(_)
        | ProvingError::SelfCheck(_) => ErrorKind::Damaged,
        ProvingError::Memory { .. } => ErrorKind::System,
        ProvingError::Stopped => ErrorKind::Stopped,
        _ => ErrorKind::Other,
    }
}

fn of_disclosure(e: &DisclosureError) -> ErrorKind {
    match e {
        DisclosureError::Proving(e) => of_proving(e),
        DisclosureError::Value { .. } | DisclosureError::False { .. } => ErrorKind::OutOfRange,
        DisclosureError::Refused(_) | DisclosureError::Inputs { .. } => ErrorKind::Refused,
        DisclosureError::Key { .. } => ErrorKind::Damaged,
        _ => ErrorKind::Input,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What `main` prints of an error that it returns: the text, and below it the hint.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_struct("Error").field("kind", &self.kind()).field("cause", &self.0).finish();
        }
        write!(f, "{self}")?;
        self.hint().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Error {
    /// The reason for the error that [`get_ref`](Self::get_ref) gives: this error has that error's text already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.get_ref().and_then(std::error::Error::source)
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(cause))
    }
}

macro_rules! from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Cause::from(error).into()
            }
        })*
    };
}

from!(
    CompileError,
    DataError,
    InputError,
    StatedError,
    EnvelopeError,
    ChainFormatError,
    ProvingError,
    DisclosureError,
    KeyError,
    VerifyError,
    ChainError,
);

impl From<ProgramError> for Error {
    fn from(e: ProgramError) -> Self {
        ProvingError::from(e).into()
    }
}

impl From<CircuitError> for Error {
    fn from(e: CircuitError) -> Self {
        ProvingError::from(e).into()
    }
}

impl From<RunError> for Error {
    fn from(e: RunError) -> Self {
        ProvingError::from(e).into()
    }
}
