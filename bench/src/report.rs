//! What was measured: medians over the rounds that count, the laws they are held to, as Markdown and as JSON.
//!
//! A case of which no round counts is shown with what was seen, marked void: neither held nor missed.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::case::Case;
use crate::latency::Latency;
use crate::machine::Shares;
use crate::neighbours::{Stretch, Times};
use crate::together::Limits;

/// Which engine a run was of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Which {
    /// The one that is measured; also of runs without an engine.
    #[default]
    Engine,
    /// The one that it is compared with.
    Baseline,
}

/// One run of one case.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Sample {
    /// The case's name.
    pub(crate) case: String,
    /// Whose run it is.
    pub(crate) which: Which,
    /// What the case measures.
    pub(crate) value: f64,
    /// The median latency, in seconds as the others.
    #[serde(serialize_with = "seconds")]
    pub(crate) p50: Option<Duration>,
    /// The latency that 99 % did not exceed.
    #[serde(serialize_with = "seconds")]
    pub(crate) p99: Option<Duration>,
    /// The mean latency, where only that is told.
    #[serde(serialize_with = "seconds")]
    pub(crate) mean: Option<Duration>,
    /// The same as `value` until projections had caught up.
    pub(crate) projected: Option<f64>,
    /// The most memory that the engine held, in KB.
    pub(crate) memory: Option<u64>,
    /// Who used the processors.
    pub(crate) shares: Option<Shares>,
    /// A tenant's times, quiet and beside its neighbours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stretches: Vec<Stretch>,
    /// The median `fdatasync` before or after, the slower one.
    #[serde(serialize_with = "duration")]
    pub(crate) sync: Duration,
    /// Whether the disk was too slow for the round to count.
    pub(crate) void: bool,
}

#[expect(clippy::ref_option, reason = "the form that serde asks for")]
fn seconds<S: serde::Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(|value| value.as_secs_f64()).serialize(serializer)
}

fn duration<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_secs_f64().serialize(serializer)
}

impl From<Latency> for Sample {
    fn from(measured: Latency) -> Self {
        let (p50, p99) = (Some(measured.p50), Some(measured.p99));
        Self { value: measured.rate, p50, p99, ..Self::default() }
    }
}

/// A run's samples.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    samples: Vec<Sample>,
}

/// The median of a case.
struct Median {
    samples: usize,
    void: bool,
    value: f64,
    p50: Option<f64>,
    p99: Option<f64>,
    sync: f64,
    others: Option<f64>,
}

/// What one run has of another one of the same round.
struct Kept {
    median: f64,
    least: f64,
    most: f64,
    void: bool,
}

/// Whether a law holds.
struct Law {
    text: String,
    found: String,
    holds: bool,
    /// Whether missing it fails the run.
    floor: bool,
    void: bool,
}

impl Report {
    /// Adds a sample.
    pub(crate) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// How many runs of this case count.
    pub(crate) fn counting(&self, case: Case) -> usize {
        self.runs(case, Which::Engine).filter(|sample| !sample.void).count()
    }

    fn runs(&self, case: Case, which: Which) -> impl Iterator<Item = &Sample> {
        let name = case.name();
        self.samples.iter().filter(move |sample| sample.case == name && sample.which == which)
    }

    fn of(&self, case: Case) -> (Vec<&Sample>, bool) {
        let all: Vec<&Sample> = self.runs(case, Which::Engine).collect();
        let counting: Vec<&Sample> = all.iter().copied().filter(|sample| !sample.void).collect();
        if counting.is_empty() { (all, true) } else { (counting, false) }
    }

    fn median(&self, case: Case) -> Option<Median> {
        let (samples, void) = self.of(case);
        let of = |take: &dyn Fn(&Sample) -> Option<f64>| median(samples.iter().filter_map(|one| take(one)));
        Some(Median {
            samples: samples.len(),
            void,
            value: of(&|one| Some(one.value))?,
            p50: of(&|one| Some(one.p50.or(one.mean)?.as_secs_f64())),
            p99: of(&|one| Some(one.p99?.as_secs_f64())),
            sync: of(&|one| Some(one.sync.as_secs_f64()))?,
            others: of(&|one| Some(one.shares?.others)),
        })
    }

