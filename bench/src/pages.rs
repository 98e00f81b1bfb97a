//! Open pages: users' connections to the hub that note when each push arrives.
//!
//! They speak the hub's protocol by hand. A push is known by the order number in its title, which counts triggers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::caller::Credentials;
use crate::load::Connection;

/// Stands before the number in a title.
const BEFORE_NUMBER: &str = "ORD-2026-";

type Socket = WebSocketStream<TcpStream>;

/// Open pages.
pub(crate) struct Pages {
    arrived: Arc<Mutex<Vec<Option<Instant>>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Pages {
    /// Opens a page for each of the first `users`, for so many pushes in all.
    pub(crate) async fn open(
        to: SocketAddr,
        credentials: &Credentials,
        users: u64,
        pushes: usize,
    ) -> Result<Self> {
        let arrived = Arc::new(Mutex::new(vec![None; pushes]));
        let mut tasks = Vec::new();
        for user in 0..users {
            let socket = open(to, credentials, &format!("user-{user}")).await?;
            let arrived = Arc::clone(&arrived);
            tasks.push(tokio::spawn(async move {
                // A connection that breaks shows as pushes that never came.
                drop(read(socket, &arrived).await);
            }));
        }
        Ok(Self { arrived, tasks })
    }

    /// When each push arrived.
    pub(crate) fn arrived(&self) -> Vec<Option<Instant>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn open(to: SocketAddr, credentials: &Credentials, user: &str) -> Result<Socket> {
    let body = json!({ "userId": user }).to_string();
    let request = format!(
        "POST /api/v1/auth/realtime-token HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        credentials.api_key,
        body.len(),
    );
    let mut connection = Connection::open(to).await?;
    let status = connection.ask(request.as_bytes()).await?;
    ensure!(status == 200, "a realtime token: {status}");
    let answer: Value = serde_json::from_slice(connection.body())?;
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{to}/connection/websocket"), stream).await?;
    let connect = json!({"id": 1, "connect": {"token": answer["token"]}});
    let subscribe = json!({"id": 2, "subscribe": {"channel": format!("global_system#{user}")}});
    socket.send(Message::text(format!("{connect}\n{subscribe}"))).await?;
    let mut answers = 0;
    while answers < 2 {
        let message = socket.next().await.context("a page was closed")??;
        for line in message.to_text()?.lines() {
            let answer: Value = serde_json::from_str(line)?;
            if answer["error"] != Value::Null {
                bail!("a page was refused: {answer}");
            }
            answers += 1;
        }
    }
    Ok(socket)
}

async fn read(mut socket: Socket, arrived: &Mutex<Vec<Option<Instant>>>) -> Result<()> {
    while let Some(message) = socket.next().await {
        let message = message?;
        let now = Instant::now();
        let text = message.to_text()?;
        if text == "{}" {
            socket.send(Message::text("{}")).await?;
        }
        let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
        for after in text.split(BEFORE_NUMBER).skip(1) {
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            if let Some(place) = digits.parse().ok().and_then(|at: usize| arrived.get_mut(at)) {
                place.get_or_insert(now);
            }
        }
    }
    Ok(())
}
