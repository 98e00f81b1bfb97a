//! A browser at the demo page as a child process: told what to do by a JSON line, and answering by one.
//!
//! The program is `clients/demo.mjs`; Chromium and its driver are installed by `scripts/setup-test.sh`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::piped::Piped;

/// Longer than the browser itself waits for anything.
const WITHIN: Duration = Duration::from_secs(90);

/// A running browser.
pub struct Browser {
    program: Piped,
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
        let mut browser = Self { program: Piped::start("node", "demo.mjs"), pictures };
        assert_eq!(browser.next().await["is"], "ready");
        browser
    }

    /// Has something done, and gives what was found.
    ///
    /// # Panics
    /// If it could not be done in time.
    pub async fn does(&mut self, what: &str, mut command: Value) -> Value {
        command["do"] = json!(what);
        self.program.tell(&command).await.expect("a browser that runs");
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
        let line = self.program.next_line(WITHIN).await.expect("an answer in time");
        let line = line.expect("a browser that runs");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser told {line}"))
    }
}
