//! The official realtime clients as child processes: told what to do, and asked what happened, by JSON lines.
//!
//! The programs stand in `clients/`, what they need is installed by `scripts/setup-test.sh`.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::piped::Piped;

/// The longest that anything awaited here may take.
const WITHIN: Duration = Duration::from_mins(1);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The npm package `centrifuge`.
    JavaScript,
    /// The Python package `centrifuge-python`.
    Python,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::JavaScript, Self::Python];
}

/// A running client.
pub struct Client {
    kind: Kind,
    program: Piped,
    /// What was told and nobody has waited for yet.
    kept: VecDeque<Value>,
}

impl Client {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start: `make test` installs what it needs.
    pub async fn start(kind: Kind) -> Self {
        let program = match kind {
            Kind::JavaScript => Piped::start("node", "client.mjs"),
            Kind::Python => Piped::start("/usr/bin/python3", "client.py"),
        };
        let mut client = Self { kind, program, kept: VecDeque::new() };
        client.next("ready").await;
        client
    }

    /// Tells it to do something.
    ///
    /// # Panics
    /// If it is gone.
    pub async fn tell(&mut self, command: Value) {
        let told = self.program.tell(&command).await;
        told.unwrap_or_else(|error| panic!("{:?}: {error}", self.kind));
    }

    /// Connects with a token, or with the one that it then asks for.
    pub async fn connect(&mut self, address: std::net::SocketAddr, token: &str) {
        let url = format!("ws://{address}/connection/websocket");
        self.tell(json!({"do": "connect", "url": url, "token": token})).await;
    }

    /// Joins a channel and waits until it is there.
    pub async fn subscribe(&mut self, channel: &str) -> Value {
        self.tell(json!({"do": "subscribe", "channel": channel})).await;
        self.of_channel("subscribed", channel).await
    }

    /// The next that it told of this name, what else it told meanwhile being kept.
    ///
    /// # Panics
    /// If it tells nothing such in time.
    pub async fn next(&mut self, is: &str) -> Value {
        self.find(is, |_| true).await
    }

    /// The same of a channel.
    pub async fn of_channel(&mut self, is: &str, channel: &str) -> Value {
        self.find(is, |told| told["channel"] == channel).await
    }

    async fn find(&mut self, is: &str, also: impl Fn(&Value) -> bool) -> Value {
        let wanted = |told: &Value| told["is"] == is && also(told);
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).expect("it was found there");
        }
        loop {
            let line = self.program.next_line(WITHIN).await;
            let line = line
                .unwrap_or_else(|_| panic!("{:?} told no {is} in time; kept: {:?}", self.kind, self.kept));
            let line = line.unwrap_or_else(|| {
                panic!("{:?} ended before it told {is}; kept: {:?}", self.kind, self.kept)
            });
            let told: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("{:?} told {line}", self.kind));
            if wanted(&told) {
                return told;
            }
            self.kept.push_back(told);
        }
    }

    /// What was told of this name and not waited for.
    pub fn left(&self, is: &str) -> Vec<&Value> {
        self.kept.iter().filter(|told| told["is"] == is).collect()
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.program.pid()
    }
}

/// Where `scripts/setup-test.sh` puts the packages.
pub(crate) fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/clients");
    assert!(folder.join("of").exists(), "the realtime clients are missing: run scripts/setup-test.sh");
    folder.canonicalize().expect("it exists")
}
