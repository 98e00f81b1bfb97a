//! Log lines on their way to standard error: gathered in memory and written by a thread of their own.
//!
//! Whoever logs never waits: what does not fit any more is dropped and counted. Warnings and errors have room that other
//! lines do not get. The end of the program writes what waits, unless standard error takes nothing.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Most bytes that wait.
const ROOM: usize = 4 * 1024 * 1024;
/// What warnings and errors get beyond it.
const RESERVE: usize = 1024 * 1024;
/// Lines of this time are written at once.
const GATHER: Duration = Duration::from_millis(10);
/// How long the end waits for standard error.
const END_WITHIN: Duration = Duration::from_millis(250);

/// Where lines are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    handed_in: Condvar,
    written: Condvar,
    room: usize,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    ending: bool,
    ended: bool,
}

impl Lines {
    /// Starts the thread that writes to `out`.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_room(out, ROOM)
    }

    fn with_room(out: impl Write + Send + 'static, room: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            handed_in: Condvar::new(),
            written: Condvar::new(),
            room,
        });
        let writing = Arc::clone(&shared);
        std::thread::Builder::new().name("log-lines".to_owned()).spawn(move || writing.write(out))?;
        Ok(Self(shared))
    }

    /// Writes what waits, and no more after that.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock();
        state.ending = true;
        self.0.handed_in.notify_one();
        let waiting = self.0.written.wait_timeout_while(state, END_WITHIN, |state| !state.ended);
        drop(waiting);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_in(&self, line: &[u8], room: usize) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > room {
            state.dropped += 1;
            return;
        }
        let first = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if first {
            self.handed_in.notify_one();
        }
    }

    fn write(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let waiting = self.handed_in.wait_while(self.lock(), |state| {
                state.waiting.is_empty() && state.dropped == 0 && !state.ending
            });
            let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines, &mut state.waiting);
            let (dropped, ending) = (std::mem::take(&mut state.dropped), state.ending);
            drop(state);
            // With standard error closed there is nobody to tell.
            drop(out.write_all(&lines).and_then(|()| out.flush()));
            lines.clear();
            if dropped > 0 {
                metrics::counter!("orqestra_log_lines_dropped_total").increment(dropped);
                tracing::warn!(lines = dropped, "log lines were dropped, since standard error is too slow");
            }
            let mut state = self.lock();
            if ending && state.waiting.is_empty() {
                state.ended = true;
                self.written.notify_all();
                return;
            }
            drop(self.handed_in.wait_timeout_while(state, GATHER, |state| !state.ending));
        }
    }
}

/// One line's way in.
pub(crate) struct Line<'a> {
    shared: &'a Shared,
    room: usize,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.hand_in(line, self.room);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shared: &self.0, room: self.0.room }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a> {
        let reserve = if *of.level() <= Level::WARN { RESERVE } else { 0 };
        Line { shared: &self.0, room: self.0.room + reserve }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Keeps what is written, and takes nothing until it is let.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().ok();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow(room: usize) -> (Lines, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (let_go, waits) = channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let lines = Lines::with_room(Slow(waits, Arc::clone(&written)), room).unwrap();
        (lines, let_go, written)
    }

    #[test]
    fn the_end_writes_what_waits() {
        let (lines, let_go, written) = slow(1_000);
        drop(let_go);
        for number in 0..100 {
            lines.make_writer().write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        lines.end();
        let wanted = (0..100).fold(String::new(), |all, number| all + &format!("{number}\n"));
        assert_eq!(String::from_utf8(written.lock().unwrap().clone()).unwrap(), wanted);
    }

    #[test]
    fn whoever_logs_never_waits_and_warnings_have_room_of_their_own() {
        let (lines, let_go, written) = slow(10);
        for _ in 0..1_000 {
            lines.make_writer().write_all(b"line\n").unwrap();
        }
        let mut important = Line { shared: &lines.0, room: 10 + RESERVE };
        important.write_all(b"warning\n").unwrap();
        drop(let_go);
        lines.end();
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(written.ends_with("warning\n"), "{written}");
        assert!(written.lines().count() <= 5, "two waited at most and two were being written: {written}");
    }

    #[test]
    fn an_end_is_not_held_up_by_who_takes_nothing() {
        let (lines, _let_go, _) = slow(1_000);
        lines.make_writer().write_all(b"line\n").unwrap();
        lines.end();
        assert!(!lines.0.lock().ended);
    }
}
