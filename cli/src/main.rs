//! The `orqestra` program: reads settings, opens the rooms, runs a subcommand.
//!
//! The composition root and nothing more: no rule lives here. An error is printed once, with its causes, and the exit
//! status is 1.

mod banner;
mod cluster;
mod database;
mod demo;
mod doctor;
mod engine;
mod environment;
mod keep;
mod limits;
mod lines;
mod log_command;
mod logging;
mod migrate;
mod parked_command;
mod place;
mod readiness;
mod recorder;
mod recover;
mod remote;
mod schema;
mod secrets;
mod server;
mod settings;
mod traces;
mod trust;
mod up;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::engine::Role;
use crate::log_command::LogCommand;
use crate::logging::Logging;
use crate::parked_command::ParkedCommand;
use crate::remote::Where;
use crate::remote::dead_letter::DeadLetterCommand;
use crate::remote::event::EventCommand;
use crate::remote::notification::NotificationCommand;
use crate::remote::provider::ProviderCommand;
use crate::remote::suppression::SuppressionCommand;
use crate::remote::template::TemplateCommand;
use crate::remote::tenant::TenantCommand;
use crate::remote::trigger::TriggerCommand;
use crate::remote::unknown::UnknownCommand;
use crate::settings::Settings;
use crate::up::Realtime;

/// How long the last words may take.
const TELL_WITHIN: Duration = Duration::from_millis(250);

/// Many small texts live from a request until they leave a cache, which glibc's allocator answers with long searches.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Orqestra: a multi-tenant, event-sourced notification engine
#[derive(Debug, Parser)]
#[command(name = "orqestra", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the engine with all that it needs and prints what to try
    Up,
    /// Runs chosen roles on a database that is given and migrated
    Serve {
        /// The roles, separated by commas
        #[arg(long, value_enum, value_delimiter = ',', required = true)]
        role: Vec<Role>,
    },
    /// Prepares an installation on a database that is given: schema, keys, platform, first tenant
    Bootstrap {
        /// Puts another secret for realtime tokens in the place of the installation's: the setting's, or a new one
        #[arg(long)]
        change_realtime_secret: bool,
    },
    /// Brings the database's schema up to this program's
    Migrate,
    /// Brings everything in line with a log that has lost its end; run it with every process stopped
    Recover {
        /// The database was restored from a backup, reverted to a snapshot, or failed over without its last events
        #[arg(long, required = true)]
        after_restore: bool,
    },
    /// Looks at each part and says what to do
    Doctor {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: Where,
    },
    /// Shows events of the log
    #[command(subcommand)]
    Log(LogCommand),
    /// Lists the aggregates that subscriptions have set aside, and tries them again
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Lists, shows, registers and changes tenants of a running engine
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Lists, shows, saves and switches a tenant's templates
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Lists, sets and tests a tenant's providers
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Finds a customer's events, and tells what became of one and why
    #[command(subcommand)]
    Event(EventCommand),
    /// Shows what became of an event, and why: `event show` under another name
    #[command(subcommand)]
    Notification(NotificationCommand),
    /// Lists, adds, checks and lifts the addresses that a tenant sends nothing to
    #[command(subcommand)]
    Suppression(Box<SuppressionCommand>),
    /// Lists deliveries whose outcome is unknown, and decides on them
    #[command(subcommand)]
    Unknown(UnknownCommand),
    /// Lists, shows and redrives what ended without being sent
    #[command(subcommand)]
    DeadLetter(DeadLetterCommand),
    /// Triggers an event as a tenant's backend does
    Trigger(Box<TriggerCommand>),
    /// Prints a script that completes these commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match environment::without_postgres().and_then(|()| start(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("orqestra: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Tells standard error, if it takes it in time: a full pipe that nobody reads must not keep the process.
fn say(text: String) {
    let (told, waits) = std::sync::mpsc::channel();
    let telling = std::thread::Builder::new().spawn(move || {
        // With standard error closed there is nobody to tell.
        drop(std::io::stderr().write_all(text.as_bytes()));
        told.send(()).ok();
    });
    if telling.is_ok() {
        waits.recv_timeout(TELL_WITHIN).ok();
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    if let Command::Completions { shell } = command {
        return completions(shell);
    }
    let settings = Settings::load()?;
    allow_connections();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(settings.worker_threads).enable_all().build()?;
    let logging = Logging::start(&settings, runtime.handle())?;
    for said in settings::unknown(std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.into_string().unwrap_or_default()))
    })) {
        tracing::warn!("{said}");
    }
    let ran = runtime.block_on(run(command, &settings));
    logging.end(up::left_of_the_end());
    ran
}

/// Lets the process have as many open files as it may: 1,024, as many systems begin with, are few for a server.
fn allow_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Without it fewer connections are served at once, and the server says so when it runs out.
    setrlimit(Resource::Nofile, limit).ok();
}

async fn run(command: Command, settings: &Settings) -> anyhow::Result<()> {
    match command {
        Command::Up => up::up(settings).await,
        Command::Serve { role } => up::serve(settings, role.into_iter().collect()).await,
        Command::Bootstrap { change_realtime_secret } => {
            let realtime = if change_realtime_secret { Realtime::Changed } else { Realtime::Kept };
            up::bootstrap(settings, realtime).await
        }
        Command::Migrate => migrate::run(&place::urls(settings)?).await,
        Command::Recover { after_restore: _ } => recover::run(settings).await,
        Command::Doctor { json, at } => doctor::run(settings, &at, json).await,
        Command::Log(command) => log_command::run(command, settings).await,
        Command::Parked(command) => parked_command::run(command, settings).await,
        Command::Tenant(command) => remote::tenant::run(command, settings).await,
        Command::Template(command) => remote::template::run(command, settings).await,
        Command::Provider(command) => remote::provider::run(command, settings).await,
        Command::Event(command) => remote::event::run(command, settings).await,
        Command::Notification(command) => remote::notification::run(command, settings).await,
        Command::Unknown(command) => remote::unknown::run(command, settings).await,
        Command::DeadLetter(command) => remote::dead_letter::run(command, settings).await,
        Command::Suppression(command) => remote::suppression::run(*command, settings).await,
        Command::Trigger(command) => remote::trigger::run(*command, settings).await,
        Command::Completions { shell } => completions(shell),
    }
}

/// Needs no settings, so that a shell starts whatever they are.
fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "orqestra", &mut script);
    std::io::stdout().lock().write_all(&script).context("standard output is closed")
}
