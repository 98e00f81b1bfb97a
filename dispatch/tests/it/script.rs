//! A provider that answers as told and remembers whom it was called for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use orqestra_dispatch::{MakeProvider, Message, NotTaken, Provider, Reach, Scope, SendError, Sent};
use orqestra_domain::provider::{Dedup, ProviderConfig, ProviderEntry};
use orqestra_domain::{Channel, DedupKey, DeliveryId, TenantId};
use tokio::sync::{Semaphore, watch};

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Taken,
    NotTaken,
    Down,
    Refused,
    /// Refused by this provider alone.
    RefusedHere,
    /// Refused because the recipient told the provider to send no more.
    OptedOut,
    /// Asks to be left alone for that many seconds.
    Throttled(u64),
    Silence,
    /// The provider says that it cannot tell.
    CannotTell,
    /// Never comes back.
    Hang,
}

/// A call that a provider received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Which provider of the list; 0 where all answer alike.
    pub(crate) provider: u16,
    pub(crate) tenant: TenantId,
    pub(crate) delivery: DeliveryId,
    pub(crate) dedup_key: DedupKey,
    pub(crate) to: String,
    pub(crate) body: String,
}

/// Makes providers that answer from one script.
pub(crate) struct Script {
    name: &'static str,
    concurrency: usize,
    dedup: Option<Dedup>,
    calls_back: bool,
    answers: Mutex<VecDeque<Answer>>,
    then: Mutex<Answer>,
    to: Mutex<Vec<(TenantId, Channel, Answer)>>,
    ports: Mutex<HashMap<u16, Answer>>,
    calls: watch::Sender<Vec<Call>>,
    gate: Semaphore,
}

impl Script {
    /// Answers all calls like this and deduplicates nothing.
    pub(crate) fn always(answer: Answer) -> Arc<Self> {
        Self::named("script", 64, answer)
    }

    pub(crate) fn named(name: &'static str, concurrency: usize, then: Answer) -> Arc<Self> {
        Arc::new(Self {
            name,
            concurrency,
            dedup: None,
            calls_back: false,
            answers: Mutex::default(),
            then: Mutex::new(then),
            to: Mutex::default(),
            ports: Mutex::default(),
            calls: watch::Sender::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// Deduplicates for so long, by its own word; it answers every call all the same.
    pub(crate) fn deduplicating(self: Arc<Self>, dedup: Dedup) -> Arc<Self> {
        let script = Arc::into_inner(self).expect("nothing plays it yet");
        Arc::new(Self { dedup: Some(dedup), ..script })
    }

    /// Calls back with what became of a message, by its own word.
    pub(crate) fn calling_back(self: Arc<Self>) -> Arc<Self> {
        let script = Arc::into_inner(self).expect("nothing plays it yet");
        Arc::new(Self { calls_back: true, ..script })
    }

    /// Answers these first.
    pub(crate) fn first(self: Arc<Self>, answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        self.answers.lock().unwrap().extend(answers);
        self
    }

    /// The provider of that port always answers like this.
    pub(crate) fn at(self: Arc<Self>, port: u16, answer: Answer) -> Arc<Self> {
        self.ports.lock().unwrap().insert(port, answer);
        self
    }

    /// Which providers were called, by their ports.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.calls().iter().map(|call| call.provider).collect()
    }

    /// From now on answers like this.
    pub(crate) fn then(&self, answer: Answer) {
        *self.then.lock().unwrap() = answer;
    }

    /// From now on answers the calls of one tenant's channel like this.
    pub(crate) fn answer(&self, tenant: TenantId, channel: Channel, answer: Answer) {
        let mut to = self.to.lock().unwrap();
        to.retain(|(known, of, _)| (*known, *of) != (tenant, channel));
        to.push((tenant, channel, answer));
    }

    fn next(&self, tenant: TenantId, channel: Channel) -> Answer {
        let to = self.to.lock().unwrap();
        if let Some((.., answer)) = to.iter().find(|(known, of, _)| (*known, *of) == (tenant, channel)) {
            return *answer;
        }
        drop(to);
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or(*self.then.lock().unwrap())
    }

    /// Lets no call come back until [`Self::open_gate`].
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// The keys that calls came with.
    pub(crate) fn keys(&self) -> Vec<DedupKey> {
        self.calls().iter().map(|call| call.dedup_key).collect()
    }

    /// Waits for that many calls.
    pub(crate) async fn called(&self, times: usize) -> Vec<Call> {
        let mut calls = self.calls.subscribe();
        let wait = calls.wait_for(|calls| calls.len() >= times);
        let waited = tokio::time::timeout(crate::world::DEADLINE, wait).await;
        waited.unwrap_or_else(|_| panic!("{} calls of {times} came", self.calls().len())).unwrap().clone()
    }
}

struct Actor {
    script: Arc<Script>,
    number: u16,
}

impl Provider for Actor {
    fn name(&self) -> &'static str {
        self.script.name
    }

    fn concurrency(&self) -> usize {
        self.script.concurrency
    }

    fn dedup(&self) -> Option<Dedup> {
        self.script.dedup
    }

    fn calls_back(&self) -> bool {
        self.script.calls_back
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let call = Call {
                provider: self.number,
                tenant: message.tenant,
                delivery: message.delivery,
                dedup_key: message.dedup_key,
                to: message.to.clone(),
                body: message.content.body.clone(),
            };
            self.script.calls.send_modify(|calls| calls.push(call));
            let own = self.script.ports.lock().unwrap().get(&self.number).copied();
            let answer = own.unwrap_or_else(|| self.script.next(message.tenant, message.channel));
            drop(self.script.gate.acquire().await.unwrap());
            let not_taken = |scope, retry_after| {
                SendError::NotTaken(NotTaken {
                    cause: "busy".to_owned(),
                    retry_after,
                    answer: Some("come again".to_owned()),
                    scope,
                })
            };
            let refused =
                |reach| SendError::Refused { cause: "no_such_user".to_owned(), answer: None, reach };
            match answer {
                Answer::Taken => Ok(Sent {
                    provider_message_id: Some("m-1".to_owned()),
                    answer: Some("welcome".to_owned()),
                }),
                Answer::NotTaken => Err(not_taken(Scope::Message, None)),
                Answer::Down => Err(not_taken(Scope::Provider, None)),
                Answer::Throttled(seconds) => {
                    Err(not_taken(Scope::Throttled, Some(Duration::from_secs(seconds))))
                }
                Answer::Refused => Err(refused(Reach::Everywhere)),
                Answer::RefusedHere => Err(refused(Reach::ThisProvider)),
                Answer::OptedOut => Err(refused(Reach::OptedOut)),
                Answer::Silence => Err(SendError::unknown("no_answer")),
                Answer::CannotTell => {
                    Err(SendError::Unknown { cause: "other_message".to_owned(), says_the_same: true })
                }
                Answer::Hang => std::future::pending().await,
            }
        })
    }
}

/// [`Script`] behind the trait: the port of an SMTP entry tells the list's entries apart.
pub(crate) struct Cast(pub(crate) Arc<Script>);

impl MakeProvider for Cast {
    fn make(&self, _: TenantId, _: Channel, entry: &ProviderEntry) -> Option<Arc<dyn Provider>> {
        let number = match &entry.config {
            ProviderConfig::Sandbox | ProviderConfig::Http(_) => 0,
            ProviderConfig::Smtp(smtp) => smtp.port,
            ProviderConfig::Unread(_) => return None,
        };
        Some(Arc::new(Actor { script: Arc::clone(&self.0), number }))
    }
}
