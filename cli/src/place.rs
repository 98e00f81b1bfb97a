//! Where the database of this installation is: given by the settings, or the data folder's private cluster.

use anyhow::Context as _;

use crate::database::DatabaseUrls;
use crate::keep::DATABASE_FILE;
use crate::settings::Settings;

/// The addresses, for commands that work beside a running engine.
pub(crate) fn urls(settings: &Settings) -> anyhow::Result<DatabaseUrls> {
    if let Some(urls) = given(settings) {
        return Ok(urls);
    }
    let file = settings.data_dir.join(DATABASE_FILE);
    let written = std::fs::read_to_string(&file).map_err(|error| {
        let context = if error.kind() == std::io::ErrorKind::NotFound {
            format!(
                "no ORQESTRA_DATABASE_URL is set and {} has seen no engine; start one with `orqestra up`",
                settings.data_dir.display()
            )
        } else {
            format!("no ORQESTRA_DATABASE_URL is set and {} cannot be read", file.display())
        };
        anyhow::Error::new(error).context(context)
    })?;
    serde_json::from_str(&written).with_context(|| format!("{DATABASE_FILE} in the data folder"))
}

/// The addresses that the settings give.
pub(crate) fn given(settings: &Settings) -> Option<DatabaseUrls> {
    let app = settings.database_url.clone()?;
    let owner = settings.migration_database_url.clone().unwrap_or_else(|| app.clone());
    Some(DatabaseUrls { owner, app })
}
