//! Why a database does not answer: each reason with what is wrong and the one thing to do about it.
//!
//! Invariant: no password is told. What is shown of an address is host, port, role and database, never the address.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgSslMode};
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::Finding;
use crate::remote::plain;

const PART: &str = "database";
/// What a password that is not percent-encoded does to an address: the rest of it becomes the database's name.
const ENCODE: &str = "write the address as postgres://role:password@host:port/name?sslmode=require, with a port below \
                      65,536, known words after the question mark, and what is special in the password \
                      percent-encoded: / as %2F, @ as %40, # as %23, ? as %3F, : as %3A";

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// Named by the settings.
    Given,
    /// The data folder's own.
    Private,
}

/// A reason for which nobody can work on the database.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    NothingListens,
    SocketIsClosedToUs,
    UnknownHost,
    NoAnswerInTime,
    NoWayThere,
    HungUp,
    NoPostgres,
    WrongPassword,
    NoSuchRole,
    NotLetIn,
    TlsDemanded,
    TlsRefused,
    CertificateNotTrusted,
    CertificateFile,
    NoSuchDatabase,
    DatabaseIsClosed,
    MayNotConnect,
    TooManyConnections,
    NotNow,
    /// The server's own words.
    Other(String),
}

/// The address's parts that may be told.
struct Target {
    server: Server,
    at: String,
    host: String,
    role: String,
    database: String,
    tls: PgSslMode,
    socket: bool,
}

/// Connects once, so that the first reason is told and not that there was none in time.
pub(super) async fn reach(url: &str, server: Server, within: Duration) -> Result<PgConnectOptions, Finding> {
    let unreadable = || Finding::amiss(PART, "its address cannot be read as one", ENCODE);
    // A `?` or `#` of the password's begins what is no part of the host any more.
    if url.split_once(['?', '#']).is_some_and(|(_, rest)| rest.contains('@')) {
        return Err(unreadable());
    }
    let options: PgConnectOptions = url.parse().map_err(|_| unreadable())?;
    if options.get_database().is_some_and(|name| name.contains('@')) {
        return Err(unreadable());
    }
    let target = Target::of(&options, server);
    let reason = match timeout(within, PgConnection::connect_with(&options)).await {
        Ok(Ok(connection)) => {
            // It has answered; how the connection ends does not matter.
            drop(timeout(within, connection.close()).await);
            return Ok(options);
        }
        Ok(Err(error)) => {
            let known =
                target.socket || !matches!(error, sqlx::Error::Io(_)) || resolves(&options, within).await;
            if known { Reason::of(&error, &target) } else { Reason::UnknownHost }
        }
        Err(_) => Reason::NoAnswerInTime,
    };
    Err(reason.finding(&target))
}

/// The system has no error of its own for a name that it does not know, so it is asked again for the name alone.
async fn resolves(options: &PgConnectOptions, within: Duration) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    timeout(within, tokio::net::lookup_host((host, options.get_port())))
        .await
        .is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some()))
}

impl Target {
    fn of(options: &PgConnectOptions, server: Server) -> Self {
        let (host, port) = (options.get_host(), options.get_port());
        let socket = options.get_socket();
        let at = match socket {
            Some(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            None => format!("{host}:{port}"),
        };
        let role = options.get_username();
        Self {
            server,
            at: plain(&at),
            host: plain(host),
            role: plain(role),
            database: plain(options.get_database().unwrap_or(role)),
            tls: options.get_ssl_mode(),
            socket: socket.is_some(),
        }
    }
}

impl Reason {
    fn of(error: &sqlx::Error, target: &Target) -> Self {
        match error {
            sqlx::Error::Database(said) => {
                let routine = said.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::routine);
                let code = said.code().unwrap_or_default();
                Self::of_code(&code, routine, target.tls)
                    .unwrap_or_else(|| Self::Other(format!("{} ({code})", plain(said.message()))))
            }
            sqlx::Error::Io(error) => Self::of_io(error, target.socket),
            // The certificate was looked at and did not please, or the server has none to show.
            sqlx::Error::Tls(error) if error.to_string().contains("does not support TLS") => Self::TlsRefused,
            sqlx::Error::Tls(_) => Self::CertificateNotTrusted,
            // An end of the stream where the first byte was to come is told as that byte.
            sqlx::Error::Protocol(said) if said.contains("SSLRequest: 0x00") => Self::HungUp,
            sqlx::Error::Protocol(_) => Self::NoPostgres,
            other => Self::Other(plain(&other.to_string())),
        }
    }

