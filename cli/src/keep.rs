//! What the data folder keeps for this installation: master key, admin token, demo tenant. Files are 0600.
//!
//! A secret is written whole before it is used: to a file beside it, then renamed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use orqestra_domain::TenantId;
use orqestra_vault::{Entropy, MasterKey, new_api_key};
use serde::{Deserialize, Serialize};

use crate::database::DatabaseUrls;
use crate::settings::Settings;

/// Where the private cluster is, written at each start.
pub(crate) const DATABASE_FILE: &str = "database.json";

/// The demo tenant as the data folder knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DemoTenant {
    pub(crate) tenant_id: TenantId,
    pub(crate) api_key: String,
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

    /// The master key: the setting's, the named file's, or the folder's own, made at the first start.
    pub(crate) fn master_key(&self, settings: &Settings, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
        let text = match (&settings.master_key, &settings.master_key_file) {
            (Some(text), _) => text.clone(),
            (None, Some(file)) => {
                fs::read_to_string(file).with_context(|| format!("master_key_file: {}", file.display()))?
            }
            (None, None) => {
                self.kept("master.key", || MasterKey::generate(entropy).to_base64().to_string())?
            }
        };
        MasterKey::from_base64(text.trim()).context("the master key is not base64 of 32 bytes")
    }

    /// The admin token: the setting's, or the folder's own.
    pub(crate) fn admin_token(&self, settings: &Settings, entropy: &dyn Entropy) -> anyhow::Result<String> {
        match &settings.admin_token {
            Some(token) => Ok(token.clone()),
            None => self.kept("admin.token", || random_text(entropy)),
        }
    }

    /// The secret that realtime tokens are signed with: the setting's, or the folder's own.
    pub(crate) fn realtime_secret(
        &self,
        settings: &Settings,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<String> {
        match &settings.realtime_token_secret {
            Some(secret) => Ok(secret.clone()),
            None => self.kept("realtime.secret", || random_text(entropy)),
        }
    }

    /// The demo tenant's id and key.
    pub(crate) fn demo_tenant(
        &self,
        id: impl FnOnce() -> TenantId,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<DemoTenant> {
        let text = self.kept("demo-tenant.json", || {
            let demo = DemoTenant { tenant_id: id(), api_key: new_api_key(entropy) };
            serde_json::to_string_pretty(&demo).expect("two plain fields")
        })?;
        serde_json::from_str(&text).context("demo-tenant.json in the data folder is not as it was written")
    }

    /// Writes down where the private cluster is, for the commands that work beside the engine.
    pub(crate) fn remember_urls(&self, urls: &DatabaseUrls) -> anyhow::Result<()> {
        self.write(DATABASE_FILE, &serde_json::to_string_pretty(urls)?)
    }

    /// Reads a file of the folder, or writes what `make` gives.
    fn kept(&self, name: &str, make: impl FnOnce() -> String) -> anyhow::Result<String> {
        let path = self.0.join(name);
        if path.exists() {
            return fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()));
        }
        let text = make();
        self.write(name, &text)?;
        Ok(text)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.0.join(name);
        let fresh = self.0.join(format!("{name}.new"));
        let written = (|| {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            fs::File::open(&self.0)?.sync_all()
        })();
        written.with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn random_text(entropy: &dyn Entropy) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
