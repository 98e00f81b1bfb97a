//! The metrics of one test: those that its own thread records. A test that reads them runs every task on that thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use orqestra_tests::wait;

use crate::world::DEADLINE;

/// Series by their names, as `/metrics` shows them. Gauges are kept as bits.
#[derive(Default)]
pub(crate) struct Recorded(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Recorded {
    /// A counter's value; `None` where the series has not begun.
    pub(crate) fn counter(&self, series: &str) -> Option<u64> {
        self.0.lock().unwrap().get(series).map(|value| value.load(Ordering::Relaxed))
    }

    /// Waits until a counter has a value.
    pub(crate) async fn counts(&self, series: &str, wanted: u64) {
        let is_wanted = async || (self.counter(series) == Some(wanted)).then_some(());
        wait::until(&format!("{series} {wanted}"), DEADLINE, is_wanted).await;
    }

    /// Waits until a gauge has a value.
    pub(crate) async fn shows(&self, series: &str, wanted: f64) {
        self.counts(series, wanted.to_bits()).await;
    }

    fn series(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value())).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        Arc::clone(self.0.lock().unwrap().entry(format!("{}{labels}", key.name())).or_default())
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
