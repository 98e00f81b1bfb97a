//! An SMTP server that behaves as told, session by session, and keeps what it took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a session does at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Answers with this line.
    Say(&'static str),
    /// Closes the connection.
    Cut,
    /// Never answers.
    Hang,
}

use Step::{Cut, Hang, Say};

/// How one session behaves; the rest of its steps are in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
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

impl Session {
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
    sessions: Mutex<VecDeque<Session>>,
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
    /// Behaves like this in its first sessions and well in all others.
    pub(crate) async fn start(sessions: impl IntoIterator<Item = Session>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        state.sessions.lock().unwrap().extend(sessions);
        let task = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    state.opened.send_modify(|opened| *opened += 1);
                    let session = state.sessions.lock().unwrap().pop_front().unwrap_or(Session::GOOD);
                    let state = Arc::clone(&state);
                    tokio::spawn(async move { serve(stream, session, state).await.unwrap_or_default() });
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

async fn serve(stream: TcpStream, session: Session, state: Arc<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut taken = Taken { from: String::new(), to: String::new(), content: String::new() };
    let mut messages = 0;
    if !act(&mut stream, session.banner).await? {
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
            "EHLO" => Say(session.ehlo),
            "AUTH" => session.auth,
            "MAIL" => {
                taken.from = line.trim().to_owned();
                session.mail
            }
            "RCPT" => {
                taken.to = line.trim().to_owned();
                session.rcpt
            }
            "DATA" => session.data,
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
            if matches!(session.end, Cut | Hang)
                || matches!(session.end, Say(answer) if answer.starts_with('2'))
            {
                state.taken.send_modify(|all| all.push(taken.clone()));
            }
            if !act(&mut stream, session.end).await? {
                return Ok(());
            }
            messages += 1;
            if messages >= session.messages {
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

/// Takes one step; false where the session is over.
async fn act(stream: &mut BufReader<TcpStream>, step: Step) -> std::io::Result<bool> {
    match step {
        Say(answer) => {
            stream.write_all(answer.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
            stream.flush().await?;
            Ok(true)
        }
        Cut => Ok(false),
        Hang => {
            // Until the other side hangs up.
            let mut line = String::new();
            while stream.read_line(&mut line).await? > 0 {}
            Ok(false)
        }
    }
}
