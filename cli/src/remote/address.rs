//! Where the running engine is: named on the command line or by `ORQESTRA_URL`, told by a file of the data folder, or
//! assumed by the settings, in this order.
//!
//! Invariant: an address goes with where it came from, which every error about it names.

use std::fmt;
use std::path::PathBuf;

use clap::Args;

use super::{given, plain, variable};
use crate::keep;
use crate::settings::Settings;

const VARIABLE: &str = "ORQESTRA_URL";

/// Which engine.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// Where the engine answers [env: `ORQESTRA_URL`] [default: where the data folder's engine listens, or the address of
    /// the settings]
    #[arg(long)]
    url: Option<String>,
}

/// Where an engine is said to answer.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) source: Source,
}

/// Who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// A file that a running engine has left in its data folder.
    Folder(PathBuf),
    /// Nobody: it is what an engine of these settings would listen on.
    Settings,
}

impl Where {
    /// The first address that somebody names.
    pub(crate) fn find(&self, settings: &Settings) -> anyhow::Result<Address> {
        if let Some(url) = given(self.url.as_deref()) {
            return Ok(Address { url: url.to_owned(), source: Source::Flag });
        }
        if let Some(url) = variable(VARIABLE) {
            return Ok(Address { url, source: Source::Variable });
        }
        if let Some((url, file)) = keep::announced(&settings.data_dir)? {
            return Ok(Address { url, source: Source::Folder(file) });
        }
        let listen = &settings.listen;
        anyhow::ensure!(listen.port() != 0, "the engine's port is not known; name it with --url");
        Ok(Address { url: listen.url(), source: Source::Settings })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--url"),
            Self::Variable => f.write_str(VARIABLE),
            Self::Folder(file) => file.display().fmt(f),
            Self::Settings => f.write_str("the settings"),
        }
    }
}

/// With where it came from.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (by {})", plain(&self.url), self.source)
    }
}
