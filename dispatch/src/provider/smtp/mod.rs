//! Email over SMTP: one server of one tenant, with a bounded pool of connections that are kept for the next message.
//!
//! What each answer means is in [`table`]. A connection that was idle and turns out to be closed at its first command is
//! replaced once; nothing else is tried twice here.

mod connection;
mod extensions;
pub(crate) mod header;
pub(crate) mod letter;
mod reply;
mod table;
mod wire;
mod words;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use orqestra_commands::open_text;
use orqestra_domain::notification::FailureClass;
use orqestra_domain::provider::{SmtpConfig, TlsMode, Username};
use orqestra_domain::{Cause, ProviderInstanceId, Sealed, TenantId};
use orqestra_vault::Vault;
use tokio::time::Instant;

use self::connection::{Connection, Credentials, Receipt, Target};
use self::letter::{Letter, NoLetter};
use self::table::{Fault, Phase, What};
use super::names::{NameServers, Names};
use super::{Message, Provider, Reach, SendError, Sent};
use crate::hosts::PrivateHosts;

/// How long a connection waits for the next message.
const IDLE: Duration = Duration::from_secs(20);
/// A connection idle for longer is asked whether it is still there.
const FRESH: Duration = Duration::from_secs(3);
/// Messages after which a connection is ended.
const MESSAGES: u32 = 100;
/// Taken off the provider timeout, so that the call ends by its own word.
const MARGIN: Duration = Duration::from_millis(500);

/// Whether a text is certificates in PEM.
pub(crate) fn are_certificates(pem: &str) -> bool {
    pem.contains("-----BEGIN CERTIFICATE-----") && Certificate::from_pem(pem.as_bytes()).is_ok()
}

/// What bounds a server's use.
#[derive(Clone, Copy, Debug)]
pub struct SmtpLimits {
    /// Most connections.
    pub connections: usize,
    /// How long a call may take in all.
    pub whole_call: Duration,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Idle>,
    swept: bool,
}

/// A tenant's SMTP server.
pub struct Smtp {
    tenant: TenantId,
    config: SmtpConfig,
    instance: ProviderInstanceId,
    vault: Vault,
    limits: SmtpLimits,
    authorities: Option<Arc<str>>,
    private_hosts: PrivateHosts,
    tls: OnceLock<Option<TlsParameters>>,
    names: Names,
    pool: Arc<Mutex<Pool>>,
}

impl Smtp {
    /// A server as configured in the entry of that instance; it is not reached before the first message.
    pub fn new(
        tenant: TenantId,
        instance: ProviderInstanceId,
        config: SmtpConfig,
        vault: Vault,
        limits: SmtpLimits,
    ) -> Self {
        let (tls, pool) = (OnceLock::new(), Arc::default());
        let (names, private_hosts) = (Names::new(NameServers::default()), PrivateHosts::default());
        Self { tenant, config, instance, vault, limits, authorities: None, private_hosts, tls, names, pool }
    }

    /// Asks these name servers instead of the machine's.
    #[must_use]
    pub fn asking(self, servers: NameServers) -> Self {
        Self { names: Names::new(servers), ..self }
    }

    /// Connects to private hosts too, or does not.
    #[must_use]
    pub fn reaching(self, private_hosts: PrivateHosts) -> Self {
        Self { private_hosts, ..self }
    }

    /// Also trusts certificates that these authorities signed: PEM, one or more.
    #[must_use]
    pub fn trusting(self, authorities: Option<Arc<str>>) -> Self {
        Self { authorities, ..self }
    }

    async fn deliver(&self, message: &Message) -> Result<Sent, SendError> {
        let deadline = Instant::now() + self.limits.whole_call.saturating_sub(MARGIN);
        let letter = Letter::write(message, self.config.from.as_ref()).map_err(no_letter)?;
        let mut kept = self.kept().await;
        loop {
            let (mut connection, was_kept) = match kept.take() {
                Some(connection) => (connection, true),
                None => (self.connect(&letter, deadline).await.map_err(Fault::outcome)?, false),
            };
            if let Some(cause) = cannot_carry(&connection, &letter) {
                self.keep(connection);
                let reach = Reach::ThisProvider;
                return Err(SendError::Refused { cause: cause.into(), answer: None, reach });
            }
            match connection.deliver(&letter, deadline).await {
                Ok(Receipt { words }) => {
                    self.keep(connection);
                    return Ok(Sent { provider_message_id: Some(letter.message_id), answer: Some(words) });
                }
                Err(fault) if was_kept && fault.may_be_stale() => {}
                Err(fault) => {
                    if fault.leaves_connection_usable() && connection.reset().await {
                        self.keep(connection);
                    }
                    return Err(fault.outcome());
                }
            }
        }
    }

