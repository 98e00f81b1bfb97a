//! The database: its settings, the log, the schema, the clock, the master key, and work that waits for somebody.

use std::sync::Arc;
use std::time::Duration;

use orqestra_event_log::source::SystemClock;
use orqestra_event_log::{Clock as _, MAX_CLOCK_SKEW, Partitions, checkpoints_beyond_head, look_at_appends};
use orqestra_kafka::Topic;
use orqestra_vault::{InstallationSecret, MasterKey, OsEntropy, SecretError, Vault};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Row as _};
use tokio::time::timeout;
use uuid::Uuid;

use super::engine::Database;
use super::reach::{Server, reach};
use super::{ANSWER_WITHIN, Finding};
use crate::keep;
use crate::schema::{self, Schema};
use crate::settings::Settings;

/// Everything about the database, and which one it is.
pub(super) async fn look(url: &str, settings: &Settings) -> (Vec<Finding>, Database) {
    let server = if settings.database_url.is_some() { Server::Given } else { Server::Private };
    let options = match reach(url, server, ANSWER_WITHIN).await {
        Ok(options) => options,
        Err(finding) => {
            let down = server == Server::Private && !listens(url).await;
            return (vec![finding], if down { Database::PrivateAndDown } else { Database::Unknown });
        }
    };
    let Some(pool) = connect(options).await else {
        let what = "look again; if it stays so, look at the server's log";
        return (vec![Finding::amiss("database", "answers, and then does not", what)], Database::Unknown);
    };
    let mut findings = Vec::new();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        findings.push(in_time("database", durable(&pool, setting)).await);
    }
    findings.push(in_time("roles", roles(&pool)).await);
    findings.push(in_time("log", log(&pool)).await);
    findings.push(in_time("appends", appends(&pool)).await);
    findings.push(in_time("schema", schema(&pool)).await);
    findings.push(in_time("clock", clock(&pool)).await);
    findings.push(in_time("master key", master_key(&pool, settings)).await);
    findings.push(in_time("realtime secret", realtime_secret(&pool, settings)).await);
    findings.push(in_time("API keys", api_keys(&pool)).await);
    findings.push(in_time("parked", parked(&pool)).await);
    findings.push(in_time("unknown", held(&pool)).await);
    for to in settings.relays() {
        findings.push(in_time("relay", relayed(&pool, &to.topic)).await);
    }
    let id = sqlx::query_scalar::<_, Uuid>("select log_id from log_identity").fetch_one(&pool);
    let id = timeout(ANSWER_WITHIN, id).await.ok().and_then(Result::ok);
    // The findings stand; how the connection ends does not matter.
    drop(timeout(ANSWER_WITHIN, pool.close()).await);
    (findings, id.map_or(Database::Unknown, |id| Database::Is(id.to_string())))
}

/// Whether anything listens on the server's socket.
async fn listens(url: &str) -> bool {
    let Ok(options) = url.parse::<PgConnectOptions>() else { return true };
    let Some(folder) = options.get_socket() else { return true };
    let socket = folder.join(format!(".s.PGSQL.{}", options.get_port()));
    let connected = timeout(ANSWER_WITHIN, tokio::net::UnixStream::connect(socket)).await;
    connected.map_or(true, |connected| connected.is_ok())
}

/// The server itself gives up on what takes too long, as where a table is locked.
async fn connect(options: PgConnectOptions) -> Option<PgPool> {
    let millis = ANSWER_WITHIN.as_millis().to_string();
    let options = options.options([("statement_timeout", millis)]);
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_WITHIN);
    timeout(ANSWER_WITHIN, pool.connect_with(options)).await.ok()?.ok()
}

/// A look that ends: the network may be cut in the middle of it.
async fn in_time(part: &'static str, look: impl Future<Output = Finding>) -> Finding {
    timeout(2 * ANSWER_WITHIN, look).await.unwrap_or_else(|_| {
        Finding::amiss(part, "was not told in time", "see what the database is busy with: pg_stat_activity")
    })
}

