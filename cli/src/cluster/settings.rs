//! What the private cluster is told: its settings, who may connect, its roles and its database.
//!
//! Durability is not negotiable here: `fsync`, `full_page_writes` and `synchronous_commit` are written on, and nothing
//! in the engine's settings turns them off. Logs name no value of a statement, so they hold no personal data.

use std::path::Path;

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::{APP, DATABASE, OWNER, PORT, SUPERUSER};

/// Who may connect: everybody who reaches the socket. The socket lies in a folder that only the server's user (and
/// root) can enter, and whoever is that user could read the data files and edit this file anyway, so a password would
/// keep nobody out and would be one more secret to lose. There is no line for TCP, and the server listens on none.
pub(super) const ACCESS: &str = "\
# Written by orqestra. The socket's folder is 0700: see cli/src/cluster/settings.rs.
local all all trust
";

/// The settings file that `postgresql.conf` includes; written anew at each start.
pub(super) fn server(socket_folder: &Path) -> String {
    format!(
        "\
# Written by orqestra at each start; put your own in local.conf beside this file, it is read last.
listen_addresses = ''
port = {PORT}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 100
cluster_name = 'orqestra'
timezone = 'UTC'

# What is acknowledged is on disk.
fsync = on
full_page_writes = on
synchronous_commit = on

# Two cores, shared with the engine. Few, spread checkpoints: each is followed by full-page images.
shared_buffers = '128MB'
effective_cache_size = '1GB'
wal_buffers = '16MB'
min_wal_size = '256MB'
max_wal_size = '2GB'
checkpoint_timeout = '15min'
checkpoint_completion_target = 0.9
random_page_cost = 1.1
jit = off

# A week of logs, a file a day; terse, since a detail line may quote a row.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = '1d'
log_rotation_size = 0
log_timezone = 'UTC'
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
",
        socket = socket_folder.display()
    )
}

/// How the engine connects as the cluster's superuser, to `database`.
pub(super) fn superuser(socket_folder: &Path, database: &str) -> PgConnectOptions {
    // Everything that PG* variables could set is set here.
    PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .host("localhost")
        .port(PORT)
        .username(SUPERUSER)
        .database(database)
        .ssl_mode(sqlx::postgres::PgSslMode::Disable)
        .disable_statement_logging()
}

/// Makes the two roles and the database where they are missing. The owner runs migrations, the app role is what the
/// engine works as; neither is a superuser, and what the app role may do is granted by the migrations.
pub(super) async fn provision(socket_folder: &Path) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(&superuser(socket_folder, "postgres")).await?;
    for role in [OWNER, APP] {
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(role)
            .fetch_one(&mut connection)
            .await?;
        if !known {
            connection
                .execute(&*format!("CREATE ROLE {role} LOGIN"))
                .await
                .with_context(|| format!("role {role}"))?;
        }
    }
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut connection)
        .await?;
    if !known {
        connection.execute(&*format!("CREATE DATABASE {DATABASE} OWNER {OWNER}")).await?;
    }
    connection.execute(&*format!("REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")).await?;
    connection.execute(&*format!("GRANT CONNECT ON DATABASE {DATABASE} TO {APP}")).await?;
    connection.close().await?;
    Ok(())
}