    /// By SQLSTATE, and by the server's routine where several share one; its words may be in any language.
    fn of_code(code: &str, routine: Option<&str>, tls: PgSslMode) -> Option<Self> {
        let unencrypted = matches!(tls, PgSslMode::Disable | PgSslMode::Allow);
        Some(match (code, routine) {
            ("28P01", _) => Self::WrongPassword,
            ("28000", Some("InitializeSessionUserId")) => Self::NoSuchRole,
            ("28000", Some("ClientAuthentication")) if unencrypted => Self::TlsDemanded,
            ("28000", _) => Self::NotLetIn,
            ("3D000", _) => Self::NoSuchDatabase,
            ("55000", _) => Self::DatabaseIsClosed,
            ("42501", _) => Self::MayNotConnect,
            ("53300", _) => Self::TooManyConnections,
            ("57P01" | "57P02" | "57P03", _) => Self::NotNow,
            _ => return None,
        })
    }

    fn of_io(error: &io::Error, socket: bool) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::NothingListens,
            io::ErrorKind::NotFound if socket => Self::NothingListens,
            io::ErrorKind::PermissionDenied if socket => Self::SocketIsClosedToUs,
            // The files that are read on the way.
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Self::CertificateFile,
            io::ErrorKind::TimedOut => Self::NoAnswerInTime,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoWayThere,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::HungUp,
            // So the TLS layer wraps what it finds wrong.
            io::ErrorKind::InvalidData => Self::CertificateNotTrusted,
            _ => Self::Other(plain(&error.source().map_or_else(|| error.to_string(), ToString::to_string))),
        }
    }

    fn finding(&self, target: &Target) -> Finding {
        Finding::amiss(PART, self.found(target), self.what_to_do(target))
    }

    fn found(&self, target: &Target) -> String {
        let Target { at, host, role, database, .. } = target;
        match self {
            Self::NothingListens => format!("nothing listens at {at}"),
            Self::SocketIsClosedToUs => format!("this user may not use the socket {at}"),
            Self::UnknownHost => format!("there is no host {host}"),
            Self::NoAnswerInTime => format!("does not answer in time at {at}"),
            Self::NoWayThere => format!("no way leads to {at}"),
            Self::HungUp => format!("what answers at {at} hung up before it let us in"),
            Self::NoPostgres => format!("what answers at {at} does not speak as PostgreSQL does"),
            Self::WrongPassword => {
                format!("the server at {at} does not take the password for the role {role}")
            }
            Self::NoSuchRole => format!("the server at {at} has no role {role} that may log in"),
            Self::NotLetIn => format!("the server at {at} does not let the role {role} in from here"),
            Self::TlsDemanded => {
                format!("the server at {at} does not let the role {role} in from here without TLS")
            }
            Self::TlsRefused => format!("the address demands TLS and the server at {at} has none"),
            Self::CertificateNotTrusted => format!("the certificate of the server at {at} is not trusted"),
            Self::CertificateFile => {
                "a file of certificates that the address names cannot be read".to_owned()
            }
            Self::NoSuchDatabase => format!("the server at {at} has no database {database}"),
            Self::DatabaseIsClosed => format!("the database {database} takes no connections"),
            Self::MayNotConnect => format!("the role {role} may not connect to the database {database}"),
            Self::TooManyConnections => {
                format!("the server at {at} has no connection left for the role {role}")
            }
            Self::NotNow => format!("the server at {at} is starting up or shutting down"),
            Self::Other(why) => format!("the server at {at} cannot be worked with: {why}"),
        }
    }

    fn what_to_do(&self, target: &Target) -> String {
        let Target { server, host, role, database, .. } = target;
        match (self, server) {
            (Self::NothingListens, Server::Private) => {
                "run `orqestra up`, which starts the private server".to_owned()
            }
            (Self::NothingListens, Server::Given) => {
                "start the server there, or correct host and port in ORQESTRA_DATABASE_URL".to_owned()
            }
            (Self::SocketIsClosedToUs, _) => "run this as the user that runs the engine".to_owned(),
            (Self::UnknownHost, _) => format!("correct the host in ORQESTRA_DATABASE_URL, or make {host} known"),
            (Self::NoAnswerInTime, _) => {
                "see whether a firewall drops what is sent there, and whether the server hangs".to_owned()
            }
            (Self::NoWayThere, _) => "see to this machine's network and its routes".to_owned(),
            (Self::HungUp, _) => "look at the server's log, and at a proxy's before it".to_owned(),
            (Self::NoPostgres, _) => "correct host and port in ORQESTRA_DATABASE_URL".to_owned(),
            (Self::WrongPassword, _) => {
                "correct role or password in ORQESTRA_DATABASE_URL, percent-encoded where it has special characters"
                    .to_owned()
            }
            (Self::NoSuchRole | Self::NoSuchDatabase, Server::Private) => "run `orqestra up`, which makes it".to_owned(),
            (Self::NoSuchRole, Server::Given) => {
                format!(
                    "make it (`createuser {role}`), let it log in (alter role {role} login), or correct the role in \
                     ORQESTRA_DATABASE_URL"
                )
            }
            (Self::NotLetIn, _) => {
                format!("add a line for {role} and {database} to the server's pg_hba.conf and reload it")
            }
            (Self::TlsDemanded, _) => "add ?sslmode=require to ORQESTRA_DATABASE_URL".to_owned(),
            (Self::TlsRefused, _) => {
                "switch ssl on in the server, or take sslmode out of ORQESTRA_DATABASE_URL".to_owned()
            }
            (Self::CertificateNotTrusted, _) => {
                "name its authority by sslrootcert=FILE in ORQESTRA_DATABASE_URL".to_owned()
            }
            (Self::CertificateFile, _) => {
                "correct sslrootcert, sslcert and sslkey in ORQESTRA_DATABASE_URL".to_owned()
            }
            (Self::NoSuchDatabase, Server::Given) => {
                format!("make it (`createdb {database}`), or correct the name in ORQESTRA_DATABASE_URL")
            }
            (Self::DatabaseIsClosed, _) => format!("alter database {database} allow_connections true"),
            (Self::MayNotConnect, _) => format!("grant connect on database {database} to {role}"),
            (Self::TooManyConnections, _) => {
                "raise the server's max_connections or the role's limit, or end what holds them: pg_stat_activity"
                    .to_owned()
            }
            (Self::NotNow, _) => "wait and look again; if it stays so, look at the server's log".to_owned(),
            (Self::Other(_), _) => "look at the server's log".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t-pass";

    fn target(url: &str, server: Server) -> Target {
        Target::of(&url.parse().unwrap(), server)
    }

    fn given() -> Target {
        target(&format!("postgres://app:{SECRET}@db.example:5433/shop"), Server::Given)
    }

    #[test]
    fn each_reason_has_words_and_a_remedy_of_its_own() {
        let code = |code, routine, tls| Reason::of_code(code, routine, tls).unwrap();
        let io = |kind, socket| Reason::of_io(&io::Error::from(kind), socket);
        let prefer = PgSslMode::Prefer;
        let table = [
            (
                io(io::ErrorKind::ConnectionRefused, false),
                "nothing listens at db.example:5433",
                "start the server",
            ),
            (Reason::UnknownHost, "there is no host db.example", "correct the host"),
            (io(io::ErrorKind::TimedOut, false), "does not answer in time", "firewall"),
            (io(io::ErrorKind::HostUnreachable, false), "no way leads to", "routes"),
            (io(io::ErrorKind::ConnectionReset, false), "hung up", "a proxy's"),
            (io(io::ErrorKind::PermissionDenied, true), "may not use the socket", "as the user"),
            (io(io::ErrorKind::InvalidData, false), "is not trusted", "sslrootcert=FILE"),
            (io(io::ErrorKind::NotFound, false), "file of certificates", "correct sslrootcert"),
            (
                code("28P01", Some("auth_failed"), prefer),
                "does not take the password for the role app",
                "password",
            ),
            (code("28000", Some("InitializeSessionUserId"), prefer), "has no role app", "createuser app"),
            (
                code("28000", Some("ClientAuthentication"), prefer),
                "does not let the role app in",
                "pg_hba.conf",
            ),
            (
                code("28000", Some("ClientAuthentication"), PgSslMode::Disable),
                "without TLS",
                "?sslmode=require",
            ),
            (code("3D000", Some("InitPostgres"), prefer), "has no database shop", "createdb shop"),
            (code("55000", Some("CheckMyDatabase"), prefer), "takes no connections", "alter database shop"),
            (
                code("42501", Some("CheckMyDatabase"), prefer),
                "may not connect",
                "grant connect on database shop",
            ),
            (code("53300", Some("InitProcess"), prefer), "has no connection left", "max_connections"),
            (code("57P03", Some("ProcessStartupPacket"), prefer), "starting up or shutting down", "wait"),
            (
                Reason::of(&sqlx::Error::Tls("server does not support TLS".into()), &given()),
                "has none",
                "switch ssl on",
            ),
            (
                Reason::of(&sqlx::Error::Tls("UnknownIssuer".into()), &given()),
                "is not trusted",
                "sslrootcert=FILE",
            ),
            (
                Reason::of(
                    &sqlx::Error::Protocol("unexpected response from SSLRequest: 0x48 (tls.rs:89)".into()),
                    &given(),
                ),
                "does not speak as PostgreSQL",
                "host and port",
            ),
            (
                Reason::Other("odd (XX000)".to_owned()),
                "cannot be worked with: odd (XX000)",
                "look at the server's log",
            ),
        ];
        let mut remedies = std::collections::BTreeMap::new();
        for (reason, found, what) in table {
            let finding = reason.finding(&given());
            assert!(!finding.ok && finding.part == "database");
            assert!(finding.found.contains(found), "{reason:?}: {}", finding.found);
            assert!(finding.what_to_do.contains(what), "{reason:?}: {}", finding.what_to_do);
            assert!(!format!("{finding:?}").contains(SECRET), "{finding:?}");
            let other = remedies.insert(finding.what_to_do, reason.clone());
            assert!(
                other.as_ref().is_none_or(|other| *other == reason),
                "{reason:?} and {other:?} are told alike"
            );
        }
        assert_eq!(Reason::of_code("XX000", None, prefer), None);
        assert_eq!(io(io::ErrorKind::NotFound, true), Reason::NothingListens, "a socket that is not there");
        let ended = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00 (tls.rs:89)".into());
        assert_eq!(Reason::of(&ended, &given()), Reason::HungUp);
    }

    #[test]
    fn of_the_private_server_the_remedy_is_to_start_the_engine() {
        let private =
            target("postgres://orqestra_app@localhost:5432/orqestra?host=/run/orq", Server::Private);
        let finding =
            Reason::of_io(&io::Error::from(io::ErrorKind::NotFound), private.socket).finding(&private);
        assert_eq!(finding.found, "nothing listens at /run/orq/.s.PGSQL.5432");
        assert!(finding.what_to_do.starts_with("run `orqestra up`"), "{}", finding.what_to_do);
    }

    #[tokio::test]
    async fn a_password_that_breaks_the_address_is_not_told() {
        let addresses = [
            "postgres://app:pa#s3cr3t@db/shop",
            "postgres://app:12/s3cr3t@db/shop",
            "postgres://app:pa?s3cr3t@db/shop",
            "postgres://app:12?s3cr3t@db/shop",
            "postgres://app:12#s3cr3t@db/shop",
            "nonsense s3cr3t",
        ];
        for address in addresses {
            let finding = reach(address, Server::Given, Duration::from_secs(5)).await.unwrap_err();
            assert!(finding.what_to_do.contains("percent-encoded"), "{address}: {finding:?}");
            assert!(!format!("{finding:?}").contains("s3cr3t"), "{finding:?}");
        }
    }
}
