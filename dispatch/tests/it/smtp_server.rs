//! An SMTP server that behaves as told, connection by connection, and keeps what it took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Answers with this line.
    Say(&'static str),
    /// Closes the connection.
    Cut,
    /// Never answers.
    Hang,
    /// Says this for ever.
    Flood(&'static str),
}

use Step::{Cut, Flood, Hang, Say};

/// How the server behaves in one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    pub(crate) banner: Step,
    pub(crate) ehlo: &'static str,
    pub(crate) auth: Step,
    pub(crate) mail: Step,
    pub(crate) rcpt: Step,
    pub(crate) data: Step,
    pub(crate) end: Step,
    /// Messages after which the server closes the connection without a word.
    pub(crate) messages: usize,
}

impl Manners {
    /// Whether it ever leaves its client without an answer.
    pub(crate) fn hangs(&self) -> bool {
        [self.banner, self.auth, self.mail, self.rcpt, self.data, self.end].contains(&Hang)
    }

    pub(crate) const GOOD: Self = Self {
        banner: Say("220 test"),
        ehlo: "250-test\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN",
        auth: Say("235 welcome"),
        mail: Say("250 ok"),
        rcpt: Say("250 ok"),
        data: Say("354 go on"),
        end: Say("250 2.0.0 queued as 42"),
        messages: usize::MAX,
    };
}

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) content: String,
}

#[derive(Default)]
struct State {
    connections: Mutex<VecDeque<Manners>>,
    taken: watch::Sender<Vec<Taken>>,
    opened: watch::Sender<usize>,
}

/// The server; it ends with the value.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl SmtpServer {
    /// Behaves like this in its first connections and well in all others.
    pub(crate) async fn start(connections: impl IntoIterator<Item = Manners>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        state.connections.lock().unwrap().extend(connections);
        let task = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    state.opened.send_modify(|opened| *opened += 1);
                    let manners = state.connections.lock().unwrap().pop_front().unwrap_or(Manners::GOOD);
                    let state = Arc::clone(&state);
                    tokio::spawn(async move { serve(stream, manners, state).await.unwrap_or_default() });
                }
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.taken.borrow().clone()
    }

    /// How many connections came in.
    pub(crate) fn opened(&self) -> usize {
        *self.state.opened.borrow()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, manners: Manners, state: Arc<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut taken = Taken { from: String::new(), to: String::new(), content: String::new() };
    let mut messages = 0;
    if !act(&mut stream, manners.banner).await? {
        return Ok(());
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.split([' ', '\r', '\n']).next().unwrap_or_default().to_uppercase();
        let step = match verb.as_str() {
            "EHLO" => Say(manners.ehlo),
            "AUTH" => manners.auth,
            "MAIL" => {
                taken.from = line.trim().to_owned();
                manners.mail
            }
            "RCPT" => {
                taken.to = line.trim().to_owned();
                manners.rcpt
            }
            "DATA" => manners.data,
            "QUIT" => Say("221 bye"),
            _ => Say("250 ok"),
        };
        if !act(&mut stream, step).await? {
            return Ok(());
        }
        if verb == "QUIT" {
            return Ok(());
        }
        if verb == "DATA" && matches!(step, Say(answer) if answer.starts_with('3')) {
            taken.content = content(&mut stream).await?;
            if matches!(manners.end, Cut | Hang | Flood(_))
                || matches!(manners.end, Say(answer) if answer.starts_with('2'))
            {
                state.taken.send_modify(|all| all.push(taken.clone()));
            }
            if !act(&mut stream, manners.end).await? {
                return Ok(());
            }
            messages += 1;
            if messages >= manners.messages {
                return Ok(());
            }
        }
    }
}

/// Reads up to the final dot.
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut all = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(all);
        }
        all.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Takes one step; false where the manners is over.
async fn act(stream: &mut BufReader<TcpStream>, step: Step) -> std::io::Result<bool> {
    match step {
        Say(answer) => {
            // In one write: a second one would wait for the delayed acknowledgement of the first.
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            stream.flush().await?;
            Ok(true)
        }
        Cut => Ok(false),
        Flood(words) => loop {
            stream.write_all(words.as_bytes()).await?;
        },
        Hang => {
            // Until the other side hangs up.
            let mut line = String::new();
            while stream.read_line(&mut line).await? > 0 {}
            Ok(false)
        }
    }
}
