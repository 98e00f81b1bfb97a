//! Finds the PostgreSQL that is installed on this machine.
//!
//! Order: `ORQESTRA_PG_BIN`, then Debian's `/usr/lib/postgresql/<major>/bin` (highest first), then `PATH`. A data
//! folder that exists pins the major version, since a server only opens data of its own major. Nothing is installed
//! or downloaded here, and no program is run that another user could have put there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::trust;

/// The oldest server the migrations are written for.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres` in it, of a known major version.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Binaries of at least version 15, or of exactly `pinned` where data of that version exists.
    pub(super) async fn find(pinned: Option<u32>) -> anyhow::Result<Self> {
        if let Some(folder) = std::env::var_os("ORQESTRA_PG_BIN") {
            let folder = PathBuf::from(folder);
            let found = Self::inspect(&folder)
                .await
                .with_context(|| format!("ORQESTRA_PG_BIN={} holds no usable server", folder.display()))?;
            return found.fit(pinned);
        }
        let (mut found, mut distrusted) = (Vec::new(), String::new());
        for folder in candidates() {
            match Self::inspect(&folder).await {
                Ok(binaries) => found.push(binaries),
                Err(error) => {
                    if let Some(why) = trust::why(&error) {
                        distrusted = format!(" (not run: {})", why.found());
                    }
                }
            }
        }
        let newest = found.iter().max_by_key(|binaries| binaries.major).cloned();
        let wanted = found.into_iter().find(|binaries| Some(binaries.major) == pinned);
        match (wanted, newest) {
            (Some(wanted), _) => Ok(wanted),
            (None, Some(newest)) => newest.fit(pinned),
            (None, None) => bail!(
                "no PostgreSQL server is installed: run `apt-get install postgresql` (or `make up`, which does), \
                 set ORQESTRA_PG_BIN to the folder of `initdb` and `postgres`, or set ORQESTRA_DATABASE_URL{distrusted}"
            ),
        }
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn fit(self, pinned: Option<u32>) -> anyhow::Result<Self> {
        match pinned {
            Some(pinned) if pinned != self.major => bail!(
                "the database was made by PostgreSQL {pinned}, but {} is version {}: install \
                 postgresql-{pinned}, or move the data with pg_upgrade",
                self.folder.display(),
                self.major
            ),
            None if self.major < OLDEST => bail!(
                "{} is PostgreSQL {}, and {OLDEST} or newer is needed",
                self.folder.display(),
                self.major
            ),
            _ => Ok(self),
        }
    }

    async fn inspect(folder: &Path) -> anyhow::Result<Self> {
        if !folder.join("initdb").is_file() {
            bail!("{} has no initdb", folder.display());
        }
        let server = folder.join("postgres");
        for program in [&server, &folder.join("initdb")] {
            trust::program(program)?;
        }
        let output = tokio::process::Command::new(&server)
            .arg("--version")
            .output()
            .await
            .with_context(|| format!("cannot run {}", server.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let major = parse_major(&text).with_context(|| format!("cannot read a version from {text:?}"))?;
        Ok(Self { folder: folder.to_owned(), major })
    }
}

/// `postgres (PostgreSQL) 15.20 (Debian 15.20-0)` is 15, `postgres (PostgreSQL) 18beta1` is 18.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn candidates() -> Vec<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.map(|entry| entry.path().join("bin")).chain(std::env::split_paths(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Binaries, parse_major};

    #[test]
    fn a_version_line_gives_its_major() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn data_of_another_major_is_refused_by_name() {
        let binaries = Binaries { folder: "/pg".into(), major: 17 };
        let refusal = binaries.clone().fit(Some(15)).unwrap_err().to_string();
        assert!(refusal.contains("postgresql-15"), "{refusal}");
        assert!(binaries.clone().fit(Some(17)).is_ok());
        assert!(binaries.fit(None).is_ok());
        assert!(Binaries { folder: "/pg".into(), major: 14 }.fit(None).is_err());
    }
}
