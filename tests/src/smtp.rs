//! A real SMTP server in a process of its own, whose behaviour the recipient's address chooses.
//!
//! What it took is the witness that deliveries are counted by: each message is kept before it is answered. The
//! behaviours stand in `smtp/server.py`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use rustix::process::Signal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::folder::Folder;
use std::collections::BTreeMap;

const PYTHON: &str = "/usr/bin/python3";

/// A message that the server took.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The headers, their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Names and addresses in `from` and `to`, as Python's `email` package reads them.
    pub mailboxes: BTreeMap<String, Vec<(String, String)>>,
    /// The decoded bodies by content type.
    pub bodies: BTreeMap<String, String>,
}

impl Mail {
    /// The delivery that it is of, by its `Message-ID`.
    pub fn delivery(&self) -> &str {
        let id = self.headers.get("message-id").map_or("", String::as_str);
        id.trim_start_matches('<').split('@').next().unwrap_or_default()
    }

    /// The subject.
    pub fn subject(&self) -> &str {
        self.headers.get("subject").map_or("", String::as_str)
    }

    /// The text beside it.
    pub fn text(&self) -> &str {
        self.bodies.get("text/plain").map_or("", String::as_str)
    }

    /// The HTML body.
    pub fn html(&self) -> &str {
        self.bodies.get("text/html").map_or("", String::as_str)
    }
}

/// The server.
pub struct Smtp {
    folder: Folder,
    host: String,
    port: u16,
    child: Mutex<Option<Child>>,
    /// The mode with the files of certificate and key, where it encrypts.
    tls: Vec<String>,
}

impl Smtp {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        Self::begin(Folder::new("smtp"), ("127.0.0.1", 0), Vec::new())
    }

    /// Starts it on one loopback address, for engines that know the server by it.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_at(host: &str, port: u16) -> Self {
        Self::begin(Folder::new("smtp"), (host, port), Vec::new())
    }

    /// Starts one that encrypts, by `starttls` or `tls`, with a certificate of its own for 127.0.0.1, and takes mail
    /// from `shop` with the password `hunter2`.
    ///
    /// # Panics
    /// If it does not start, or there is no `openssl`.
    pub fn start_encrypted(mode: &str) -> Self {
        let folder = Folder::new("smtp");
        let [certificate, key] = [certificate(folder.path()), folder.path().join("key.pem")];
        let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let what = ["-days", "2", "-subj", "/CN=smtp.test", "-addext", "subjectAltName=IP:127.0.0.1"];
        let mut command = Command::new("openssl");
        command.args(request).args(what).args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        let made = command.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output();
        assert!(made.expect("starting openssl").status.success(), "openssl makes no certificate");
        let files = [certificate, key].map(|path| path.to_string_lossy().into_owned());
        Self::begin(folder, ("127.0.0.1", 0), [&[mode.to_owned()], &files[..]].concat())
    }

    fn begin(folder: Folder, (host, port): (&str, u16), tls: Vec<String>) -> Self {
        let (child, port) = spawn(&kept(folder.path()), (host, port), &tls);
        Self { folder, host: host.to_owned(), port, child: Mutex::new(Some(child)), tls }
    }

    /// Its certificate in PEM, where it encrypts.
    ///
    /// # Panics
    /// If it does not.
    pub fn certificate(&self) -> String {
        std::fs::read_to_string(certificate(self.folder.path())).expect("the server encrypts")
    }

    /// Its port, the same after [`Smtp::stop`] and [`Smtp::resume`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// It as a provider.
    pub fn provider(&self) -> Value {
        let from = "Shop <shop@example.org>";
        json!({"kind": "smtp", "host": self.host, "port": self.port, "tls": "none", "from": from})
    }

    /// Ends the server: connections are refused from now on.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().expect("no panic while locked").take() {
            kill(&mut child);
        }
    }

    /// Starts it again on the same port.
    pub fn resume(&self) {
        let (child, _) = spawn(&kept(self.folder.path()), (&self.host, self.port), &self.tls);
        *self.child.lock().expect("no panic while locked") = Some(child);
    }

    /// Every message taken so far, in order.
    ///
    /// # Panics
    /// If the server wrote what cannot be read.
    pub fn messages(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(kept(self.folder.path())).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).expect("a message as the server wrote it")).collect()
    }

    /// How many messages were taken so far.
    pub fn count(&self) -> usize {
        let bytes = std::fs::read(kept(self.folder.path())).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').count() - 1
    }

    /// Every message to this address.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.messages().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.stop();
    }
}

fn kept(folder: &Path) -> PathBuf {
    folder.join("messages.jsonl")
}

fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

fn spawn(kept: &Path, (host, port): (&str, u16), tls: &[String]) -> (Child, u16) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp/server.py");
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--", PYTHON])
        .arg(script)
        .arg(kept)
        .arg(format!("{host}:{port}"))
        .args(tls);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("starting setpriv (util-linux)");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output was asked for");
    BufReader::new(out).read_line(&mut line).expect("the server's first line");
    match line.trim().parse() {
        Ok(port) => (child, port),
        Err(_) => {
            kill(&mut child);
            panic!("the SMTP server does not start on port {port}; missing? apt-get install python3-aiosmtpd")
        }
    }
}

fn kill(child: &mut Child) {
    if let Ok(None) = child.try_wait() {
        rustix::process::kill_process(rustix::process::Pid::from_child(child), Signal::KILL).ok();
    }
    child.wait().ok();
}