async fn durable(pool: &PgPool, setting: &str) -> Finding {
    let shown = sqlx::query("select current_setting($1)").bind(setting).fetch_one(pool).await;
    let value = shown.and_then(|row| row.try_get::<String, _>(0)).unwrap_or_default();
    if value == "on" {
        Finding::ok("database", format!("{setting} is on"))
    } else {
        let what = format!("set {setting} = on: a crash would lose accepted events");
        Finding::amiss("database", format!("{setting} is {value}"), what)
    }
}

/// The owner may change events; the engine must not.
async fn roles(pool: &PgPool) -> Finding {
    let asked = "select pg_has_role(current_user, tableowner, 'member') from pg_tables
                  where tablename = 'events' and schemaname = any (current_schemas(false))";
    match sqlx::query_scalar::<_, bool>(asked).fetch_optional(pool).await {
        Ok(Some(true)) => Finding::amiss(
            "roles",
            "the engine works as the owner of the schema",
            "set ORQESTRA_MIGRATION_DATABASE_URL to the owner and ORQESTRA_DATABASE_URL to a role without rights of its own",
        ),
        Ok(Some(false)) => Finding::ok("roles", "the engine works as another role than the owner"),
        Ok(None) | Err(_) => {
            Finding::amiss("roles", "there is no schema to own yet", "run `orqestra migrate`")
        }
    }
}

async fn log(pool: &PgPool) -> Finding {
    let head = sqlx::query("select coalesce(max(position), 0) from events").fetch_one(pool).await;
    match head.and_then(|row| row.try_get::<i64, _>(0)) {
        Ok(head) => match checkpoints_beyond_head(pool).await.as_deref() {
            Ok([]) => Finding::ok("log", format!("holds {head} events")),
            Ok(beyond) => {
                let stand: Vec<_> =
                    beyond.iter().map(|(name, position)| format!("{name} at {position}")).collect();
                let found =
                    format!("ends at {head}, and subscriptions stand beyond it: {}", stand.join(", "));
                let what = "events that they have handled are gone: stop every process, run `orqestra recover --after-restore` (docs/operations.md), then start again";
                Finding::amiss("log", found, what)
            }
            Err(_) => Finding::amiss("log", "its checkpoints cannot be read", "run `orqestra migrate`"),
        },
        Err(_) => Finding::amiss("log", "is missing or cannot be read", "run `orqestra migrate`"),
    }
}

/// Whether the log takes what it is given.
async fn appends(pool: &PgPool) -> Finding {
    const PART: &str = "appends";
    let Ok(session) = pool.acquire().await else {
        return Finding::amiss(PART, "the database does not answer", "look at the server's log");
    };
    // It may be left within a transaction that failed.
    match look_at_appends(&mut session.detach()).await {
        Ok(()) => Finding::ok(PART, "would be stored"),
        Err(why) => Finding::amiss(PART, why.to_string(), why.remedy()),
    }
}

async fn schema(pool: &PgPool) -> Finding {
    const PART: &str = "schema";
    const MIGRATE: &str = "run `orqestra migrate`";
    match schema::look(pool).await {
        Ok(Schema::Fits) => Finding::ok(PART, "is this program's"),
        Ok(Schema::Absent) => {
            Finding::amiss(PART, "is missing", "run `orqestra bootstrap` or `orqestra migrate`")
        }
        Ok(Schema::Lacks(missing)) => Finding::amiss(PART, format!("lacks {missing} migrations"), MIGRATE),
        Ok(Schema::Newer(newer)) => {
            let found = format!("has {newer} migrations that this program does not know");
            Finding::amiss(PART, found, "run a newer program")
        }
        Err(_) => Finding::amiss(PART, "its version cannot be read", MIGRATE),
    }
}

/// Whether a topic is to have the number of partitions that the log was relayed with.
async fn relayed(pool: &PgPool, topic: &Topic) -> Finding {
    let name = topic.name();
    let select = sqlx::query_scalar::<_, i16>("select partitions from topics where topic = $1").bind(&name);
    match select.fetch_optional(pool).await {
        Ok(None) => Finding::ok("relay", format!("{name} was not relayed to yet")),
        Ok(Some(count)) => match Partitions::new(count.cast_unsigned())
            .map(|known| topic.verify_recorded(known))
        {
            Some(Err(failure)) => Finding::amiss("relay", failure.to_string(), "see docs/stream.md"),
            Some(Ok(())) | None => Finding::ok("relay", format!("{name} is relayed in {count} partitions")),
        },
        Err(_) => Finding::amiss("relay", "the table of topics cannot be read", "run `orqestra migrate`"),
    }
}

