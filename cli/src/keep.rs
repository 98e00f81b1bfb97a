//! What the data folder keeps for this installation: master key, admin token, demo tenant, and where the running engine
//! answers. Files are 0600.
//!
//! A secret is written whole before it is used: to a file beside it, then renamed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use orqestra_domain::TenantId;
use orqestra_vault::{Entropy, MasterKey, new_api_key};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::database::DatabaseUrls;
use crate::settings::Settings;

/// Where the private cluster is, written at each start.
pub(crate) const DATABASE_FILE: &str = "database.json";
/// Where the private cluster's home is, if it is not in the folder.
pub(crate) const LOCATION_FILE: &str = "postgres.location";
const MASTER_KEY_FILE: &str = "master.key";
pub(crate) const ADMIN_TOKEN_FILE: &str = "admin.token";
const REALTIME_SECRET_FILE: &str = "realtime.secret";
pub(crate) const DEMO_TENANT_FILE: &str = "demo-tenant.json";
/// Where the running engine answers. No secret, but who can write it is shown the tokens of who reads it.
const ADDRESS_FILE: &str = "engine.address";
const LONGEST_ADDRESS: u64 = 256;
/// What nobody but the owner may read.
pub(crate) const FILES: [&str; 6] =
    [MASTER_KEY_FILE, ADMIN_TOKEN_FILE, REALTIME_SECRET_FILE, DEMO_TENANT_FILE, DATABASE_FILE, ADDRESS_FILE];

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
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data folder {} cannot be made", path.display()))?;
        Ok(Self(path.canonicalize().with_context(|| format!("{} cannot be entered", path.display()))?))
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

    /// Takes back a master key that was made a moment ago and has sealed nothing.
    pub(crate) fn take_back_master_key(&self) {
        // What stays is refused again at the next start, with the same remedy.
        drop(fs::remove_file(self.0.join(MASTER_KEY_FILE)));
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
    ) -> anyhow::Result<String> {
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
    ) -> anyhow::Result<String> {
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
    ) -> anyhow::Result<String> {
        match given {
            Some(secret) => Ok(secret.clone()),
            None => Ok(self.kept_or(file, missing, setting, || random_text(entropy))?.0),
        }
    }

    /// The demo tenant's id and key.
    pub(crate) fn demo_tenant(
        &self,
        id: impl FnOnce() -> TenantId,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<DemoTenant> {
        let (text, _) = self.kept(DEMO_TENANT_FILE, || {
            let demo = DemoTenant { tenant_id: id(), api_key: new_api_key(entropy) };
            serde_json::to_string_pretty(&demo).expect("two plain fields")
        })?;
        serde_json::from_str(&text).context("demo-tenant.json in the data folder is not as it was written")
    }

    /// Writes down where the private cluster is, for the commands that work beside the engine.
    pub(crate) fn remember_urls(&self, urls: &DatabaseUrls) -> anyhow::Result<()> {
        self.write(DATABASE_FILE, &serde_json::to_string_pretty(urls)?)
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

    /// Reads a file of the folder, or writes the text that `make` returns.
    fn kept(&self, name: &str, make: impl FnOnce() -> String) -> anyhow::Result<(String, Origin)> {
        let path = self.0.join(name);
        if path.exists() {
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
        if missing == Missing::Refused && !self.0.join(name).exists() {
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
        let linked = fs::hard_link(&fresh, &path);
        fs::remove_file(&fresh)?;
        match linked {
            Ok(()) => {
                fs::File::open(&self.0)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
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
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
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
        if fs::read_to_string(&self.file).is_ok_and(|told| told == self.url) {
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
    let path = folder.join(ADDRESS_FILE);
    // What is no file of ours is neither followed nor waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let told = OpenOptions::new().read(true).custom_flags(flags).open(&path);
    let file = match told {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| distrusted(&path, "is no plain file")),
    };
    let stands = file.metadata()?;
    let ours = |found: &fs::Metadata| [0, rustix::process::geteuid().as_raw()].contains(&found.uid());
    let closed = |found: &fs::Metadata| found.mode() & 0o022 == 0;
    let around = fs::metadata(folder)?;
    for (holds, why) in [
        (stands.is_file(), "is no plain file"),
        (ours(&stands) && ours(&around), "belongs to another user"),
        (closed(&stands) && closed(&around), "can be written by others"),
        (stands.len() <= LONGEST_ADDRESS, "is too long for an address"),
    ] {
        ensure!(holds, distrusted(&path, why));
    }
    let mut url = String::new();
    file.take(LONGEST_ADDRESS).read_to_string(&mut url).with_context(|| distrusted(&path, "is no text"))?;
    let url = url.trim();
    Ok((!url.is_empty()).then(|| (url.to_owned(), path)))
}

fn distrusted(file: &Path, why: &str) -> String {
    format!("{} {why}, so no token is shown to what it names; name the engine by --url", file.display())
}

/// The admin token that a data folder keeps. Nothing is made.
pub(crate) fn kept_admin_token(folder: &Path) -> anyhow::Result<String> {
    read_kept(folder, ADMIN_TOKEN_FILE)
}

/// The first tenant that a data folder keeps. Nothing is made.
pub(crate) fn kept_demo_tenant(folder: &Path) -> anyhow::Result<DemoTenant> {
    // What cannot be read may hold the key, so the error does not repeat it.
    serde_json::from_str(&read_kept(folder, DEMO_TENANT_FILE)?)
        .ok()
        .context("demo-tenant.json in the data folder is not as it was written")
}

/// The master key as [`DataDir::master_key`] finds it, or none where it would make one.
pub(crate) fn master_key_at_hand(settings: &Settings) -> anyhow::Result<Option<MasterKey>> {
    let text = match given_master_key(settings)? {
        Some(text) => text,
        None if !settings.data_dir.join(MASTER_KEY_FILE).exists() => return Ok(None),
        None => read_kept(&settings.data_dir, MASTER_KEY_FILE)?,
    };
    parse_master_key(&text).map(Some)
}

/// The setting's, or the named file's.
fn given_master_key(settings: &Settings) -> anyhow::Result<Option<String>> {
    match (&settings.master_key, &settings.master_key_file) {
        (Some(text), _) => Ok(Some(text.clone())),
        (None, Some(file)) => {
            let text = fs::read_to_string(file);
            text.map(Some).with_context(|| format!("master_key_file: {}", file.display()))
        }
        (None, None) => Ok(None),
    }
}

fn parse_master_key(text: &str) -> anyhow::Result<MasterKey> {
    MasterKey::from_base64(text.trim()).context("the master key is not base64 of 32 bytes")
}

fn read_kept(folder: &Path, name: &str) -> anyhow::Result<String> {
    let path = folder.join(name);
    fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}

fn random_text(entropy: &dyn Entropy) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
