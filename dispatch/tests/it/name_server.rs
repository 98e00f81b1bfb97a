//! A name server on this machine: it gives names that it knows an address, 127.0.0.1 as a rule, and says nothing at all about
//! others.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use orqestra_dispatch::NameServers;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The type of record of an IPv4 address.
const A: u16 = 1;

/// What the server does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Names the address.
    Address,
    /// Names another one.
    OtherAddress(Ipv4Addr),
    /// Says that there is no such name.
    NoSuchName,
    /// Says that it cannot tell.
    CannotTell,
    /// Never answers.
    Silence,
}

/// The server; it ends with the value.
pub(crate) struct NameServer {
    address: SocketAddr,
    asked: watch::Sender<Vec<String>>,
    replies: Arc<Mutex<Vec<(&'static str, Reply)>>>,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Replies so to names with these endings.
    pub(crate) async fn start(replies: impl IntoIterator<Item = (&'static str, Reply)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<Vec<_>>()));
        let asked = watch::Sender::<Vec<String>>::default();
        let task = tokio::spawn({
            let (replies, asked) = (Arc::clone(&replies), asked.clone());
            async move {
                let mut question = [0; 512];
                while let Ok((length, client)) = socket.recv_from(&mut question).await {
                    let Some((name, end)) = name_in(&question[..length]) else { continue };
                    let reply =
                        replies.lock().unwrap().iter().find(|(ending, _)| name.ends_with(ending)).copied();
                    asked.send_modify(|asked| asked.push(name));
                    let reply = reply.map_or(Reply::Silence, |(_, reply)| reply);
                    if let Some(answer) = answer(&question[..end + 4], reply) {
                        socket.send_to(&answer, client).await.unwrap();
                    }
                }
            }
        });
        Self { address, asked, replies, task }
    }

    /// What makes a provider ask it.
    pub(crate) fn servers(&self) -> NameServers {
        NameServers::These(vec![self.address])
    }

    /// From now on replies so to names with that ending.
    pub(crate) fn reply(&self, ending: &'static str, reply: Reply) {
        self.replies.lock().unwrap().insert(0, (ending, reply));
    }

    /// How often a name was asked for.
    pub(crate) fn asked_for(&self, name: &str) -> usize {
        self.asked.borrow().iter().filter(|asked| *asked == name).count()
    }

    /// Waits until a number of names with that ending were asked for.
    pub(crate) async fn asked(&self, ending: &str, names: usize) {
        let mut asked = self.asked.subscribe();
        let wait = asked.wait_for(|asked| {
            let names_asked: std::collections::BTreeSet<_> =
                asked.iter().filter(|name| name.ends_with(ending)).collect();
            names_asked.len() >= names
        });
        tokio::time::timeout(crate::world::DEADLINE, wait).await.expect("the names are asked for").unwrap();
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The name that a query asks for, and where it ends.
fn name_in(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8(query.get(at..at + length)?.to_ascii_lowercase()).ok()?);
        at += length;
    }
}

/// The answer to a query of which these are the header and the question (RFC 1035, section 4.1).
fn answer(question: &[u8], reply: Reply) -> Option<Vec<u8>> {
    let kind = u16::from_be_bytes(question[question.len() - 4..question.len() - 2].try_into().unwrap());
    let (code, address) = match reply {
        Reply::Address => (0, Some(Ipv4Addr::LOCALHOST)),
        Reply::OtherAddress(address) => (0, Some(address)),
        Reply::NoSuchName => (3, None),
        Reply::CannotTell => (2, None),
        Reply::Silence => return None,
    };
    let address = address.filter(|_| kind == A);
    let mut message = question.to_vec();
    // A response, recursion desired and available; one question.
    message[2..12].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
    if let Some(address) = address {
        // The name of the question, type A, class IN, for 60 seconds, four bytes.
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend(address.octets());
    }
    Some(message)
}