    /// The limit that the floor is a part of: one request through HTTP and one row through the batch insert.
    fn limit(&self) -> Option<(f64, bool)> {
        let (echo, batches) = (self.median(Case::Echo)?, self.median(Case::Batches)?);
        Some((1.0 / (1.0 / echo.value + 1.0 / batches.value), echo.void || batches.void))
    }

    /// The stock store at its best number of connections.
    fn best_stock(&self) -> Option<Median> {
        let all = Case::ALL.into_iter().filter(|case| matches!(case, Case::Stock(_)));
        all.filter_map(|case| self.median(case)).max_by(|one, other| one.value.total_cmp(&other.value))
    }

    fn laws(&self) -> Vec<Law> {
        let mut laws = Vec::new();
        for case in [Case::EngineWhole, Case::EngineApi] {
            let Some(engine) = self.median(case) else { continue };
            if let Some((limit, void)) = self.limit() {
                let part = engine.value / limit;
                for (least, floor) in [(0.4, true), (0.6, false)] {
                    laws.push(Law {
                        text: format!("{}: at least {:.0} % of 1/(1/b + 1/d)", case.name(), least * 100.0),
                        found: format!("{:.0} % of {limit:.0}/s", part * 100.0),
                        holds: part >= least,
                        floor,
                        void: void || engine.void,
                    });
                }
            }
            if let Some(stock) = self.best_stock() {
                let times = engine.value / stock.value;
                laws.push(Law {
                    text: format!("{}: well above the stock store (1.5 times)", case.name()),
                    found: format!("{times:.2} times"),
                    holds: times >= 1.5,
                    floor: true,
                    void: stock.void || engine.void,
                });
            }
            let p99 = engine.p99.unwrap_or_default();
            laws.push(Law {
                text: format!("{}: p99 under 25 ms", case.name()),
                found: milliseconds(engine.p99),
                holds: p99 < 0.025,
                floor: true,
                void: engine.void,
            });
        }
        if let Some(relay) = self.median(Case::Relay) {
            laws.push(Law {
                text: "relay, catching up: at least 50,000 events a second".to_owned(),
                found: format!("{:.0}/s", relay.value),
                holds: relay.value >= 50_000.0,
                floor: false,
                void: relay.void,
            });
        }
        for (case, way, p50, p99) in
            [(Case::Latency, "", 0.010, 0.060), (Case::LatencyThroughKafka, " through Kafka", 0.020, 0.100)]
        {
            let Some(latency) = self.median(case) else { continue };
            for (name, found, most) in [("p50", latency.p50, p50), ("p99", latency.p99, p99)] {
                laws.push(Law {
                    text: format!("trigger to mail accepted{way}: {name} under {:.0} ms", most * 1_000.0),
                    found: milliseconds(found),
                    holds: found.unwrap_or_default() < most,
                    floor: false,
                    void: latency.void,
                });
            }
        }
        if let Some(push) = self.median(Case::Push) {
            laws.push(Law {
                text: "trigger to push received: p50 under 10 ms".to_owned(),
                found: milliseconds(push.p50),
                holds: push.p50.unwrap_or_default() < 0.010,
                floor: false,
                void: push.void,
            });
        }
        if let Some(drain) = self.median(Case::Drain) {
            laws.push(Law {
                text: "drain: 4,000 notifications/s".to_owned(),
                found: format!("{:.0}/s", drain.value),
                holds: drain.value >= 4_000.0,
                floor: false,
                void: drain.void,
            });
        }
        laws.extend(self.append_laws());
        if let Some(neighbour) = self.median(Case::Neighbour) {
            laws.push(Law {
                text: "beside a tenant that repeats half: others lose less than 10 %".to_owned(),
                found: format!("{:+.1} %", (neighbour.value - 1.0) * 100.0),
                holds: neighbour.value > 0.9,
                floor: false,
                void: neighbour.void,
            });
        }
        laws.extend(self.beside_laws());
        if let Some(memory) = self.samples.iter().filter_map(|one| one.memory).max() {
            laws.push(Law {
                text: "the engine's memory under 150 MB throughout".to_owned(),
                found: format!("{} MB", memory / 1_000),
                holds: memory < 150_000,
                floor: false,
                void: false,
            });
        }
        laws
    }

