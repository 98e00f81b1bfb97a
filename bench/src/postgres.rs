//! The PostgreSQL of a whole run: started with `fsync` on and the settings that the engine gives its own, ended with
//! the run.
//!
//! A database for each round, cloned from one that the engine itself has prepared.

use std::path::Path;

use anyhow::{Context as _, Result};
use orqestra_tests::postgres::TestCluster;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// As in the engine's own cluster, where they can be set after the start.
const SETTINGS: [&str; 7] = [
    "max_wal_size = '2GB'",
    "min_wal_size = '256MB'",
    "checkpoint_timeout = '15min'",
    "checkpoint_completion_target = 0.9",
    "random_page_cost = 1.1",
    "effective_cache_size = '1GB'",
    "jit = off",
];
const APP: &str = "orqestra_app";

/// A running server.
pub(crate) struct Postgres {
    cluster: TestCluster,
    postmaster: u32,
}

impl Postgres {
    /// Starts one.
    pub(crate) async fn start() -> Result<Self> {
        let cluster = TestCluster::start()?;
        let pid_file = cluster.socket_folder().join("data/postmaster.pid");
        let postmaster =
            std::fs::read_to_string(pid_file)?.lines().next().context("a process id")?.parse()?;
        let server = Self { cluster, postmaster };
        let mut admin = server.connect("postgres").await?;
        for setting in SETTINGS {
            admin.execute(format!("alter system set {setting}").as_str()).await?;
        }
        admin.execute("select pg_reload_conf()").await?;
        admin.execute(format!("create role {APP} login").as_str()).await?;
        admin.close().await?;
        Ok(server)
    }

    /// The server's process.
    pub(crate) fn postmaster(&self) -> u32 {
        self.postmaster
    }

    /// A folder on the server's disk.
    pub(crate) fn folder(&self) -> &Path {
        self.cluster.socket_folder()
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        self.cluster.options(database).disable_statement_logging()
    }

    /// A connection of the owner.
    pub(crate) async fn connect(&self, database: &str) -> Result<PgConnection> {
        Ok(self.options(database).connect().await?)
    }

    /// The address of a database for its owner.
    pub(crate) fn owner_url(&self, database: &str) -> String {
        self.url("postgres", database)
    }

    /// The address of a database for the engine.
    pub(crate) fn app_url(&self, database: &str) -> String {
        self.url(APP, database)
    }

    fn url(&self, user: &str, database: &str) -> String {
        let folder = self.folder().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{folder}/{database}")
    }

    /// Makes a database, empty or as `template` is, and brings the disk to rest.
    pub(crate) async fn create(&self, database: &str, template: Option<&str>) -> Result<()> {
        let mut admin = self.connect("postgres").await?;
        let template = template.unwrap_or("template1");
        admin.execute(format!("create database {database} template {template}").as_str()).await?;
        admin.execute("checkpoint").await?;
        admin.close().await?;
        Ok(())
    }

    /// Removes a database.
    pub(crate) async fn remove(&self, database: &str) -> Result<()> {
        let mut admin = self.connect("postgres").await?;
        admin.execute(format!("drop database if exists {database} with (force)").as_str()).await?;
        admin.close().await?;
        Ok(())
    }
}
