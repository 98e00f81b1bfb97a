//! The private cluster's settings, its roles and its database.
//!
//! Durability is not negotiable here: `fsync`, `full_page_writes` and `synchronous_commit` are written on, and nothing
//! in the engine's settings turns them off. Logs name no value of a statement, so they hold no personal data.

use std::path::Path;

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::access::Passwords;
use super::{APP, DATABASE, OWNER, PORT, SUPERUSER};

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
password_encryption = 'scram-sha-256'

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

/// How the engine connects as the cluster's superuser.
pub(super) fn superuser(socket_folder: &Path, passwords: &Passwords) -> PgConnectOptions {
    // Everything that PG* variables could set is set here.
    PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .host("localhost")
        .port(PORT)
        .username(SUPERUSER)
        .password(passwords.of_role(SUPERUSER))
        .database("postgres")
        .ssl_mode(sqlx::postgres::PgSslMode::Disable)
        .disable_statement_logging()
}

/// Makes the two roles and the database where they are missing, and gives the roles their passwords. The owner runs
/// migrations, the app role is what the engine works as; neither is a superuser, and what the app role may do is granted by the
/// migrations.
pub(super) async fn provision(socket_folder: &Path, passwords: &Passwords) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(&superuser(socket_folder, passwords)).await?;
    for role in [OWNER, APP] {
        let verifier = passwords.verifier(role);
        let kept: Option<Option<String>> =
            sqlx::query_scalar("SELECT rolpassword FROM pg_authid WHERE rolname = $1")
                .bind(role)
                .fetch_optional(&mut connection)
                .await?;
        let change = match kept {
            None => "CREATE",
            Some(kept) if kept.as_ref() != Some(&verifier) => "ALTER",
            Some(_) => continue,
        };
        connection
            .execute(&*format!("{change} ROLE {role} LOGIN PASSWORD '{verifier}'"))
            .await
            .with_context(|| format!("role {role}"))?;
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