/// Between two looks at this machine's clock the database was asked for its own.
async fn clock(pool: &PgPool) -> Finding {
    let before = SystemClock.now().unix_micros();
    let asked =
        sqlx::query("select (extract(epoch from clock_timestamp()) * 1000000)::bigint").fetch_one(pool).await;
    let after = SystemClock.now().unix_micros();
    let Ok(theirs) = asked.and_then(|row| row.try_get::<i64, _>(0)) else {
        return Finding::amiss("clock", "the database does not tell its time", "look at the database's log");
    };
    skew(before, theirs, after)
}

/// How far their time is outside of the moments between which they were asked.
fn skew(before: i64, theirs: i64, after: i64) -> Finding {
    let off = Duration::from_micros((before - theirs).max(theirs - after).max(0).unsigned_abs());
    let found = format!("is {} ms off the database's", off.as_millis());
    if off > MAX_CLOCK_SKEW {
        Finding::amiss("clock", found, "set both by the same time server: the engine is not ready like this")
    } else {
        Finding::ok("clock", found)
    }
}

/// Whether the key opens what the database holds. None is made here.
async fn master_key(pool: &PgPool, settings: &Settings) -> Finding {
    const PART: &str = "master key";
    let key = match keep::master_key_at_hand(settings) {
        Ok(Some(key)) => key,
        Ok(None) => return absent(pool).await,
        Err(error) => {
            let what = "give base64 of 32 bytes by ORQESTRA_MASTER_KEY or ORQESTRA_MASTER_KEY_FILE";
            return Finding::amiss(PART, format!("{error:#}"), what);
        }
    };
    match check(pool, key).await {
        Ok(true) => Finding::ok(PART, "opens what the database holds"),
        Ok(false) => Finding::ok(PART, "is there; the database holds nothing for it yet"),
        Err(why) => Finding::amiss(
            PART,
            format!("does not open what the database holds: {why}"),
            "bring back the key of the first start, from its backup: without it sealed data cannot be read",
        ),
    }
}

async fn absent(pool: &PgPool) -> Finding {
    let stored = sqlx::query("select exists (select from data_keys)").fetch_one(pool).await;
    if stored.and_then(|row| row.try_get::<bool, _>(0)).unwrap_or(false) {
        Finding::amiss(
            "master key",
            "is not here, and the database holds what only it opens",
            "set ORQESTRA_MASTER_KEY_FILE, or ORQESTRA_DATA_DIR to the engine's own folder",
        )
    } else {
        Finding::ok("master key", "will be made by `orqestra up` or `orqestra bootstrap`")
    }
}

/// Whether the secret for realtime tokens is the installation's. None is made or claimed here.
async fn realtime_secret(pool: &PgPool, settings: &Settings) -> Finding {
    const PART: &str = "realtime secret";
    let secret = match keep::realtime_secret_at_hand(settings) {
        Ok(Some(secret)) => secret,
        Ok(None) => return Finding::ok(PART, "is not here: only processes that serve the API need it"),
        Err(error) => {
            let what = "give it by ORQESTRA_CENTRIFUGO_TOKEN_SECRET";
            return Finding::amiss(PART, format!("{error:#}"), what);
        }
    };
    let Ok(Some(key)) = keep::master_key_at_hand(settings) else {
        return Finding::ok(PART, "is not compared with the installation's: the master key is not here");
    };
    let vault = Vault::new(pool.clone(), key, Arc::new(OsEntropy));
    match vault.is_claimed(InstallationSecret::Realtime, &secret).await {
        Ok(Some(true)) => Finding::ok(PART, "is the installation's"),
        Ok(None) => Finding::ok(PART, "is there; the installation has none yet"),
        Ok(Some(false)) => Finding::amiss(
            PART,
            "is not the installation's: tokens that this process signs are refused by the others",
            "give every process the same one by ORQESTRA_CENTRIFUGO_TOKEN_SECRET, or the data folder that has it; \
             `orqestra bootstrap --change-realtime-secret` replaces the installation's",
        ),
        Err(SecretError::Key(_)) => {
            Finding::ok(PART, "is not compared with the installation's: see the master key")
        }
        Err(SecretError::Unavailable(_) | SecretError::Other { .. }) => {
            Finding::amiss(PART, "cannot be compared with the installation's", "run `orqestra migrate`")
        }
    }
}