    /// The stretches of a kind, each with its ratio to the quiet one of its round; the rounds that count, or all.
    fn stretches(&self, which: Which, at: usize) -> (Vec<(&Stretch, f64)>, bool) {
        let runs: Vec<&Sample> = self.runs(Case::Neighbours, which).collect();
        let void = runs.iter().all(|run| run.void);
        let counting = runs.into_iter().filter(|run| void || !run.void);
        let found = counting.filter_map(|run| Some((run.stretches.get(at)?, run.stretches.first()?)));
        (found.map(|(stretch, quiet)| (stretch, stretch.ratio(quiet))).collect(), void)
    }

    fn beside_laws(&self) -> Vec<Law> {
        let mut laws = Vec::new();
        // The first is the quiet one.
        for at in 1.. {
            let (found, void) = self.stretches(Which::Engine, at);
            let Some((stretch, _)) = found.first() else { break };
            let Some(times) = median(found.iter().map(|(_, times)| *times)) else { break };
            laws.push(Law {
                text: format!(
                    "beside {}: p99 to SENT within {:.0} times the quiet one",
                    stretch.beside, stretch.most_times
                ),
                found: format!("{times:.1} times"),
                holds: times <= stretch.most_times,
                floor: false,
                void,
            });
        }
        laws
    }

    /// A tenant's times beside each kind of neighbour.
    fn beside(&self) -> String {
        let mut out = String::new();
        for (which, title) in [(Which::Engine, "engine"), (Which::Baseline, "baseline")] {
            for at in 0.. {
                let (found, _) = self.stretches(which, at);
                let Some((first, _)) = found.first() else { break };
                if at == 0 {
                    write!(
                        out,
                        "\n| a tenant's time to SENT, {title} | PUSH p50, p99 | SMS p50, p99 | EMAIL p50, p99 | times the \
                         quiet p99 | memory |\n|---|--:|--:|--:|--:|--:|\n"
                    )
                    .expect("writing to a String cannot fail");
                }
                let time = |channel: usize, of: fn(&Times) -> f64| {
                    milliseconds(median(found.iter().filter_map(|(one, _)| one.times.get(channel).map(of))))
                };
                let columns: Vec<_> = (0..3)
                    .map(|at| format!("{}, {}", time(at, |of| of.p50), time(at, |of| of.p99)))
                    .collect();
                let times = median(found.iter().map(|(_, times)| *times)).unwrap_or_default();
                let memory = found.iter().map(|(one, _)| one.memory).max().unwrap_or_default() / 1_000;
                writeln!(out, "| {} | {} | {times:.1} | {memory} MB |", first.beside, columns.join(" | "))
                    .expect("writing to a String cannot fail");
            }
        }
        out
    }

