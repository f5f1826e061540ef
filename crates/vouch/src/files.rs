//! Reading and writing files so that a crash or a full disk leaves no half-written file.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use memmap2::Mmap;

use crate::{Error, Result};

/// What a file is, by its first bytes.
pub fn kind_of(start: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 9] = [
        (b"VOUCHMD\0", "a compiled model (model.vouch)"),
        (b"VOUCHPK\0", "a proving key (prover.key)"),
        (b"VOUCHVK\0", "a verifying key (verifier.key)"),
        (b"VOUCHPF\0", "a proof"),
        (b"VOUCHPC\0", "a chain of proofs"),
        (b"VOUCHSR\0", "a reference string"),
        (b"\x93NUMPY", "a numpy array (.npy)"),
        (b"PK\x03\x04", "a zip archive (such as .npz)"),
        (b"{", "JSON"),
    ];
    kinds.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, kind)| kind)
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::file(path, source)
}

/// The bytes of a file, up to a limit.
///
/// # Errors
/// An [`Error`] of kind [`System`](crate::ErrorKind::System), also if the file is longer than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let len = std::fs::metadata(path).map_err(file_error(path))?.len();
    if len > limit {
        let reason = format!("the file has {len} bytes, at most {limit} are expected");
        return Err(file_error(path)(io::Error::new(io::ErrorKind::InvalidData, reason)));
    }
    std::fs::read(path).map_err(file_error(path))
}

/// Maps a file into memory.
///
/// # Errors
/// An [`Error`] of kind [`System`](crate::ErrorKind::System).
pub fn map(path: &Path) -> Result<Mmap> {
    let file = File::open(path).map_err(file_error(path))?;
    // SAFETY: the map is only read. Another process that truncates the file while it is mapped can end this process with SIGBUS, but not make it
    // accept anything: what is read is checked, and a proof is verified before it is given out.
    #[allow(unsafe_code)]
    unsafe { Mmap::map(&file) }.map_err(file_error(path))
}

/// Makes a folder, with those above it.
///
/// # Errors
/// An [`Error`] of kind [`System`](crate::ErrorKind::System).
pub fn create_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(file_error(path))
}

/// The file that a symbolic link leads to, whether it exists or not; any other path is itself.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match std::fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Writes a file under a temporary name and renames it. A symbolic link stays one: the file that it leads to is written.
/// What is not a regular file (a pipe, a device) is written to, and never replaced.
///
/// # Errors
/// An [`Error`] of kind [`System`](crate::ErrorKind::System).
pub fn write(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let save = || -> io::Result<()> {
        let target = behind_links(path)?;
        if std::fs::metadata(&target).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
            let mut stream = std::fs::OpenOptions::new().write(true).open(&target)?;
            return parts.iter().try_for_each(|part| stream.write_all(part));
        }
        let dir = match target.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        for part in parts {
            file.write_all(part)?;
        }
        // Temporary files are private; what is written here is an ordinary file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|e| e.error)?;
        Ok(())
    };
    save().map_err(file_error(path))
}
