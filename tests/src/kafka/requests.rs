//! The few requests of Kafka's protocol that the harness itself makes, each over a connection of its own.
//!
//! The numbers are those of the protocol's published message definitions, in the newest version of each request before
//! the compact encoding. What a test is about goes through a real client instead.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Buf, BufMut as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest that one request may take.
const WITHIN: Duration = Duration::from_secs(20);
/// The same in milliseconds, for the broker.
const WITHIN_MS: i32 = 20_000;
/// Above any answer that the harness asks for, in bytes.
const LONGEST: i32 = 16 * 1024 * 1024;

/// The API key and the version of a request.
type Kind = (i16, i16);
const METADATA: Kind = (3, 5);
const CREATE_TOPICS: Kind = (19, 4);
const DELETE_TOPICS: Kind = (20, 3);
const DELETE_RECORDS: Kind = (21, 1);

/// A broker's answer about its cluster.
pub(super) struct Metadata {
    /// The id that the cluster was formatted with.
    pub cluster: String,
    /// The brokers that take requests.
    pub brokers: usize,
    pub topics: Vec<Topic>,
}

/// One topic of a [`Metadata`].
pub(super) struct Topic {
    pub name: String,
    /// Whether each of its partitions has a leader.
    pub led: bool,
}

/// Asks for the cluster and all of its topics.
pub(super) async fn metadata(port: u16) -> Result<Metadata> {
    let mut body = Vec::new();
    // Null stands for all topics.
    body.put_i32(-1);
    // No topic is made by asking.
    body.put_u8(0);
    let answer = ask(port, METADATA, &body).await?;
    let answer = &mut answer.as_slice();
    answer.try_get_i32()?;
    let brokers = each(answer, |answer| {
        answer.try_get_i32()?;
        text(answer)?;
        answer.try_get_i32()?;
        text(answer)
    })?;
    let cluster = text(answer)?.context("the answer names no cluster")?;
    answer.try_get_i32()?;
    let topics = each(answer, |answer| {
        let mut led = answer.try_get_i16()? == 0;
        let name = text(answer)?.context("a topic without a name")?;
        answer.try_get_u8()?;
        for error in each(answer, |answer| {
            let error = answer.try_get_i16()?;
            answer.try_get_i64()?;
            // The replicas: all, those in sync, those offline.
            for _ in 0..3 {
                each(answer, |answer| Ok(answer.try_get_i32()?))?;
            }
            Ok(error)
        })? {
            led &= error == 0;
        }
        Ok(Topic { name, led })
    })?;
    Ok(Metadata { cluster, brokers: brokers.len(), topics })
}

/// Creates a topic with one replica.
pub(super) async fn create_topic(
    port: u16,
    name: &str,
    partitions: i32,
    config: &[(&str, &str)],
) -> Result<()> {
    let mut body = Vec::new();
    body.put_i32(1);
    put_text(&mut body, name);
    body.put_i32(partitions);
    body.put_i16(1);
    // The broker assigns the partitions.
    body.put_i32(0);
    body.put_i32(length(config.len()));
    for (key, value) in config {
        put_text(&mut body, key);
        put_text(&mut body, value);
    }
    body.put_i32(WITHIN_MS);
    body.put_u8(0);
    let answer = ask(port, CREATE_TOPICS, &body).await?;
    let answer = &mut answer.as_slice();
    answer.try_get_i32()?;
    for (error, message) in each(answer, |answer| {
        text(answer)?;
        Ok((answer.try_get_i16()?, text(answer)?))
    })? {
        let message = message.unwrap_or_default();
        ensure!(
            error == 0,
            "the broker does not create topic {name}: error {error} of the protocol: {message}"
        );
    }
    Ok(())
}

/// Deletes a topic.
pub(super) async fn delete_topic(port: u16, name: &str) -> Result<()> {
    let mut body = Vec::new();
    body.put_i32(1);
    put_text(&mut body, name);
    body.put_i32(WITHIN_MS);
    let answer = ask(port, DELETE_TOPICS, &body).await?;
    let answer = &mut answer.as_slice();
    answer.try_get_i32()?;
    for error in each(answer, |answer| {
        text(answer)?;
        Ok(answer.try_get_i16()?)
    })? {
        ensure!(error == 0, "the broker does not delete topic {name}: error {error} of the protocol");
    }
    Ok(())
}

/// Deletes the records of a partition before an offset.
pub(super) async fn delete_records(port: u16, topic: &str, partition: i32, before: i64) -> Result<()> {
    let mut body = Vec::new();
    body.put_i32(1);
    put_text(&mut body, topic);
    body.put_i32(1);
    body.put_i32(partition);
    body.put_i64(before);
    body.put_i32(WITHIN_MS);
    let answer = ask(port, DELETE_RECORDS, &body).await?;
    let answer = &mut answer.as_slice();
    answer.try_get_i32()?;
    for error in each(answer, |answer| {
        text(answer)?;
        each(answer, |answer| {
            answer.try_get_i32()?;
            answer.try_get_i64()?;
            Ok(answer.try_get_i16()?)
        })
    })?
    .concat()
    {
        ensure!(
            error == 0,
            "the broker does not delete the records before {before} of {topic}/{partition}: error {error} of the \
             protocol"
        );
    }
    Ok(())
}

/// Sends one request and returns the body of its answer.
async fn ask(port: u16, kind: Kind, body: &[u8]) -> Result<Vec<u8>> {
    let asked = timeout(WITHIN, exchange(port, kind, body)).await;
    asked.with_context(|| format!("the broker on port {port} did not answer within {WITHIN:?}"))?
}

async fn exchange(port: u16, (key, version): Kind, body: &[u8]) -> Result<Vec<u8>> {
    let mut header = Vec::new();
    header.put_i16(key);
    header.put_i16(version);
    // The correlation id: a connection carries one request.
    header.put_i32(0);
    put_text(&mut header, "orqestra-tests");
    let mut request = Vec::new();
    request.put_i32(length(header.len() + body.len()));
    request.extend(header);
    request.extend(body);
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(&request).await?;
    let size = connection.read_i32().await?;
    if !(4..=LONGEST).contains(&size) {
        bail!("expected an answer of 4 to {LONGEST} bytes from port {port}, got one of {size}");
    }
    connection.read_i32().await?;
    let mut answer = vec![0; usize::try_from(size - 4)?];
    connection.read_exact(&mut answer).await?;
    Ok(answer)
}

/// An array, with what `read` makes of each element.
fn each<T>(answer: &mut &[u8], mut read: impl FnMut(&mut &[u8]) -> Result<T>) -> Result<Vec<T>> {
    let count = answer.try_get_i32()?;
    (0..count).map(|_| read(answer)).collect()
}

/// A string, or null.
fn text(answer: &mut &[u8]) -> Result<Option<String>> {
    let Ok(size) = usize::try_from(answer.try_get_i16()?) else { return Ok(None) };
    let bytes = answer.split_off(..size).context("an answer that ends within a string")?;
    Ok(Some(String::from_utf8(bytes.to_vec())?))
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_i16(i16::try_from(text.len()).expect("names and settings of tests are short"));
    out.put_slice(text.as_bytes());
}

fn length(count: usize) -> i32 {
    i32::try_from(count).expect("a request of the harness is small")
}