    /// What a case has of another one's rate, or an engine of another one's: the median over the rounds, since both parts
    /// of a round saw the same machine. Rounds that count, or all where none does.
    fn kept<'a>(
        without: impl Iterator<Item = &'a Sample>,
        with: impl Iterator<Item = &'a Sample>,
        of: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Kept> {
        let rounds: Vec<(f64, bool)> = without
            .zip(with)
            .filter_map(|(without, with)| Some((of(with)? / of(without)?, without.void || with.void)))
            .collect();
        let void = rounds.iter().all(|(_, void)| *void);
        let mut parts: Vec<f64> =
            rounds.iter().filter(|(_, off)| void || !off).map(|(part, _)| *part).collect();
        parts.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*parts.first()?, *parts.last()?);
        Some(Kept { median: median(parts.into_iter())?, least, most, void })
    }

    /// The engine beside the one that it is compared with.
    fn against(&self) -> String {
        let mut out = String::new();
        for case in Case::ALL {
            let part = |of: &dyn Fn(&Sample) -> Option<f64>| {
                let kept = Self::kept(self.runs(case, Which::Baseline), self.runs(case, Which::Engine), of)?;
                let void = if kept.void { ", void" } else { "" };
                let percent = |part: f64| (part * 100.0).round();
                Some(format!(
                    "{} % ({} - {}{void})",
                    percent(kept.median),
                    percent(kept.least),
                    percent(kept.most)
                ))
            };
            let Some(value) = part(&|one| Some(one.value)) else { continue };
            let p50 = part(&|one| Some(one.p50?.as_secs_f64())).unwrap_or_default();
            let p99 = part(&|one| Some(one.p99?.as_secs_f64())).unwrap_or_default();
            writeln!(out, "| {} | {value} | {p50} | {p99} |", case.name())
                .expect("writing to a String cannot fail");
        }
        if out.is_empty() {
            return out;
        }
        format!("\n| of the baseline's, median of the rounds | value | p50 | p99 |\n|---|--:|--:|--:|\n{out}")
    }

    /// What an append keeps of its rate where something stands in its way.
    fn append_laws(&self) -> Vec<Law> {
        let alone = (Case::AppendBatch(0), Case::AppendBatch(10));
        let shared = (Case::Writers(1), Case::Writers(8));
        let apis = |processes| (Case::EngineApi, Case::Apis(processes, Limits::Own));
        let redis = (Case::EngineApi, Case::Apis(1, Limits::Redis));
        let mut laws = Vec::new();
        for (text, (without, with), least) in [
            ("append_commands with 10 % conflicts: at least 80 % of the rate without", alone, 0.8),
            ("append_commands by 8 writers: at least 20 % of one writer's rate", shared, 0.2),
            ("2 processes with the API role accept at least what one does", apis(2), 1.0),
            ("4 processes with the API role accept at least what one does", apis(4), 1.0),
            ("One that counts through Redis accepts at least 70 % of one that counts alone", redis, 0.7),
        ] {
            let (without, with) = (self.runs(without, Which::Engine), self.runs(with, Which::Engine));
            let Some(kept) = Self::kept(without, with, |one| Some(one.value)) else { continue };
            laws.push(Law {
                text: text.to_owned(),
                found: format!("{:.0} %", kept.median * 100.0),
                holds: kept.median >= least,
                floor: false,
                void: kept.void,
            });
        }
        if let Some(held) = self.median(Case::Held) {
            laws.push(Law {
                text: "append_commands beside a held snapshot: at most 20 % slower at its end".to_owned(),
                found: format!("{:+.1} %", (held.value - 1.0) * 100.0),
                holds: held.value >= 0.8,
                floor: false,
                void: held.void,
            });
        }
        laws
    }

    /// Whether no floor was missed in rounds that count.
    pub(crate) fn floors_hold(&self) -> bool {
        self.laws().iter().all(|law| law.holds || law.void || !law.floor)
    }

    /// The tables.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from(
            "| what | median | p50 | p99 | rounds | fdatasync | other load |\n|---|--:|--:|--:|--:|--:|--:|\n",
        );
        let mut line = |text: String| writeln!(out, "{text}").expect("writing to a String cannot fail");
        for case in Case::ALL {
            let Some(median) = self.median(case) else { continue };
            let value =
                if case.is_ratio() { format!("{:.3}", median.value) } else { format!("{:.0}", median.value) };
            line(format!(
                "| {} | {value} | {} | {} | {}{} | {:.0} µs | {} |",
                case.label(),
                milliseconds(median.p50),
                milliseconds(median.p99),
                median.samples,
                if median.void { ", void" } else { "" },
                median.sync * 1e6,
                median.others.map_or_else(String::new, |others| format!("{:.0} %", others * 100.0)),
            ));
        }
        if let Some((limit, _)) = self.limit() {
            line(format!("| 1/(1/b + 1/d) | {limit:.0} | | | | | |"));
        }
        line(String::new());
        line("| law | found | |\n|---|--:|---|".to_owned());
        for law in self.laws() {
            let verdict = match (law.void, law.holds, law.floor) {
                (true, ..) => "void: the disk was too slow",
                (false, true, _) => "holds",
                (false, false, true) => "MISSED (floor)",
                (false, false, false) => "MISSED (aim)",
            };
            line(format!("| {} | {} | {verdict} |", law.text, law.found));
        }
        out.push_str(&self.beside());
        out.push_str(&self.against());
        out
    }

    /// Keeps both in `folder`.
    pub(crate) fn save(&self, folder: &Path, name: &str) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(self)?)?;
        std::fs::write(folder.join(format!("{name}.md")), self.markdown())?;
        Ok(())
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn milliseconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(String::new, |seconds| format!("{:.1} ms", seconds * 1_000.0))
}
