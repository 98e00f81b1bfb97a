//! The shell that starts a server, such as a broker, and ends it, however the test process ends.
//!
//! It obeys words on its standard input. When that closes without a farewell, because this process is gone, it kills the
//! broker and removes the folder. It alone reaps the broker, so the broker's process id cannot become another's while it
//! is known here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};

/// `$1` is the folder, the rest is the broker's command. What this process was handed open, such as a lock, is not kept
/// open by the broker. The broker ends too if the shell is killed.
const KEEPER: &str = r#"
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
folder=$1
shift
broker=
end() {
    [ -z "$broker" ] && return
    kill -KILL $broker
    wait $broker
    broker=
}
while read -r word; do
    case $word in
    start)
        setpriv --pdeathsig KILL -- "$@" </dev/null >>"$folder/out" 2>&1 &
        broker=$!
        echo $broker
        ;;
    end)
        end
        echo ended
        ;;
    leave)
        end
        exit
        ;;
    esac
done
end
rm -rf "$folder"
"#;

/// A running keeper, with or without a broker.
pub(crate) struct Keeper {
    child: Child,
    words: ChildStdin,
    told: BufReader<ChildStdout>,
    broker: Option<Pid>,
}

impl Keeper {
    /// Starts one for the broker that `command` starts.
    pub(crate) fn start(folder: &Path, command: &[String]) -> Result<Self> {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(folder).args(command);
        // A group of its own: an interrupt from the terminal ends the test process, and the keeper cleans up after it.
        keeper.current_dir("/").process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = keeper.spawn().context("starting sh")?;
        let words = child.stdin.take().expect("it is piped");
        let told = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, words, told, broker: None })
    }

    /// Starts the broker's process.
    pub(crate) fn start_broker(&mut self) -> Result<()> {
        if self.broker.is_some() {
            bail!("the broker has been started already: kill or stop it first");
        }
        self.tell("start")?;
        let pid = self.next_line()?.parse().ok().and_then(Pid::from_raw);
        self.broker = Some(pid.context("the keeper tells no process id")?);
        Ok(())
    }

    /// Kills the broker, if there is one, and returns once it is gone.
    pub(crate) fn end_broker(&mut self) -> Result<()> {
        self.tell("end")?;
        self.next_line()?;
        self.broker = None;
        Ok(())
    }

    /// Signals the broker.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let broker = self.broker.context("the broker was ended: restart it first")?;
        rustix::process::kill_process(broker, signal).context("signalling the broker")
    }

    /// Whether the broker's process runs, or is stopped; false for one that has ended and is not reaped yet.
    pub(crate) fn runs(&self) -> bool {
        let Some(broker) = self.broker else { return false };
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", broker.as_raw_nonzero()));
        // The name, in parentheses, may hold anything; the state follows it.
        let state = stat.unwrap_or_default();
        state.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
    }

    fn tell(&mut self, word: &str) -> Result<()> {
        writeln!(self.words, "{word}").context("the shell that keeps the broker is gone")
    }

    fn next_line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.told.read_line(&mut line).context("the shell that keeps the broker is gone")?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.tell("leave").ok();
        self.child.wait().ok();
    }
}
