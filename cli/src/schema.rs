//! Whether a database's schema is this program's, for what works on one that another process migrates.

use anyhow::bail;
use orqestra_event_log::MIGRATOR;
use sqlx::PgPool;

/// How the schema stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// It is this program's.
    Fits,
    /// There is none.
    Absent,
    /// So many of this program's migrations have not run.
    Lacks(usize),
    /// So many have run that this program does not know.
    Newer(usize),
}

/// Looks, as any role of the engine.
pub(crate) async fn look(pool: &PgPool) -> Result<Schema, sqlx::Error> {
    let asked =
        sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(pool).await;
    let applied: Vec<i64> = match asked {
        // `undefined_table`
        Err(sqlx::Error::Database(said)) if said.code().as_deref() == Some("42P01") => {
            return Ok(Schema::Absent);
        }
        asked => asked?,
    };
    let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    let newer = applied.iter().filter(|version| !known.contains(version)).count();
    let missing = known.iter().filter(|version| !applied.contains(version)).count();
    Ok(match (newer, missing) {
        (0, 0) => Schema::Fits,
        (0, missing) => Schema::Lacks(missing),
        // A later program's database: what it has taken away is not known here, what it has added harms nothing.
        (newer, _) => Schema::Newer(newer),
    })
}

/// Holds the database to what this program needs.
///
/// # Errors
/// If the schema is missing or an older one, with what to run.
pub(crate) async fn check(pool: &PgPool) -> anyhow::Result<()> {
    const OWNER: &str = "with ORQESTRA_MIGRATION_DATABASE_URL set to the database's owner";
    match look(pool).await {
        Ok(Schema::Fits | Schema::Newer(_)) => Ok(()),
        Ok(Schema::Absent) => bail!(
            "the database has no schema yet: run `orqestra bootstrap` once, which makes the schema, missing keys and the \
             first tenant, or `orqestra migrate` for the schema alone, {OWNER}"
        ),
        Ok(Schema::Lacks(missing)) => bail!(
            "the database's schema is of an older version and lacks {missing} migrations: run `orqestra migrate`, {OWNER}"
        ),
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("the schema's version cannot be read: run `orqestra migrate`, {OWNER}"))),
    }
}