    async fn connect(&self, letter: &Letter, deadline: Instant) -> Result<Connection, Fault> {
        let tls = match self.config.tls {
            TlsMode::None => None,
            TlsMode::Starttls | TlsMode::Tls => {
                let made = self.tls.get_or_init(|| self.tls_parameters().ok());
                Some(made.clone().ok_or(Fault::new(Phase::Encrypting, What::Handshake))?)
            }
        };
        let target = Target {
            names: &self.names,
            host: self.config.host.as_str(),
            port: self.config.port,
            private_hosts: self.private_hosts,
            mode: self.config.tls,
            tls,
            credentials: self.credentials().await?,
            hello: letter.from.domain().to_owned(),
        };
        Connection::open(target, deadline).await
    }

    fn tls_parameters(&self) -> Result<TlsParameters, lettre::transport::smtp::Error> {
        let builder = TlsParameters::builder(self.config.host.to_string());
        match &self.authorities {
            None => builder.build(),
            Some(pem) => builder.add_root_certificate(Certificate::from_pem(pem.as_bytes())?).build(),
        }
    }

    async fn credentials(&self) -> Result<Option<Credentials>, Fault> {
        let Some(username) = &self.config.username else { return Ok(None) };
        let username = match username {
            Username::Clear(username) => username.clone(),
            Username::Sealed(sealed) => self.open(orqestra_commands::PROVIDER_USERNAME_FIELD, sealed).await?,
        };
        let password = match &self.config.password {
            None => String::new(),
            Some(sealed) => self.open(orqestra_commands::PROVIDER_PASSWORD_FIELD, sealed).await?,
        };
        Ok(Some(Credentials { username, password }))
    }

    async fn open(&self, field: &str, sealed: &Sealed) -> Result<String, Fault> {
        let opened = open_text(&self.vault, self.tenant, self.instance, field, sealed).await;
        opened.map_err(|error| {
            tracing::error!(tenant.id = %self.tenant, error = %error, field, "SMTP credentials cannot be opened");
            Fault::new(Phase::Authenticating, What::NoPassword)
        })
    }

    /// The connection used last, if it is still there.
    async fn kept(&self) -> Option<Connection> {
        loop {
            let Idle { mut connection, since } =
                self.pool.lock().unwrap_or_else(PoisonError::into_inner).idle.pop()?;
            if since.elapsed() < FRESH || (since.elapsed() < IDLE && connection.answers().await) {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        if connection.sent >= MESSAGES || !connection.is_in_step() {
            tokio::spawn(connection.quit());
            return;
        }
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.idle.push(Idle { connection, since: Instant::now() });
        if !std::mem::replace(&mut pool.swept, true) {
            tokio::spawn(end_idle(Arc::downgrade(&self.pool)));
        }
    }
}

/// Why the server at the other end cannot carry a letter, as far as its extensions say.
fn cannot_carry(connection: &Connection, letter: &Letter) -> Option<Cause> {
    if letter.needs_utf8() && !connection.takes_utf8() {
        Some(Cause::SmtpNoUtf8)
    } else if !connection.takes(letter.bytes.len()) {
        Some(Cause::SmtpTooLarge)
    } else {
        None
    }
}

/// Ends connections that nothing was sent through for a while, until none is left.
async fn end_idle(pool: std::sync::Weak<Mutex<Pool>>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let old = {
            let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
            let old: Vec<_> = pool.idle.extract_if(.., |idle| idle.since.elapsed() >= IDLE).collect();
            if pool.idle.is_empty() {
                pool.swept = false;
            }
            (old, pool.swept)
        };
        for idle in old.0 {
            idle.connection.quit().await;
        }
        if !old.1 {
            return;
        }
    }
}

fn no_letter(why: NoLetter) -> SendError {
    let (cause, class) = match why {
        // A matter of settings: once they are right, the same message goes out.
        NoLetter::Sender => (Cause::NoSender, FailureClass::Retryable),
        NoLetter::Recipient => (Cause::Unaddressable, FailureClass::Permanent),
    };
    SendError::NotAsked { cause: cause.into(), class }
}

impl Provider for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn concurrency(&self) -> usize {
        self.limits.connections
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(self.deliver(message))
    }
}
