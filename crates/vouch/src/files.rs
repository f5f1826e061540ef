//! Reading and writing files so that a crash or a full disk leaves no half-written file.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use memmap2::Mmap;

use crate::{Error, Result};

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

/// Writes a file under a temporary name and renames it.
///
/// # Errors
/// An [`Error`] of kind [`System`](crate::ErrorKind::System).
pub fn write(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let save = || -> io::Result<()> {
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
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    save().map_err(file_error(path))
}
