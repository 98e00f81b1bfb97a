//! The README's quick start as it is written, and the commands that `up` prints, run by a shell.
//!
//! Only what a test must have of its own is replaced: the address, the SMTP port, the data folder, the program.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use orqestra_tests::engine::binary;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

const SHOWS_WITHIN: Duration = Duration::from_secs(30);

/// The quick start's blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("\n## Quick start\n").unwrap();
    let (start, _) = rest.split_once("\n## ").unwrap();
    let begun = start.split("```").skip(1).step_by(2);
    let of_it = begun.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of_it.map(|block| block.trim_end().to_owned()).collect()
}

fn replaced(text: &str, what: &str, by: &str) -> String {
    assert!(text.contains(what), "{what} stands in: {text}");
    text.replace(what, by)
}

/// The second terminal, in the folder where the engine runs.
struct Terminal<'a> {
    world: &'a World,
    before: String,
}

impl Terminal<'_> {
    /// Runs a command, whose last answer's headers are kept; an error status fails it.
    fn output(&self, command: &str) -> Output {
        let kept = "curl() { command curl --fail-with-body -D answer.headers \"$@\"; }";
        let script = format!("{kept}\n{}\n{command}", self.before);
        let launch = self.world.launch();
        let mut bash = Command::new("/bin/bash");
        bash.args(["-euo", "pipefail", "-c", &script]).current_dir(&launch.folder).env_clear();
        bash.env("PATH", "/usr/bin:/bin").envs(&launch.settings).stdin(Stdio::null());
        bash.output().unwrap()
    }

    fn text(&self, command: &str) -> String {
        let output = self.output(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// The answers, one after the other.
    fn answers(&self, command: &str) -> Vec<Value> {
        let text = self.text(command);
        serde_json::Deserializer::from_str(&text).into_iter().map(|answer| answer.expect(&text)).collect()
    }

    async fn answers_when(&self, command: &str, are: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        wait::until_now(command, SHOWS_WITHIN, || Some(self.answers(command)).filter(|found| are(found)))
            .await
    }

    fn headers(&self) -> String {
        std::fs::read_to_string(self.world.folder().join("answer.headers")).unwrap().to_lowercase()
    }
}

/// The third terminal: the mail server and what it prints.
struct Printer {
    child: Child,
    out: PathBuf,
}

impl Printer {
    async fn start(command: &str, port: u16, out: PathBuf) -> Self {
        let mut bash = Command::new("setpriv");
        bash.args(["--pdeathsig", "KILL", "--", "/bin/bash", "-c"]).arg(format!("exec {command}"));
        bash.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).stderr(Stdio::null());
        let mut printer = Self { child: bash.spawn().unwrap(), out };
        wait::until_now("the mail server", SHOWS_WITHIN, || {
            assert!(printer.child.try_wait().unwrap().is_none(), "the mail server ended");
            TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        printer
    }

    fn mails(&self) -> Vec<String> {
        let printed = std::fs::read_to_string(&self.out).unwrap();
        let mails = printed.split("---------- MESSAGE FOLLOWS ----------").skip(1);
        mails.filter(|mail| mail.contains("END MESSAGE")).map(str::to_owned).collect()
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Below the ports that the kernel gives away.
fn free_port() -> u16 {
    let first = u16::try_from(std::process::id() % 10_000).unwrap() + 20_000;
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn rows(answer: &Value) -> &[Value] {
    answer["data"].as_array().map_or(&[], Vec::as_slice)
}

fn texts(answer: &Value) -> Vec<&str> {
    rows(answer).iter().filter_map(|message| message["body"].as_str()).collect()
}

/// A world as the README's reader has it: no settings of a tenant, no admin token.
async fn as_the_reader() -> World {
    let names = ["ORQESTRA_BOOTSTRAP_TENANT_ID", "ORQESTRA_BOOTSTRAP_API_KEY", "ORQESTRA_ADMIN_TOKEN"];
    World::private_with(&names.map(|name| (name, ""))).await
}

#[tokio::test]
async fn the_quick_start_works_as_it_is_written() {
    let [variables, mail_server, provider, trigger, look, read, log] =
        <[String; 7]>::try_from(blocks("sh")).expect("seven blocks, each with its step here");
    let [answer] = <[String; 1]>::try_from(blocks("json")).expect("the trigger's answer");
    let world = as_the_reader().await;
    let port = free_port();
    let address = world.engine().address().to_string();
    let before = replaced(&replaced(&variables, "127.0.0.1:8080", &address), ".orqestra/", "data/");
    let terminal = Terminal { world: &world, before };
    let mail_server = replaced(&mail_server, ":1025", &format!(":{port}"));
    let printer = Printer::start(&mail_server, port, world.folder().join("mails")).await;

    let provider = replaced(&provider, "\"port\":1025", &format!("\"port\":{port}"));
    drop(terminal.answers(&provider));
    assert_eq!(terminal.text(&trigger), answer);
    assert!(!terminal.headers().contains("idempotency-replayed"), "{}", terminal.headers());
    let shown = terminal
        .answers_when(&look, |shown| {
            let channels = shown[0]["data"]["channels"].as_array();
            channels.is_some_and(|all| all.len() == 3 && all.iter().all(|one| one["status"] == "SENT"))
                && !rows(&shown[2]).is_empty()
        })
        .await;
    assert_eq!(texts(&shown[1]), ["Order Confirmed: order ORD-2026-1234, $49.99"]);
    assert_eq!(rows(&shown[1])[0]["recipient"], "+254712345678");
    assert_eq!(rows(&shown[2]).len(), 1, "{:#}", shown[2]);
    assert_eq!(rows(&shown[2])[0]["body"], "Your order ORD-2026-1234 has been confirmed.");
    assert_eq!(rows(&shown[2])[0]["status"], "UNREAD");
    let mails = printer.mails();
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(mails[0].contains("Subject: Order Confirmed: ORD-2026-1234"), "{}", mails[0]);
    assert!(mails[0].contains("user@example.com") && mails[0].contains("$49.99"), "{}", mails[0]);

    assert_eq!(terminal.text(&trigger), answer);
    assert!(terminal.headers().contains("idempotency-replayed: true"), "{}", terminal.headers());
    let other = terminal.output(&replaced(&trigger, "$49.99", "$50.00"));
    assert!(!other.status.success() && terminal.headers().contains(" 422 "), "{}", terminal.headers());

    let after = terminal.answers(&read);
    assert_eq!(after[0], json!({"success": true}));
    assert_eq!(rows(&after[1])[0]["status"], "READ");

    let log = replaced(&log, "target/release/orqestra", &binary().display().to_string());
    let said = terminal.text(&log);
    let (events, doctor): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.starts_with('{'));
    let accepted = events.iter().filter(|event| event.contains("NotificationAccepted")).count();
    assert_eq!(accepted, 1, "{said}");
    assert!(doctor.len() > 5 && doctor.iter().all(|line| line.starts_with("ok ")), "{said}");
    for personal in ["user@example.com", "+254712345678", "uuid-of-recipient", "ORD-2026-1234"] {
        assert!(!said.contains(personal), "{personal}: {said}");
    }
    assert_eq!(printer.mails().len(), 1, "what was sent again went out once");
}

#[tokio::test]
async fn the_three_commands_that_up_prints_work() {
    let world = as_the_reader().await;
    let engine = world.engine();
    let (_, tries) = engine.banner().split_once("Try it:").unwrap();
    let commands: Vec<_> =
        tries.split("\n\n").filter(|part| part.trim_start().starts_with("curl ")).collect();
    let [trigger, history, sandbox] = commands[..] else { panic!("three commands: {tries}") };
    let terminal = Terminal { world: &world, before: String::new() };
    let answer =
        json!({"success": true, "message": "Event order.confirmed dispatched securely for Demo Shop"});
    assert_eq!(terminal.answers(trigger), [answer]);
    let shown = terminal.answers_when(history, |shown| !rows(&shown[0]).is_empty()).await;
    assert_eq!(rows(&shown[0]).len(), 1);
    assert_eq!(rows(&shown[0])[0]["body"], "Your order ORD-2026-1234 has been confirmed.");
    let kept = terminal.answers_when(sandbox, |kept| rows(&kept[0]).len() == 2).await;
    let mut kept: Vec<_> = rows(&kept[0]).iter().map(|message| &message["recipient"]).collect();
    kept.sort_by_key(ToString::to_string);
    assert_eq!(kept, ["+254712345678", "user@example.com"]);
}
