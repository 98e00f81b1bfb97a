//! Where the database of this installation is: given by the settings, or the data folder's private cluster.

use std::io::ErrorKind;

use anyhow::{Context as _, anyhow};

use crate::database::DatabaseUrls;
use crate::keep::{self, DATABASE_FILE, PASSWORDS_FILE};
use crate::settings::Settings;
use crate::trust;

/// The addresses, for commands that work beside a running engine.
pub(crate) fn urls(settings: &Settings) -> anyhow::Result<DatabaseUrls> {
    if let Some(urls) = given(settings) {
        return Ok(urls);
    }
    let folder = &settings.data_dir;
    let written = keep::read(folder, DATABASE_FILE).map_err(|error| {
        if trust::is_kind(&error, ErrorKind::NotFound) {
            let shown = folder.display();
            error.context(format!(
                "no ORQESTRA_DATABASE_URL is set and {shown} has seen no engine; start one with `orqestra up`"
            ))
        } else {
            error.context("no ORQESTRA_DATABASE_URL is set")
        }
    })?;
    let urls: DatabaseUrls =
        serde_json::from_str(&written).with_context(|| format!("{DATABASE_FILE} in the data folder"))?;
    match keep::read(folder, PASSWORDS_FILE) {
        Ok(passwords) => Ok(urls.with_passwords(&passwords)),
        // An earlier version's database asks for no password.
        Err(error) if trust::is_kind(&error, ErrorKind::NotFound) => Ok(urls),
        Err(error) => Err(error),
    }
}

/// Explains why a database cannot be reached: the data folder's own is there only while its engine runs.
pub(crate) fn unreached(error: anyhow::Error, settings: &Settings) -> anyhow::Error {
    let silent =
        matches!(error.downcast_ref::<sqlx::Error>(), Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut));
    if settings.database_url.is_none() && silent {
        let folder = settings.data_dir.display();
        anyhow!(
            "nothing answers at the database of {folder}: it runs only while the engine does; start the engine with `orqestra up`"
        )
    } else {
        error
    }
}

/// The addresses that the settings give.
pub(crate) fn given(settings: &Settings) -> Option<DatabaseUrls> {
    let app = settings.database_url.clone()?;
    let owner = settings.migration_database_url.clone().unwrap_or_else(|| app.clone());
    Some(DatabaseUrls { owner, app })
}
