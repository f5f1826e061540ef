//! Checks and refusals, for people.

use std::fmt::Write;

use vouch_envelope::Check;
use vouch_verifier::{SrsKind, VerifierKey, VerifyError};

use crate::progress::{DEVELOPMENT, Show};

/// How to accept a development setup all the same.
const ALLOW: &str = "whoever made it can forge proofs; `--allow-development` accepts it all the same";

/// A line for each check: its verdict, its name and its detail.
pub(super) fn lines(text: &mut String, checks: &[Check]) {
    for check in checks {
        let _ = writeln!(text, "  {:<11}  {:<16}  {}", check.verdict(), check.name, check.detail);
    }
}

/// What refused, each with its reason, and with what can be done about it.
pub(super) fn refusals(checks: &[Check]) -> impl Iterator<Item = String> + '_ {
    checks.iter().filter(|check| check.refused()).map(|check| {
        let hint =
            if check.code == VerifyError::DevelopmentSetup.code() { format!(" ({ALLOW})") } else { String::new() };
        format!("{}: {}{hint}", check.name, check.detail)
    })
}

/// The reason for a refusal, with what can be done about it.
pub(super) fn reason(error: &VerifyError) -> String {
    match error {
        VerifyError::DevelopmentSetup => format!("{error} ({ALLOW})"),
        _ => error.to_string(),
    }
}

/// Warns if a key of a development setup is used because that is allowed.
pub(super) fn note_development<'a>(keys: impl IntoIterator<Item = &'a VerifierKey>, allowed: bool, show: Show) {
    if allowed && keys.into_iter().any(|key| key.srs_kind() == SrsKind::Development) {
        show.note(DEVELOPMENT);
    }
}
