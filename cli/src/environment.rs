//! What the environment says to clients of PostgreSQL, and does not say to this program.
//!
//! `PGHOST`, `PGOPTIONS` and their like are meant for somebody's own clients. They would reach every connection, that to
//! the private database too: a `default_transaction_read_only` there would keep it from being made. Where the database
//! is and how to connect is said by the settings alone, so the program begins anew without these variables.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// What the names of all variables begin with that PostgreSQL's clients, its server and its tools read.
const PREFIX: &[u8] = b"PG";

/// Returns where there is none of them; else replaces this process by itself without them.
///
/// # Errors
/// If the program cannot be started again.
pub(crate) fn without_postgres() -> anyhow::Result<()> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let foreign: Vec<OsString> = names.filter(|name| is_foreign(name)).collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let error = match std::env::current_exe().map(|program| begin_anew(&program, &foreign)) {
        Ok(error) if error.kind() != std::io::ErrorKind::NotFound => error,
        // A program that was deleted or replaced since its start does not have a name any more.
        Ok(_) | Err(_) => begin_anew(Path::new("/proc/self/exe"), &foreign),
    };
    let names: Vec<_> = foreign.iter().map(|name| name.to_string_lossy()).collect();
    Err(error).with_context(|| format!("cannot begin anew without {}; unset them", names.join(", ")))
}

fn is_foreign(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX)
}

/// Comes back with an error or not at all.
fn begin_anew(program: &Path, without: &[OsString]) -> std::io::Error {
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments);
    for name in without {
        command.env_remove(name);
    }
    command.exec()
}
