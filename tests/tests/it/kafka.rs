//! The broker that tests of Kafka stand on: it keeps what it took, and a test can break it in each way it needs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use orqestra_tests::kafka::TestKafka;
use orqestra_tests::wait;

const WITHIN: Duration = Duration::from_secs(20);

/// Every record of a topic, by what `format` says of it.
async fn records(kafka: &TestKafka, topic: &str, format: &str) -> BTreeSet<String> {
    let read = kafka.kcat(&["-C", "-q", "-e", "-t", topic, "-o", "beginning", "-f", format]).await.unwrap();
    read.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_broker_that_was_killed_has_its_records_when_it_is_back() {
    let begun = Instant::now();
    let kafka = TestKafka::start().await.unwrap();
    println!("started in {:?}", begun.elapsed());
    kafka.topic("orders", 3, &[("retention.ms", "-1")]).await.unwrap();
    let lines: Vec<_> = (0..10).map(|number| format!("key-{number}:value-{number}\n")).collect();
    let produce = ["-P", "-t", "orders", "-K", ":", "-H", "source=test", "-X", "acks=all"];
    kafka.kcat_with(&produce, &lines.concat()).await.unwrap();

    kafka.kill().unwrap();
    let refused = kafka.kcat(&["-L", "-m", "1"]).await.unwrap_err();
    println!("while it is down: {refused:#}");
    let begun = Instant::now();
    kafka.restart().await.unwrap();
    println!("restarted in {:?}", begun.elapsed());

    let wanted = (0..10).map(|number| format!("key-{number} source=test value-{number}")).collect();
    assert_eq!(records(&kafka, "orders", "%k %h %s\n").await, wanted);
    assert!(records(&kafka, "orders", "%p\n").await.len() > 1, "the keys spread over partitions");
}

#[tokio::test]
async fn deleted_records_and_topics_are_gone() {
    let kafka = TestKafka::start().await.unwrap();
    kafka.topic("orders", 1, &[]).await.unwrap();
    kafka.kcat_with(&["-P", "-t", "orders"], "zero\none\ntwo\n").await.unwrap();
    kafka.delete_records_before("orders", 0, 2).await.unwrap();
    assert_eq!(records(&kafka, "orders", "%o %s\n").await, BTreeSet::from(["2 two".to_owned()]));
    kafka.topic("orders", 1, &[]).await.unwrap_err();
    kafka.delete_records_before("orders", 0, 9).await.unwrap_err();

    kafka.delete_topic("orders").await.unwrap();
    kafka.delete_topic("orders").await.unwrap_err();
    kafka.topic("orders", 1, &[]).await.unwrap();
    assert_eq!(records(&kafka, "orders", "%o\n").await, BTreeSet::new());

    kafka.stop().await.unwrap();
    kafka.freeze().unwrap_err();
    kafka.restart().await.unwrap();
    assert_eq!(records(&kafka, "orders", "%o\n").await, BTreeSet::new());
}

#[tokio::test]
async fn a_client_of_the_proxy_stays_on_it() {
    let (kafka, proxy) = TestKafka::start_proxied().await.unwrap();
    kafka.topic("orders", 1, &[]).await.unwrap();
    let proxied = kafka.proxied_brokers();
    kafka.kcat_with(&["-P", "-b", &proxied, "-t", "orders"], "zero\n").await.unwrap();
    let passed = proxy.passed();
    assert!(passed > 0, "kcat went through the proxy");
    assert_eq!(records(&kafka, "orders", "%s\n").await, BTreeSet::from(["zero".to_owned()]));
    assert_eq!(proxy.passed(), passed, "the direct address does not pass the proxy");
    let told = kafka.kcat(&["-L", "-b", &proxied]).await.unwrap();
    assert!(told.contains(&proxied), "the proxy's address is told to its clients: {told}");
}

#[tokio::test]
async fn a_frozen_broker_takes_connections_and_answers_once_it_is_thawed() {
    let kafka = TestKafka::start().await.unwrap();
    kafka.topic("orders", 1, &[]).await.unwrap();
    kafka.freeze().unwrap();
    tokio::net::TcpStream::connect(kafka.brokers()).await.unwrap();
    kafka.kcat(&["-L", "-m", "2"]).await.unwrap_err();
    kafka.thaw().unwrap();
    wait::until("an answer of the thawed broker", WITHIN, async || {
        kafka.kcat_with(&["-P", "-t", "orders"], "zero\n").await.ok()
    })
    .await;
}
