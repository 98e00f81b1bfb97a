//! The files of the data folder: master key, admin token, demo tenant, the private database's
//! passwords, and where the running engine answers. Files are 0600.
//!
//! Invariants: nothing is read from a folder or file that another user could have prepared (`trust.rs`); a secret is
//! written whole before it is used, to a file beside it, then renamed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use orqestra_domain::{ApiKeyKind, TenantId};
use orqestra_vault::{Entropy, MasterKey, new_api_key};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};

use crate::database::DatabaseUrls;
use crate::settings::Settings;
use crate::trust::{self, Absent, Reader};

/// Where the private cluster is, written at each start.
pub(crate) const DATABASE_FILE: &str = "database.json";
/// Where the private cluster's home is, if it is not in the folder.
const LOCATION_FILE: &str = "postgres.location";
pub(crate) const MASTER_KEY_FILE: &str = "master.key";
pub(crate) const ADMIN_TOKEN_FILE: &str = "admin.token";
pub(crate) const REALTIME_SECRET_FILE: &str = "realtime.secret";
pub(crate) const DEMO_TENANT_FILE: &str = "demo-tenant.json";
/// Where the running engine answers. No secret, but who can write it is shown the tokens of who reads it.
const ADDRESS_FILE: &str = "engine.address";
const LONGEST_ADDRESS: usize = 256;
/// The passwords of the private cluster's roles, in the form of libpq's password files.
pub(crate) const PASSWORDS_FILE: &str = "postgres.pass";
/// The private server's first words, before its own log is open.
pub(crate) const START_LOG_FILE: &str = "postgres.start.log";
const LOCK_FILE: &str = "engine.lock";
/// The private cluster's home, where it is in the folder.
pub(crate) const HOME: &str = "postgres";

/// The readers of a file of the folder, by its name; none where the name means nothing here.
fn reader(name: &str) -> Option<Reader> {
    match name {
        MASTER_KEY_FILE | ADMIN_TOKEN_FILE | REALTIME_SECRET_FILE | DEMO_TENANT_FILE | DATABASE_FILE
        | PASSWORDS_FILE => Some(Reader::Owner),
        ADDRESS_FILE | LOCATION_FILE => Some(Reader::Anybody),
        START_LOG_FILE | LOCK_FILE => Some(Reader::Nobody),
        _ => None,
    }
}

/// The demo tenant as the data folder knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DemoTenant {
    pub(crate) tenant_id: TenantId,
    pub(crate) api_key: String,
}

/// The treatment of a key that is neither given nor kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made and kept in the data folder.
    Made,
    /// The start ends: another process may have made it.
    Refused,
}

/// The source of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A setting, or the data folder.
    AtHand,
    /// Made at this start.
    Made,
}

