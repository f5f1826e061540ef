//! The node's key: a key file of Vouch, or a hotkey of a Bittensor wallet.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use thiserror::Error;
use vouch_protocol::{KeyFileError, PartyKey};
use vouch_subtensor::{Hotkey, WalletError};

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file of Vouch cannot be used.
    #[error(transparent)]
    Own(#[from] KeyFileError),
    /// The hotkey cannot be used.
    #[error("key file {path}: {reason}", path = path.display())]
    Wallet {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: WalletError,
    },
    /// The file with the password cannot be used.
    #[error("file with the password {path}: {reason}", path = path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The first line of a file that only its owner may read.
fn password(path: &Path) -> Result<String, KeyError> {
    let wrong = |reason: String| KeyError::Password { path: path.to_owned(), reason };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others may read it (mode {mode:03o}); run `chmod 600`")));
        }
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    text.lines().next().map(str::to_owned).ok_or_else(|| wrong("it is empty".into()))
}

fn ask(path: &Path) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("Password of {}: ", path.display())).ok()
}

/// Reads a key. An encrypted hotkey is opened with the password in a file, or that is typed.
///
/// # Errors
/// [`KeyError`].
pub fn load(path: &Path, password_file: Option<&Path>) -> Result<PartyKey, KeyError> {
    let content = std::fs::read(path).map_err(|source| KeyFileError::File { path: path.to_owned(), source })?;
    if !Hotkey::is_meant(&content) {
        return Ok(PartyKey::load(path)?);
    }
    let given = password_file.map(password).transpose()?;
    let hotkey = Hotkey::read(path, || given.or_else(|| ask(path)));
    hotkey.map(|hotkey| hotkey.key).map_err(|reason| KeyError::Wallet { path: path.to_owned(), reason })
}

/// As [`load`]; makes a key file of Vouch where there is none.
///
/// # Errors
/// [`KeyError`].
pub fn load_or_create(path: &Path, password_file: Option<&Path>) -> Result<PartyKey, KeyError> {
    if path.exists() { load(path, password_file) } else { Ok(PartyKey::load_or_create(path)?) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn both_kinds_of_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("own.key");
        let made = load_or_create(&own, None).unwrap();
        assert_eq!(load(&own, None).unwrap().public(), made.public());

        let hotkey = dir.path().join("hotkey");
        let write = |path: &Path, content: &str| {
            std::fs::write(path, content).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write(&hotkey, &format!(r#"{{"secretSeed":"0x{}"}}"#, "2a".repeat(32)));
        let expected = PartyKey::from_seed(&[0x2a; 32]).unwrap().public();
        assert_eq!(load_or_create(&hotkey, None).unwrap().public(), expected);

        write(&hotkey, "$NACLcut off");
        let secret = dir.path().join("password");
        write(&secret, "x\n");
        assert!(matches!(load(&hotkey, Some(&secret)), Err(KeyError::Wallet { reason: WalletError::Format(_), .. })));
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(load(&hotkey, Some(&secret)).unwrap_err().to_string().contains("chmod 600"));
        // An error names the file once, also as the command line shows it.
        write(&hotkey, r#"{"secretSeed":"0x2a"}"#);
        let names = |path: &Path| {
            let error = format!("{:?}", anyhow::Error::from(load(path, None).unwrap_err()));
            (error.matches(&path.display().to_string()).count(), error)
        };
        for mode in [0o600, 0o644] {
            std::fs::set_permissions(&hotkey, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(names(&hotkey).0, 1, "{}", names(&hotkey).1);
        }
        assert_eq!(names(&dir.path().join("none")).0, 1);
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(names(&own).0, 1, "{}", names(&own).1);
    }
}
