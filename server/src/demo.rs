//! The demo's own key: made once, and kept in a file beside the database that only its owner can read.

use oauth_sync_server::random::random_bytes;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// The key in `<database>.key`; made where there is none.
pub fn key_beside(database: &Path) -> Result<[u8; 32], String> {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    let file = Path::new(&name);
    let because = |error: std::io::Error| format!("the demo's key {}: {error}", file.display());
    let made: [u8; 32] = random_bytes().map_err(|error| error.to_string())?;
    // `create_new`: of two processes that start at once, one makes it and the other reads it.
    match private().write(true).create_new(true).open(file) {
        Ok(mut new) => {
            new.write_all(&made)
                .and_then(|()| new.sync_all())
                .map_err(because)?;
            Ok(made)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read(file)
            .map_err(because)?
            .try_into()
            .map_err(|_| format!("the demo's key {} is not 32 bytes", file.display())),
        Err(error) => Err(because(error)),
    }
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Elsewhere a file is as private as its folder.
#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}
