//! The HTTP APIs of every kind of provider, on one port, that answer as their documentation says and by a script.
//!
//! It counts what each delivery was taken for. Resend's API deduplicates by the idempotency key, as the real one does; the
//! others do not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// The message is taken.
    Taken,
    /// The message is taken, and the connection ends without an answer.
    TakenAndCut,
    /// The message is taken, and every connection ends and is refused until they come back.
    TakenAndDown,
    /// The connection ends without an answer, and nothing is taken.
    Cut,
    /// The message is taken, and no answer ever comes.
    TakenAndHung,
    /// No answer ever comes, and nothing is taken.
    Hung,
    /// Nothing is taken: 503.
    Unavailable,
    /// Nothing is taken now; for a second nothing will be.
    Throttled,
    /// The message is refused for good.
    Refused,
}

/// How answers are chosen.
type Script = Box<dyn Fn(&str, usize) -> Says + Send>;

/// See the module.
#[derive(Clone)]
pub struct Apis {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: Arc<Mutex<CancellationToken>>,
}

struct State {
    script: Script,
    first: VecDeque<Says>,
    /// Calls of each message.
    calls: BTreeMap<String, usize>,
    /// How often each message was taken.
    taken: BTreeMap<String, usize>,
    /// The idempotency keys of each message, and the answers given to them.
    keys: BTreeMap<String, BTreeSet<String>>,
    answered: BTreeMap<String, String>,
    /// The last request of each message: its form or JSON as text.
    bodies: BTreeMap<String, String>,
    count: usize,
}

/// A request as it is understood.
struct Asked {
    /// Identifies the message: the delivery's id, or the text where the call carries no id.
    message: String,
    key: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Resend,
    SendGrid,
    Twilio,
    AfricasTalking,
}

impl Apis {
    /// Starts them, with answers by message and by how often it came before.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(script: impl Fn(&str, usize) -> Says + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = State {
            script: Box::new(script),
            first: VecDeque::new(),
            calls: BTreeMap::new(),
            taken: BTreeMap::new(),
            keys: BTreeMap::new(),
            answered: BTreeMap::new(),
            bodies: BTreeMap::new(),
            count: 0,
        };
        let apis = Self { address, state: Arc::new(Mutex::new(state)), listening: Arc::default() };
        apis.serve(listener);
        apis
    }

    /// Answers the next call like this, before the script.
    pub fn next(&self, says: Says) {
        self.state().first.push_back(says);
    }

    /// Where they are.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Refuses connections from now on.
    pub fn go_down(&self) {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// Takes connections again.
    ///
    /// # Panics
    /// If another program has taken the port.
    pub async fn come_back(&self) {
        let listener = TcpListener::bind(self.address).await.expect("its own port");
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        self.serve(listener);
    }

    /// How often each message was taken.
    pub fn taken(&self) -> BTreeMap<String, usize> {
        self.state().taken.clone()
    }

    /// How many idempotency keys each message came with.
    pub fn keys(&self) -> BTreeMap<String, usize> {
        self.state().keys.iter().map(|(message, keys)| (message.clone(), keys.len())).collect()
    }

    /// How many calls came.
    pub fn count(&self) -> usize {
        self.state().count
    }

    /// The body of the last request of a message.
    pub fn body(&self, message: &str) -> Option<String> {
        self.state().bodies.get(message).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: TcpListener) {
        let (serving, until) =
            (self.clone(), self.listening.lock().unwrap_or_else(PoisonError::into_inner).clone());
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = until.cancelled() => return,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => stream,
                        Err(_) => return,
                    },
                };
                let (serving, until) = (serving.clone(), until.clone());
                tokio::spawn(async move {
                    let answer = service_fn(|request| serving.answer(request));
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                    tokio::select! {
                        () = until.cancelled() => {}
                        _ = connection => {}
                    }
                });
            }
        });
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, CutOff> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| CutOff)?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        let Some(asked) = read(parts.uri.path(), &text, key) else {
            return Ok(told(404, "", &json!({"error": "no such route"})));
        };
        match self.judge(asked, text) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Returns the answer to a message; `None` where none ever comes.
    fn judge(&self, asked: Asked, text: String) -> Option<Result<Response<Full<Bytes>>, CutOff>> {
        let mut state = self.state();
        state.count += 1;
        state.bodies.insert(asked.message.clone(), text);
        let calls = state.calls.entry(asked.message.clone()).or_default();
        *calls += 1;
        let before = *calls - 1;
        if let Some(key) = &asked.key {
            state.keys.entry(asked.message.clone()).or_default().insert(key.clone());
            // A key that was answered gets the same answer, and nothing is sent.
            if let Some(id) = state.answered.get(key) {
                return Some(Ok(taken(asked.kind, id)));
            }
        }
        let says = state.first.pop_front().unwrap_or_else(|| (state.script)(&asked.message, before));
        let answer = match says {
            Says::Taken | Says::TakenAndCut | Says::TakenAndDown | Says::TakenAndHung => {
                *state.taken.entry(asked.message.clone()).or_default() += 1;
                let id = format!("m-{}", state.count);
                if let Some(key) = asked.key {
                    state.answered.insert(key, id.clone());
                }
                match says {
                    Says::TakenAndCut => Err(CutOff),
                    Says::TakenAndDown => {
                        self.go_down();
                        return None;
                    }
                    Says::TakenAndHung => return None,
                    _ => Ok(taken(asked.kind, &id)),
                }
            }
            Says::Cut => Err(CutOff),
            Says::Hung => return None,
            Says::Unavailable => Ok(told(503, "", &json!({"message": "come again"}))),
            Says::Throttled => {
                let mut answer = told(429, "", &json!({"message": "too many"}));
                answer.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("1"));
                Ok(answer)
            }
            Says::Refused => Ok(refused(asked.kind)),
        };
        Some(answer)
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut off by the script")
    }
}

