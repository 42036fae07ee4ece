//! Files that are whole or absent: written under a temporary name, synced to the disk, renamed into place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a whole file and syncs it, so that a full disk gives an error and not a short file.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|why| write_error(path, &why))
}

/// Fills a temporary file beside `path` with `write`, syncs it and renames it to `path`. After an error, `path` is
/// unchanged and the temporary file is removed.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let beside = Path::new(&beside);
    let written = File::create(beside).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()
    });
    let renamed = match written {
        Ok(()) => fs::rename(beside, path).map_err(|why| write_error(path, &why)),
        Err(why) => Err(write_error(beside, &why)),
    };
    if renamed.is_err() {
        let _ = fs::remove_file(beside);
    }
    renamed
}

/// Syncs the names in a directory, which makes a rename durable.
pub fn sync_names(directory: &Path) -> Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    match synced {
        // Some network file systems cannot sync a directory, but keep names safe by themselves.
        Err(why) if why.kind() != io::ErrorKind::InvalidInput => Err(write_error(directory, &why)),
        _ => Ok(()),
    }
}

/// Removes a file, if there is one.
///
/// # Errors
/// When it exists and cannot be removed.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(write_error(path, &why)),
        _ => Ok(()),
    }
}

/// Error for a file that cannot be written, with the remedy.
pub fn write_error(path: &Path, why: &io::Error) -> Error {
    let path = path.display();
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::Failed(format!(
                "cannot write {path}: {why}; free space there, or choose another place with --out"
            ))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::Environment(format!("cannot write {path}: {why}; choose a writable place with --out"))
        }
        io::ErrorKind::AlreadyExists => Error::Environment(format!(
            "{path} already exists: another process writes as the same rank; was numamark started by the launcher of its own MPI library?"
        )),
        _ => Error::Failed(format!("cannot write {path}: {why}")),
    }
}