/// The data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Opens the folder, making it where it is missing.
    ///
    /// # Errors
    /// If it, what leads to it or anything in it could have been prepared by another user.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = trust::folder(path, Absent::Made).context("the data folder")?;
        look(&path).context("the data folder")?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The master key: the setting's, the named file's, or the folder's own.
    ///
    /// # Errors
    /// If none is at hand and `missing` ones are not made, or one cannot be read.
    pub(crate) fn master_key(
        &self,
        settings: &Settings,
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<(MasterKey, Origin)> {
        let (text, origin) = match given_master_key(settings)? {
            Some(text) => (text, Origin::AtHand),
            None => self.kept_or(MASTER_KEY_FILE, missing, "ORQESTRA_MASTER_KEY", || {
                MasterKey::generate(entropy).to_base64().to_string()
            })?,
        };
        Ok((parse_master_key(&text)?, origin))
    }

    /// Takes back a key that was made a moment ago and has sealed and signed nothing.
    pub(crate) fn take_back(&self, file: &str) {
        // What stays is refused again at the next start, with the same remedy.
        drop(fs::remove_file(self.0.join(file)));
    }

    /// The admin token: the setting's, or the folder's own.
    ///
    /// # Errors
    /// If none is at hand and `missing` ones are not made, or the folder's cannot be read.
    pub(crate) fn admin_token(
        &self,
        settings: &Settings,
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<(String, Origin)> {
        let name = (ADMIN_TOKEN_FILE, "ORQESTRA_ADMIN_TOKEN");
        self.secret(settings.admin_token.as_ref(), name, missing, entropy)
    }

    /// The secret that realtime tokens are signed with: the setting's, or the folder's own.
    ///
    /// # Errors
    /// If none is at hand and `missing` ones are not made, or the folder's cannot be read.
    pub(crate) fn realtime_secret(
        &self,
        settings: &Settings,
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<(String, Origin)> {
        let name = (REALTIME_SECRET_FILE, "ORQESTRA_CENTRIFUGO_TOKEN_SECRET");
        self.secret(settings.realtime_token_secret.as_ref(), name, missing, entropy)
    }

    /// A secret of random text, by its file and its setting.
    fn secret(
        &self,
        given: Option<&String>,
        (file, setting): (&str, &str),
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<(String, Origin)> {
        match given {
            Some(secret) => Ok((secret.clone(), Origin::AtHand)),
            None => self.kept_or(file, missing, setting, || random_text(entropy)),
        }
    }

    /// Another secret for realtime tokens: the setting's, or a new one in place of the folder's own.
    pub(crate) fn another_realtime_secret(
        &self,
        settings: &Settings,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<String> {
        if let Some(given) = &settings.realtime_token_secret {
            return Ok(given.clone());
        }
        let secret = random_text(entropy);
        self.write(REALTIME_SECRET_FILE, &secret)?;
        Ok(secret)
    }

    /// The demo tenant's id and key.
    pub(crate) fn demo_tenant(
        &self,
        id: impl FnOnce() -> TenantId,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<DemoTenant> {
        let (text, _) = self.kept(DEMO_TENANT_FILE, || {
            let demo = DemoTenant { tenant_id: id(), api_key: new_api_key(entropy, ApiKeyKind::Live) };
            serde_json::to_string_pretty(&demo).expect("two plain fields")
        })?;
        serde_json::from_str(&text).context("demo-tenant.json in the data folder is not as it was written")
    }

    /// Writes down where the private cluster is, for the commands that work beside the engine.
    pub(crate) fn remember_urls(&self, urls: &DatabaseUrls) -> anyhow::Result<()> {
        let urls = urls.without_passwords(&self.0.join(PASSWORDS_FILE));
        self.write(DATABASE_FILE, &serde_json::to_string_pretty(&urls)?)
    }

    /// Writes down where this engine answers, until what this gives is dropped. One that cannot is only not found by the
    /// commands, which can be told.
    pub(crate) fn announce(&self, url: &str) -> Option<Announced> {
        match self.write(ADDRESS_FILE, url) {
            Ok(()) => Some(Announced { file: self.0.join(ADDRESS_FILE), url: url.to_owned() }),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "commands need --url to find this engine");
                None
            }
        }
    }

    /// The passwords of the private cluster's roles, as `make` writes them where there are none.
    pub(crate) fn passwords(&self, make: impl FnOnce() -> String) -> anyhow::Result<String> {
        Ok(self.kept(PASSWORDS_FILE, make)?.0)
    }

    /// Where the private cluster's home is, if it is not in the folder.
    pub(crate) fn location(&self) -> anyhow::Result<Option<PathBuf>> {
        location(&self.0)
    }

    /// Writes down where the private cluster's home is.
    pub(crate) fn remember_location(&self, home: &Path) -> anyhow::Result<()> {
        self.write(LOCATION_FILE, &format!("{}\n", home.display()))
    }

    /// The file that one engine at a time locks. What it holds means nothing.
    pub(crate) fn lock_file(&self) -> anyhow::Result<fs::File> {
        // It stays the file that another engine may have locked; that it is a plain one was seen when the folder was opened.
        let path = self.0.join(LOCK_FILE);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        opened.with_context(|| format!("{} cannot be opened", path.display()))
    }

    /// A new file for what the private server says first, in place of the last one.
    pub(crate) fn start_log(&self) -> anyhow::Result<fs::File> {
        let path = self.0.join(START_LOG_FILE);
        fresh_file(&path).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Reads a file of the folder, or writes the text that `make` returns.
    fn kept(&self, name: &str, make: impl FnOnce() -> String) -> anyhow::Result<(String, Origin)> {
        if is_there(&self.0, name) {
            return Ok((read_kept(&self.0, name)?, Origin::AtHand));
        }
        let text = make();
        // Another process may make the same file: the first one's stays, and both use it.
        if self.write_new(name, &text)? {
            return Ok((text, Origin::Made));
        }
        Ok((read_kept(&self.0, name)?, Origin::AtHand))
    }

    /// The same, where a file that is missing may be refused.
    fn kept_or(
        &self,
        name: &str,
        missing: Missing,
        setting: &str,
        make: impl FnOnce() -> String,
    ) -> anyhow::Result<(String, Origin)> {
        if missing == Missing::Refused && !is_there(&self.0, name) {
            bail!(
                "neither {setting} is set nor {} there, and `serve` makes no keys: give every process of the installation \
                 the same one, or run `orqestra bootstrap` once, which makes what is missing",
                self.0.join(name).display()
            );
        }
        self.kept(name, make)
    }

    /// Writes a file whole, unless there is one: then false.
    fn write_new(&self, name: &str, text: &str) -> anyhow::Result<bool> {
        let path = self.0.join(name);
        let fresh = self.written(name, text)?;
        let placed = match renameat_with(CWD, &fresh, CWD, &path, RenameFlags::NOREPLACE) {
            // A file system that cannot do it in one step.
            Err(rustix::io::Errno::INVAL) => {
                let linked = fs::hard_link(&fresh, &path);
                fs::remove_file(&fresh).and(linked)
            }
            renamed => renamed.map_err(std::io::Error::from),
        };
        match placed {
            Ok(()) => {
                fs::File::open(&self.0)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&fresh).or_else(absent_is_well)?;
                Ok(false)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be written", path.display())),
        }
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.0.join(name);
        let fresh = self.written(name, text)?;
        let renamed = fs::rename(&fresh, &path).and_then(|()| fs::File::open(&self.0)?.sync_all());
        renamed.with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Writes a file of this process's own beside the one of that name, down to the disk.
    fn written(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let fresh = self.0.join(format!("{name}.{}.new", std::process::id()));
        let written = (|| {
            let mut file = fresh_file(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })();
        written.with_context(|| format!("{} cannot be written", fresh.display()))?;
        Ok(fresh)
    }
}

/// The address of a running engine as its data folder tells it.
#[derive(Debug)]
pub(crate) struct Announced {
    file: PathBuf,
    url: String,
}

impl Drop for Announced {
    /// Takes it back, unless another process with the same folder has told its own since.
    fn drop(&mut self) {
        if trust::read_plain(&self.file).is_ok_and(|told| told == self.url) {
            // What is left is an address where nothing answers, which whoever reads it finds out.
            drop(fs::remove_file(&self.file));
        }
    }
}

/// Where an engine with this data folder said that it answers, and the file that says so. It may be gone since.
///
/// # Errors
/// If somebody else could have written it: whoever reads it goes on to show tokens there.
pub(crate) fn announced(folder: &Path) -> anyhow::Result<Option<(String, PathBuf)>> {
    const REMEDY: &str = "so no token is shown to what it names; name the engine by --url";
    let path = folder.join(ADDRESS_FILE);
    let distrusted = |error: anyhow::Error| match trust::why(&error) {
        // Told of the file, whichever of the folders around it is at fault.
        Some(why) => anyhow::anyhow!("{}, {REMEDY} ({})", why.found_of(&path), why.remedy()),
        None => error,
    };
    let told = match trust::read(folder, ADDRESS_FILE, Reader::Anybody) {
        Err(error)
            if [ErrorKind::NotFound, ErrorKind::PermissionDenied]
                .iter()
                .any(|kind| trust::is_kind(&error, *kind)) =>
        {
            return Ok(None);
        }
        told => told.map_err(distrusted)?,
    };
    trust::folder(folder, Absent::Refused).map_err(distrusted)?;
    ensure!(told.len() <= LONGEST_ADDRESS, "{} is too long for an address, {REMEDY}", path.display());
    let url = told.trim();
    Ok((!url.is_empty()).then(|| (url.to_owned(), path)))
}

/// Looks at the folder and everything in it; whether others may enter it is not asked.
///
/// # Errors
/// For the first that another user could have prepared.
pub(crate) fn look(folder: &Path) -> anyhow::Result<()> {
    let path = trust::folder(folder, Absent::Refused)?;
    trust::entries(&path, reader)
}

/// Where the private cluster's home is, if it is not in the folder.
pub(crate) fn location(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    match trust::read(folder, LOCATION_FILE, Reader::Anybody) {
        Ok(text) => Ok(Some(PathBuf::from(text.trim_end()))),
        Err(error) if trust::is_kind(&error, ErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file of the folder that no other user could have prepared, after a look at the folder.
///
/// # Errors
/// `Distrusted`, or the system's error, which says by its kind that the file is missing.
pub(crate) fn read(folder: &Path, name: &str) -> anyhow::Result<String> {
    trust::folder(folder, Absent::Refused)?;
    read_kept(folder, name)
}

/// The admin token that a data folder keeps. Nothing is made.
pub(crate) fn kept_admin_token(folder: &Path) -> anyhow::Result<String> {
    read(folder, ADMIN_TOKEN_FILE)
}

/// The first tenant that a data folder keeps. Nothing is made.
pub(crate) fn kept_demo_tenant(folder: &Path) -> anyhow::Result<DemoTenant> {
    // What cannot be read may hold the key, so the error does not repeat it.
    serde_json::from_str(&read(folder, DEMO_TENANT_FILE)?)
        .ok()
        .context("demo-tenant.json in the data folder is not as it was written")
}

/// The master key as [`DataDir::master_key`] finds it, or none where it would make one.
pub(crate) fn master_key_at_hand(settings: &Settings) -> anyhow::Result<Option<MasterKey>> {
    let text = match given_master_key(settings)? {
        Some(text) => text,
        None if !is_there(&settings.data_dir, MASTER_KEY_FILE) => return Ok(None),
        None => read(&settings.data_dir, MASTER_KEY_FILE)?,
    };
    parse_master_key(&text).map(Some)
}

/// The secret for realtime tokens as [`DataDir::realtime_secret`] finds it, or none where it would make one.
pub(crate) fn realtime_secret_at_hand(settings: &Settings) -> anyhow::Result<Option<String>> {
    match &settings.realtime_token_secret {
        Some(given) => Ok(Some(given.clone())),
        None if !is_there(&settings.data_dir, REALTIME_SECRET_FILE) => Ok(None),
        None => read(&settings.data_dir, REALTIME_SECRET_FILE).map(Some),
    }
}

/// The setting's, or the named file's.
fn given_master_key(settings: &Settings) -> anyhow::Result<Option<String>> {
    match (&settings.master_key, &settings.master_key_file) {
        (Some(text), _) => Ok(Some(text.clone())),
        (None, Some(file)) => trust::read_named(file).map(Some).context("master_key_file"),
        (None, None) => Ok(None),
    }
}

fn parse_master_key(text: &str) -> anyhow::Result<MasterKey> {
    MasterKey::from_base64(text.trim()).context("the master key is not base64 of 32 bytes")
}

fn read_kept(folder: &Path, name: &str) -> anyhow::Result<String> {
    trust::read(folder, name, reader(name).unwrap_or(Reader::Owner))
}

/// Whether there is anything of that name, a link that leads nowhere included.
fn is_there(folder: &Path, name: &str) -> bool {
    folder.join(name).symlink_metadata().is_ok()
}

/// A new file of that name for its owner alone, in place of what was there.
fn fresh_file(path: &Path) -> std::io::Result<fs::File> {
    fs::remove_file(path).or_else(absent_is_well)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn absent_is_well(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

pub(crate) fn random_text(entropy: &dyn Entropy) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