impl std::error::Error for CutOff {}

fn read(path: &str, text: &str, key: Option<String>) -> Option<Asked> {
    let json = || serde_json::from_str::<Value>(text).ok();
    let form = |name: &str| {
        let mut fields = text.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = fields.find(|(known, _)| *known == name)?;
        Some(crate::http::unsegment(&value.replace('+', "%20")))
    };
    if path.ends_with("/emails") {
        let body = json()?;
        let tags = body["tags"].as_array()?;
        let delivery = tags.iter().find(|tag| tag["name"] == "orqestra_delivery")?["value"].as_str()?;
        return Some(Asked { message: delivery.to_owned(), key, kind: Kind::Resend });
    }
    if path.ends_with("/v3/mail/send") {
        let body = json()?;
        let delivery = body["personalizations"][0]["custom_args"]["orqestra_delivery"].as_str()?;
        return Some(Asked { message: delivery.to_owned(), key: None, kind: Kind::SendGrid });
    }
    if path.ends_with("/Messages.json") {
        return Some(Asked { message: form("Body")?, key: None, kind: Kind::Twilio });
    }
    path.contains("/version1/messaging").then_some(())?;
    let message = form("message").or_else(|| Some(json()?["message"].as_str()?.to_owned()))?;
    Some(Asked { message, key: None, kind: Kind::AfricasTalking })
}

fn taken(kind: Kind, id: &str) -> Response<Full<Bytes>> {
    match kind {
        Kind::Resend => told(200, "", &json!({"id": id})),
        Kind::SendGrid => told(202, id, &Value::Null),
        Kind::Twilio => told(201, "", &json!({"sid": id, "status": "queued"})),
        Kind::AfricasTalking => {
            let recipient = json!({"statusCode": 101, "number": "+254712345678", "status": "Success",
                "cost": "KES 0.8000", "messageId": id});
            told(201, "", &json!({"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}}))
        }
    }
}

fn refused(kind: Kind) -> Response<Full<Bytes>> {
    match kind {
        Kind::Resend => {
            told(422, "", &json!({"statusCode": 422, "name": "validation_error", "message": "Invalid `to`"}))
        }
        Kind::SendGrid => {
            told(400, "", &json!({"errors": [{"message": "Does not contain a valid address."}]}))
        }
        Kind::Twilio => {
            told(400, "", &json!({"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}))
        }
        Kind::AfricasTalking => {
            let recipient = json!({"statusCode": 403, "number": "+254712345678", "status": "InvalidPhoneNumber",
                "cost": "0", "messageId": "None"});
            told(201, "", &json!({"SMSMessageData": {"Message": "Sent to 0/1", "Recipients": [recipient]}}))
        }
    }
}

fn told(status: u16, message_id: &str, body: &Value) -> Response<Full<Bytes>> {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let answer = Response::builder().status(status).header("content-type", "application/json");
    let answer = if message_id.is_empty() { answer } else { answer.header("x-message-id", message_id) };
    answer.body(Full::from(text)).expect("a whole answer")
}
