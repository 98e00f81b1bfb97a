//! A private PostgreSQL for one test process, and a database of it for each test.
//!
//! The cluster listens on a unix socket in a folder of its own under `/tmp`, with `fsync` on. A small shell holds a
//! pipe to this process: when the pipe closes, however this process ends, it stops the server and removes the folder.
//! As root the server runs as user `postgres`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor};
pub use sqlx::{PgConnection, PgPool};

use crate::wait;

/// How long the server may take to start.
const START: Duration = Duration::from_mins(1);

/// Stops the server and removes the folder when standard input ends: at once, since nothing of it is kept. What this
/// process was handed open, such as a lock, is not kept open by the server.
const KEEPER: &str = r#"
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
"$2/postgres" -D "$1/data" -k "$1" >"$1/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$1"
"#;

/// A PostgreSQL server that lives as long as this process.
pub struct TestCluster {
    folder: PathBuf,
    databases: AtomicU32,
    /// Holds the pipe whose end stops the server.
    keeper: Mutex<Child>,
}

impl TestCluster {
    /// The one server of this process, started by the first caller.
    ///
    /// # Panics
    /// If PostgreSQL cannot be started: a missing server is an error, never a skip.
    pub fn shared() -> &'static Self {
        static CLUSTER: OnceLock<TestCluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::start().expect("a PostgreSQL server for the tests"))
    }

    /// Starts a server of its own, which lives until the value is dropped or the process ends.
    ///
    /// # Errors
    /// If there are no binaries or the server does not come up.
    pub fn start() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let binaries = programs("postgres")?;
        let account = Account::for_server()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/orqestra-test-{}-{number}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .context("removing the folder of a process with this id that is gone")?;
        }
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        account.own(&folder)?;

        let mut initdb = Command::new(binaries.join("initdb"));
        initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=postgres"]);
        initdb.arg("-D").arg(folder.join("data")).current_dir(&folder);
        let made = account.run_as(&mut initdb).output().context("running initdb")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        // Tests run side by side, and some are several processes with several logs each.
        let settings = "listen_addresses = ''\nmax_connections = 1000\nfsync = on\nfull_page_writes = on\n\
                        shared_buffers = 128MB\nlog_min_messages = fatal\n";
        let config = folder.join("data/postgresql.auto.conf");
        fs::write(&config, settings)?;

        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(&folder).arg(&binaries);
        keeper.current_dir("/").process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = account.run_as(&mut keeper).spawn().context("starting the server")?;
        let cluster = Self { folder, databases: AtomicU32::new(0), keeper: Mutex::new(keeper) };
        cluster.wait_until_up(&binaries)?;
        Ok(cluster)
    }

    fn wait_until_up(&self, binaries: &Path) -> Result<()> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            let asked =
                Command::new(binaries.join("pg_isready")).arg("-q").arg("-h").arg(&self.folder).status()?;
            if asked.success() {
                return Ok(());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        bail!("PostgreSQL did not start: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default())
    }

    /// The folder with the server's socket.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// The server's unix socket, for a proxy to connect to.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// How to connect to a database as its owner.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new().socket(&self.folder).username("postgres").database(database)
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn database(&self) -> TestDatabase {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let mut admin = self.options("postgres").connect().await.expect("connecting to the test server");
        admin.execute(format!("create database {name}").as_str()).await.expect("making a database");
        admin.close().await.expect("closing a connection");
        let options = self.options(&name);
        let pool = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(Duration::from_secs(20))
            .connect_lazy_with(options.clone());
        TestDatabase { pool, options, name }
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(keeper.stdin.take());
        keeper.wait().ok();
    }
}

/// One database of the shared server, owned by one test.
pub struct TestDatabase {
    pool: PgPool,
    options: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    /// An empty database on the shared server.
    pub async fn empty() -> Self {
        TestCluster::shared().database().await
    }

    /// A database on the shared server with these migrations.
    ///
    /// # Panics
    /// If a migration fails.
    pub async fn migrated(migrator: &Migrator) -> Self {
        let database = Self::empty().await;
        migrator.run(&database.pool).await.expect("migrating the test database");
        database
    }

    /// A pool of the owner's connections, at most eight.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How to connect as the owner.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Connects as the owner over a port of this machine that leads to the server; at the first use, not before.
    pub fn pool_over(&self, port: u16) -> PgPool {
        let options = PgConnectOptions::new()
            .host("127.0.0.1")
            .port(port)
            .username("postgres")
            .database(&self.name)
            .ssl_mode(PgSslMode::Disable);
        PgPool::connect_lazy_with(options)
    }

