//! `orqestra doctor` about a database that does not let it work: each reason by a real server, with its own remedy.

use orqestra_tests::engine::Launch;
use orqestra_tests::folder::Folder;
use orqestra_tests::server::Server;
use orqestra_tests::wait;
use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::io::AsyncReadExt as _;

const SECRET: &str = "pass-that-nobody-may-see";

/// What is said of the database, and the remedy.
fn database(url: &str) -> (String, String) {
    let folder = Folder::new("doctor-database");
    let data = folder.path().join("data").display().to_string();
    let settings = [("ORQESTRA_DATABASE_URL", url.to_owned()), ("ORQESTRA_DATA_DIR", data)];
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let output = Launch { folder: folder.path().to_owned(), settings }.run(&["doctor", "--json"]);
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(!out.contains(SECRET) && !err.contains(SECRET), "{out}{err}");
    let mut findings = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = findings.find(|finding| finding["part"] == "database").unwrap();
    assert_eq!(found["ok"], false, "{out}");
    ["found", "whatToDo"].map(|field| found[field].as_str().unwrap().to_owned()).into()
}

#[test]
fn where_nothing_is_it_says_what_is_missing() {
    let (found, what) = database(&format!("postgres://app:{SECRET}@127.0.0.1:9/shop"));
    assert_eq!(found, "nothing listens at 127.0.0.1:9");
    assert_eq!(what, "start the server there, or correct host and port in ORQESTRA_DATABASE_URL");
    // No name server is asked for a name with so long a part.
    let nowhere = format!("{}.invalid", "n".repeat(64));
    let (found, what) = database(&format!("postgres://app:{SECRET}@{nowhere}/shop"));
    assert_eq!(found, format!("there is no host {nowhere}"));
    assert!(what.contains("correct the host in ORQESTRA_DATABASE_URL"), "{what}");
    let (found, _) = database(&format!("postgres://app:{SECRET}@%2Ftmp%2Fno-such-folder/shop"));
    assert_eq!(found, "nothing listens at /tmp/no-such-folder/.s.PGSQL.5432");
    let (found, what) = database(&format!("postgres://app:1/{SECRET}@127.0.0.1/shop"));
    assert_eq!(found, "its address cannot be read as one");
    assert!(what.contains("percent-encoded"), "{what}");
}

#[tokio::test]
async fn what_takes_the_connection_and_is_no_database_is_told_from_one_that_is_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://app:{SECRET}@{}/shop", listener.local_addr().unwrap());
    let asked = url.clone();
    let asking = tokio::task::spawn_blocking(move || database(&asked));
    let (mut asked_for_tls, _) = listener.accept().await.unwrap();
    asked_for_tls.read_exact(&mut [0; 8]).await.unwrap();
    drop(asked_for_tls);
    let (found, _) = asking.await.unwrap();
    assert!(found.ends_with("hung up before it let us in"), "{found}");
    let asking = tokio::task::spawn_blocking(move || database(&url));
    let held = listener.accept().await.unwrap();
    assert!(asking.await.unwrap().0.starts_with("does not answer in time at 127.0.0.1:"));
    drop(held);
}

#[tokio::test]
async fn each_refusal_of_a_real_server_is_told_with_its_own_remedy() {
    let server = Server::start().await;
    let pool = server.pool();
    let run = async |statement: &str| {
        sqlx::raw_sql(statement).execute(&pool).await.unwrap();
    };
    run(&format!("create role shop login password '{SECRET}'")).await;
    let owner = server.url();
    let url = |role: &str, rest: &str| {
        owner.replacen("postgres@", &format!("{role}:{SECRET}-not@"), 1).replace("/postgres", rest)
    };
    let check = |url: &str, found: &str, what: &str| {
        let said = database(url);
        assert!(said.0.contains(found) && said.1.contains(what), "{said:?}");
    };
    check(&url("shop", "/none"), " has no database none", "createdb none");
    check(&url("nobody", "/postgres"), " has no role nobody that may log in", "createuser nobody");
    check(&url("shop", "/postgres?sslmode=require"), "demands TLS and the server at ", "switch ssl on");
    run("create database closed allow_connections false").await;
    check(&url("shop", "/closed"), "the database closed takes no connections", "allow_connections true");
    run("create database guarded").await;
    run("revoke connect on database guarded from public").await;
    check(
        &url("shop", "/guarded"),
        "the role shop may not connect",
        "grant connect on database guarded to shop",
    );
    run("alter role shop connection limit 0").await;
    check(&url("shop", "/postgres"), "has no connection left for the role shop", "max_connections");
    run("alter role shop connection limit -1").await;

    let access: String = sqlx::query_scalar("show hba_file").fetch_one(&pool).await.unwrap();
    let lines = "local all postgres trust\nlocal postgres shop scram-sha-256\nlocal none shop reject\n";
    std::fs::write(access, lines).unwrap();
    run("select pg_reload_conf()").await;
    wait::until("the new rules", std::time::Duration::from_secs(30), async || {
        let refused = url("shop", "/postgres").parse::<sqlx::postgres::PgConnectOptions>().unwrap();
        refused.connect().await.err()
    })
    .await;
    check(
        &url("shop", "/postgres"),
        "does not take the password for the role shop",
        "correct role or password",
    );
    check(&url("shop", "/none"), "does not let the role shop in from here", "pg_hba.conf");
    check(&url("shop", "/none?sslmode=disable"), " in from here without TLS", "?sslmode=require");

    // A server that is told to end and still has a connection takes no other.
    let held = server.options().connect().await.unwrap();
    server.begin_to_end();
    wait::until("a server that ends", std::time::Duration::from_secs(30), async || {
        database(&url("shop", "/postgres")).0.ends_with("is starting up or shutting down").then_some(())
    })
    .await;
    drop(held.close().await);
}