async fn check(pool: &PgPool, key: MasterKey) -> Result<bool, String> {
    let vault = Vault::new(pool.clone(), key, Arc::new(OsEntropy));
    vault.check_master().await.map_err(|error| error.to_string())
}

/// Keys that an older version issued to a second tenant, which they do not open.
async fn api_keys(pool: &PgPool) -> Finding {
    const PART: &str = "API keys";
    let asked = "with issued as (
            select e.payload -> e.event_type ->> 'keyId' as key_id, e.tenant_id, e.position,
                   first_value(e.tenant_id) over (
                       partition by e.payload -> e.event_type ->> 'hash' order by e.position) as holder
              from events e
             where e.aggregate_type in ('Tenant', 'Template')
               and e.event_type in ('ApiKeyIssued', 'TestKeyIssued'))
        select i.tenant_id::text, i.key_id, i.holder::text from issued i
         where i.tenant_id <> i.holder
           and not exists (
               select from events r
                where r.aggregate_type in ('Tenant', 'Template') and r.event_type = 'ApiKeyRevoked'
                  and r.tenant_id = i.tenant_id and r.payload #>> '{ApiKeyRevoked,keyId}' = i.key_id)
         order by i.position limit 10";
    match sqlx::query_as::<_, (String, String, String)>(asked).fetch_all(pool).await {
        Err(_) => Finding::amiss(PART, "cannot be read", "run `orqestra migrate`"),
        Ok(shared) if shared.is_empty() => Finding::ok(PART, "each belongs to one tenant"),
        Ok(shared) => {
            let told: Vec<_> = shared
                .iter()
                .map(|(tenant, key, holder)| format!("{key} of tenant {tenant} opens tenant {holder}"))
                .collect();
            let what = "issue the first-named tenant another key and revoke this one: \
                        `orqestra tenant change TENANT --issue-api-key --revoke-api-key KEY`";
            Finding::amiss(PART, told.join("; "), what)
        }
    }
}

/// What subscriptions have set aside.
async fn parked(pool: &PgPool) -> Finding {
    let asked = sqlx::query("select subscription, count(*) from parked_events group by 1 order by 1");
    let rows = asked.fetch_all(pool).await;
    let read: Result<Vec<(String, i64)>, _> = rows.and_then(|rows| {
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, _>>()
    });
    match read {
        Err(_) => Finding::amiss("parked", "cannot be counted", "run `orqestra migrate`"),
        Ok(counts) if counts.is_empty() => Finding::ok("parked", "no aggregate is set aside"),
        Ok(counts) => {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let found = format!("aggregates are set aside: {}", counts.join(", "));
            let what = "`orqestra parked list` says why, and `orqestra parked retry` tries them again";
            Finding::amiss("parked", found, what)
        }
    }
}

/// Deliveries whose outcome nobody knows.
async fn held(pool: &PgPool) -> Finding {
    let asked = sqlx::query("select count(*) from dispatch_due where kind = 'held'").fetch_one(pool).await;
    match asked.and_then(|row| row.try_get::<i64, _>(0)) {
        Err(_) => Finding::amiss("unknown", "outcomes cannot be counted", "run `orqestra migrate`"),
        Ok(0) => Finding::ok("unknown", "no outcome waits for a decision"),
        Ok(count) => Finding::amiss(
            "unknown",
            format!("{count} outcomes wait for a decision"),
            "`orqestra unknown list` names them; decide on each: delivered, resend or drop (docs/operations.md)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_amiss_when_it_is_more_than_a_second_outside_of_the_question() {
        let second = 1_000_000;
        assert!(skew(0, second, 3 * second).ok, "a slow answer is no skew");
        assert!(skew(0, -second, 0).ok && skew(0, second, 0).ok);
        assert!(!skew(0, -second - 1, 0).ok && !skew(0, second + 1, 0).ok);
    }
}
