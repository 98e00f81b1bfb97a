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
    /// Says exactly these bytes.
    Raw(&'static [u8]),
    /// Says exactly these bytes, each in a segment of its own.
    Drip(&'static [u8]),
    /// Says exactly these bytes and closes the connection.
    Last(&'static [u8]),
}

use Step::{Cut, Drip, Flood, Hang, Last, Raw, Say};

impl Step {
    /// Whether it accepts what it answers.
    fn is_positive(self) -> bool {
        let said = match self {
            Say(said) | Flood(said) => said.as_bytes(),
            Raw(said) | Drip(said) | Last(said) => said,
            Cut | Hang => return true,
        };
        said.starts_with(b"2") || said.starts_with(b"3")
    }
}

/// How the server behaves in one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    pub(crate) banner: Step,
    pub(crate) ehlo: &'static str,
    /// The answer to AUTH PLAIN; 334 asks for the response once more and then takes it.
    pub(crate) auth: Step,
    /// The answers to AUTH LOGIN, to the user name and to the password.
    pub(crate) login: [Step; 3],
    pub(crate) mail: Step,
    pub(crate) rcpt: Step,
    pub(crate) data: Step,
    pub(crate) end: Step,
    /// Whether the last answer comes at the first line of the content.
    pub(crate) early: bool,
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
        login: [Say("334 VXNlcm5hbWU6"), Say("334 UGFzc3dvcmQ6"), Say("235 welcome")],
        mail: Say("250 ok"),
        rcpt: Say("250 ok"),
        data: Say("354 go on"),
        end: Say("250 2.0.0 queued as 42"),
        early: false,
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
    logins: Mutex<Vec<[String; 2]>>,
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

    /// The user names and passwords of AUTH LOGIN, as they were sent.
    pub(crate) fn logins(&self) -> Vec<[String; 2]> {
        self.state.logins.lock().unwrap().clone()
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
            "AUTH" if line.contains("LOGIN") => {
                let Some(last) = login(&mut stream, manners.login, &state).await? else { return Ok(()) };
                last
            }
            "AUTH" if manners.auth == Say("334") => {
                act(&mut stream, manners.auth).await?;
                line.clear();
                stream.read_line(&mut line).await?;
                Say("235 welcome")
            }
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
        if verb == "DATA" && step.is_positive() {
            if manners.early {
                stream.read_line(&mut line).await?;
                act(&mut stream, manners.end).await?;
            }
            let Some(content) = content(&mut stream).await? else { return Ok(()) };
            taken.content = content;
            if manners.end.is_positive() {
                state.taken.send_modify(|all| all.push(taken.clone()));
            }
            if !manners.early && !act(&mut stream, manners.end).await? {
                return Ok(());
            }
            messages += 1;
            if messages >= manners.messages {
                return Ok(());
            }
        }
    }
}

/// Plays AUTH LOGIN up to its last step; `None` where the connection is over.
async fn login(
    stream: &mut BufReader<TcpStream>,
    steps: [Step; 3],
    state: &State,
) -> std::io::Result<Option<Step>> {
    let mut said = [String::new(), String::new()];
    for (step, said) in steps.iter().zip(&mut said) {
        if !step.is_positive() {
            return Ok(Some(*step));
        }
        if !act(stream, *step).await? || stream.read_line(said).await? == 0 {
            return Ok(None);
        }
    }
    state.logins.lock().unwrap().push(said.map(|line| line.trim().to_owned()));
    Ok(Some(steps[2]))
}

/// Reads up to the final dot; `None` where it never comes.
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut all = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(all));
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
        Raw(bytes) => {
            stream.write_all(bytes).await?;
            Ok(true)
        }
        Drip(bytes) => {
            for byte in bytes {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::task::yield_now().await;
            }
            Ok(true)
        }
        Last(bytes) => {
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
            Ok(false)
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
