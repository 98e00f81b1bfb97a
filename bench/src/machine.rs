//! What the machine does beside a round: the disk's pace, who used the processors, how much memory a process holds.
//!
//! Reads `/proc` and writes one small file; changes nothing else. A round is judged by it and never corrected.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// A round counts only where the disk's median was below this.
pub(crate) const SLOWEST_SYNC: Duration = Duration::from_micros(200);
const SYNCS: usize = 200;
const BLOCK: usize = 8_192;

/// The median of `fdatasync` after writing 8 KB, in a file of `folder`.
pub(crate) fn sync_median(folder: &Path) -> Result<Duration> {
    let path = folder.join("sync-probe");
    let mut file = fs::File::create(&path).context("a file to measure the disk with")?;
    file.write_all(&vec![7; 16 * BLOCK])?;
    file.sync_all()?;
    let block = vec![9; BLOCK];
    let mut took: Vec<Duration> = (0..SYNCS)
        .map(|at| {
            let started = Instant::now();
            file.write_all_at(&block, ((at % 16) * BLOCK) as u64)?;
            file.sync_data()?;
            Ok(started.elapsed())
        })
        .collect::<Result<_>>()?;
    fs::remove_file(&path)?;
    took.sort_unstable();
    Ok(took[SYNCS / 2])
}

/// Processor time in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticks {
    /// Of all processors, whatever they did.
    all: u64,
    /// Of all processors that were busy.
    busy: u64,
    /// Of the benchmark program.
    bench: u64,
    /// Of the program measured.
    engine: u64,
    /// Of PostgreSQL.
    postgres: u64,
}

/// Who used the processors, each as a share of all of them.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Shares {
    /// The benchmark program.
    pub(crate) bench: f64,
    /// The program measured.
    pub(crate) engine: f64,
    /// PostgreSQL.
    pub(crate) postgres: f64,
    /// Others and the kernel's own work.
    pub(crate) others: f64,
}

impl Ticks {
    /// As of now; 0 for a process that there is not.
    pub(crate) fn now(engine: Option<u32>, postmaster: u32) -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let fields: Vec<u64> = stat
            .lines()
            .next()
            .context("a first line in /proc/stat")?
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .take(8)
            .collect();
        let all = fields.iter().sum();
        Ok(Self {
            all,
            busy: all - fields[3] - fields[4],
            bench: own(std::process::id()).map_or(0, |own| own.ticks),
            engine: engine.and_then(own).map_or(0, |own| own.ticks),
            postgres: family(postmaster)?,
        })
    }

    /// Shares of the time from `earlier` until this.
    #[expect(clippy::cast_precision_loss, reason = "ticks of a few minutes")]
    pub(crate) fn since(&self, earlier: &Self) -> Shares {
        let all = self.all.saturating_sub(earlier.all).max(1) as f64;
        let share = |now: u64, then: u64| now.saturating_sub(then) as f64 / all;
        let (bench, engine) = (share(self.bench, earlier.bench), share(self.engine, earlier.engine));
        let postgres = share(self.postgres, earlier.postgres);
        let others = (share(self.busy, earlier.busy) - bench - engine - postgres).max(0.0);
        Shares { bench, engine, postgres, others }
    }
}

struct Own {
    parent: u32,
    ticks: u64,
    ended_children: u64,
}

fn own(pid: u32) -> Option<Own> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything; what follows its last bracket is fields from the third on.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Own {
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

/// A process, its children and those that have ended.
fn family(parent: u32) -> Result<u64> {
    let mut ticks = own(parent).map_or(0, |own| own.ticks + own.ended_children);
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        ticks += own(pid).filter(|own| own.parent == parent).map_or(0, |own| own.ticks);
    }
    Ok(ticks)
}

/// The most memory that a process has held so far, in KB.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
