//! A browser at the demo page as a child process: told what to do by a JSON line, and answering by one.
//!
//! The program is `clients/demo.mjs`; Chromium and its driver are installed by `scripts/setup-test.sh`. It ends with
//! its standard input, and the kernel ends it when the thread that started it is gone.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::realtime::installed;

/// Longer than the browser itself waits for anything.
const WITHIN: Duration = Duration::from_secs(90);

/// A running browser.
pub struct Browser {
    _child: Child,
    commands: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    pictures: PathBuf,
}

impl Browser {
    /// Starts one. Its pictures go where `ORQESTRA_TEST_PICTURES` says, else into `folder`.
    ///
    /// # Panics
    /// If it does not start: `make test` installs what it needs.
    pub async fn start(folder: &Path) -> Self {
        let pictures = std::env::var_os("ORQESTRA_TEST_PICTURES").map_or(folder.to_owned(), PathBuf::from);
        std::fs::create_dir_all(&pictures).expect("a folder for pictures");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/demo.mjs");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "node"]).arg(script);
        command.env("ORQESTRA_TEST_CLIENTS", installed()).kill_on_drop(true);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting setpriv (util-linux)");
        let commands = child.stdin.take().expect("it is piped");
        let told = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut browser = Self { _child: child, commands, told, pictures };
        assert_eq!(browser.next().await["is"], "ready");
        browser
    }

    /// Has something done, and gives what was found.
    ///
    /// # Panics
    /// If it could not be done in time.
    pub async fn does(&mut self, what: &str, mut command: Value) -> Value {
        command["do"] = json!(what);
        self.commands.write_all(format!("{command}\n").as_bytes()).await.expect("a browser that runs");
        let told = self.next().await;
        assert_eq!(told["is"], "done", "{command}: {told}");
        told
    }

    /// Waits until something is seen that holds this text.
    pub async fn sees(&mut self, selector: &str, text: &str) {
        self.does("sees", json!({"selector": selector, "text": text})).await;
    }

    /// Waits until the bell shows so many.
    pub async fn bell(&mut self, count: usize) {
        self.does("bell", json!({ "count": count })).await;
    }

    /// Presses a button.
    pub async fn press(&mut self, name: &str) {
        self.does("press", json!({ "name": name })).await;
    }

    /// Fills in fields by their labels.
    pub async fn fill(&mut self, fields: Value) {
        self.does("fill", json!({ "fields": fields })).await;
    }

    /// The texts of what a selector finds.
    pub async fn texts(&mut self, selector: &str) -> Vec<String> {
        let found = self.does("texts", json!({ "selector": selector })).await;
        let texts = found["texts"].as_array().expect("a list").iter();
        texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Takes a picture of the whole page.
    pub async fn picture(&mut self, name: &str) {
        let path = self.pictures.join(format!("{name}.png"));
        self.does("picture", json!({ "path": path })).await;
    }

    async fn next(&mut self) -> Value {
        let line = timeout(WITHIN, self.told.next_line()).await.expect("an answer in time");
        let line = line.ok().flatten().expect("a browser that runs");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser told {line}"))
    }
}