    /// The whole database as SQL, without its owners.
    ///
    /// # Panics
    /// If `pg_dump` fails.
    pub fn dump(&self) -> String {
        let mut command = Self::client("pg_dump");
        let dumped = command.args(["--no-owner", "--dbname", &self.name]).output().expect("running pg_dump");
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        String::from_utf8(dumped.stdout).expect("a dump in UTF-8")
    }

    /// Runs a file of SQL, such as a dump.
    ///
    /// # Panics
    /// If `psql` fails on any of it.
    pub fn restore(&self, file: &Path) {
        let mut command = Self::client("psql");
        let quietly =
            ["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--single-transaction"];
        let restored = command.args(quietly).args(["--dbname", &self.name, "--file"]).arg(file).output();
        let restored = restored.expect("running psql");
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    }

    /// One of PostgreSQL's own clients, which connects as the owner.
    fn client(program: &str) -> Command {
        let mut command = Command::new(programs(program).expect("PostgreSQL's clients").join(program));
        let folder = TestCluster::shared().socket_folder();
        command.arg("--host").arg(folder).args(["--username", "postgres"]).stdin(Stdio::null());
        command
    }

    /// Takes events beyond a position out of the log, as a restored backup would.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn cut_log(&self, after: i64) {
        let mut tx = self.pool.begin().await.expect("a transaction");
        for statement in [
            "alter table events disable trigger events_refuse_change".to_owned(),
            format!("delete from events where position > {after}"),
            "alter table events enable always trigger events_refuse_change".to_owned(),
        ] {
            tx.execute(statement.as_str()).await.expect("cutting the log");
        }
        tx.commit().await.expect("cutting the log");
    }

    /// Runs statements as the owner, for what no room would write.
    ///
    /// # Panics
    /// If one fails.
    pub async fn run(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.expect("a statement of the test");
    }

    /// What a statement with one column of texts finds.
    ///
    /// # Panics
    /// If the server refuses it.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.expect(sql)
    }

    /// A session of this name, until it is dropped.
    ///
    /// # Panics
    /// If the server takes no more.
    pub async fn session(&self, name: &str) -> PgConnection {
        let options = self.options().clone().application_name(name);
        PgConnection::connect_with(&options).await.expect("the server takes a session more")
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        let folder = TestCluster::shared().socket_folder().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/{}", self.name)
    }
}

/// What every append takes first, held by somebody else: nothing is appended until it is released.
pub struct HeldAppends(sqlx::Transaction<'static, sqlx::Postgres>);

impl HeldAppends {
    /// Holds the appends to this database, once the one under way is over.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn on(pool: &PgPool) -> Self {
        let mut holding = pool.begin().await.expect("a transaction");
        // As `append_commands` takes it.
        let lock = sqlx::query("lock table append_turn in share update exclusive mode");
        lock.execute(&mut *holding).await.expect("the lock");
        Self(holding)
    }

    /// Waits until so many statements wait for it.
    ///
    /// # Panics
    /// If they do not come in time, or the database does not answer.
    pub async fn waited_for_by(&mut self, count: i64) {
        wait::until("statements that wait for the appends' lock", START, async || {
            let waiting = sqlx::query_scalar::<_, i64>(
                "select count(*) from pg_locks where relation = 'append_turn'::regclass and not granted
                    and database = (select oid from pg_database where datname = current_database())",
            );
            let waiting = waiting.fetch_one(&mut *self.0).await.expect("the locks");
            (waiting >= count).then_some(())
        })
        .await;
    }

    /// Lets appends go on.
    ///
    /// # Panics
    /// If the database does not answer.
    pub async fn release(self) {
        self.0.rollback().await.expect("the lock is released");
    }
}

/// Whom a server runs as.
pub(crate) struct Account {
    /// User and group, where it is another than ours.
    pub(crate) other: Option<(u32, u32)>,
}

impl Account {
    pub(crate) fn for_server() -> Result<Self> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(Self { other: None });
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        let line = accounts.lines().find(|line| line.starts_with("postgres:"));
        let mut fields = line.context("no user postgres to run the server as")?.split(':').skip(2);
        let mut number =
            || fields.next().context("a short line in /etc/passwd")?.parse().context("an account number");
        Ok(Self { other: Some((number()?, number()?)) })
    }

    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        if let Some((uid, gid)) = self.other {
            chown(path, Some(uid), Some(gid))?;
        }
        Ok(())
    }

    fn run_as<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self.other {
            Some((uid, gid)) => command.uid(uid).gid(gid),
            None => command,
        }
    }
}

/// The folder with the newest PostgreSQL's programs, this one among them.
///
/// # Errors
/// If there is none.
pub fn programs(with: &str) -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .context("no /usr/lib/postgresql: install the package postgresql")?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            path.join("bin").join(with).exists().then(|| (version, path.join("bin")))
        })
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, folder)| folder);
    newest.with_context(|| format!("no {with} in /usr/lib/postgresql: install the package postgresql"))
}
