//! Runs one command with a deadline and checks its outcome.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A scenario that has not ended by then hangs: twenty times what the slowest takes.
const HANG: Duration = Duration::from_secs(1200);

/// Time for which a job is suspended.
const SUSPENSION: Duration = Duration::from_secs(20);

/// Outcome of a scenario.
pub struct Outcome {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `command`. When it prints the first text of `signal`, it is sent the signal; after STOP follows CONT.
pub fn observe(mut command: Command, signal: Option<(&str, &str)>) -> Outcome {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let program = command.get_program().to_string_lossy().into_owned();
    let begin = Instant::now();
    let mut child = command
        .env("RUST_BACKTRACE", "0") // one line, whatever the environment requests
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the launcher was found before");
    let id = child.id().to_string();
    let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let (code, stdout, stderr) = std::thread::scope(|scope| {
        let stdout = scope.spawn(|| read_and_signal(stdout, signal, &id));
        let stderr = scope.spawn(|| read_all(stderr));
        let code = loop {
            match child.try_wait().expect("our child") {
                Some(status) => break status.code(),
                None if begin.elapsed() > HANG => {
                    send("TERM", &id); // mpirun and Hydra end their ranks on TERM, and have ten seconds for it
                    std::thread::sleep(Duration::from_secs(10));
                    send("KILL", &id);
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        (code, stdout.join().expect("no panic"), stderr.join().expect("no panic"))
    });
    let short =
        program.rsplit('/').next().unwrap_or(&program).split('-').next().unwrap_or_default().to_owned();
    let command = format!("{short} {}", words.join(" ").replace(&*this_program(), "<this>"));
    let seconds = begin.elapsed().as_secs_f64();
    println!("{seconds:5.1} s  exit {code:?}  {command}");
    ours(&stderr).iter().for_each(|line| println!("          {line}"));
    Outcome { command, code, stdout, stderr }
}

impl Outcome {
    /// Ends with this exit code and says exactly one line of ours, which contains `line`; none when that is empty.
    #[track_caller]
    pub fn ends(self, code: i32, line: &str) -> Outcome {
        let said = self.said_only(line);
        self.demand(self.code == Some(code) && said, &format!("exit code {code} and one line with '{line}'"));
        self
    }

    /// The same with any nonzero exit code: before MPI is initialised the launcher returns the code of the failed rank,
    /// or of a rank that it killed.
    #[track_caller]
    pub fn fails(self, line: &str) -> Outcome {
        let failed = self.code.is_some_and(|code| code != 0);
        self.demand(failed && self.said_only(line), &format!("a failure and one line with '{line}'"));
        self
    }

    fn said_only(&self, line: &str) -> bool {
        let line = line.replace("HOST", &host());
        let ours = ours(&self.stderr);
        if line.is_empty() { ours.is_empty() } else { ours.len() == 1 && ours[0].contains(&line) }
    }

    /// The printed line also contains this.
    #[track_caller]
    pub fn says(self, what: &str) -> Outcome {
        let what = what.replace("HOST", &host());
        self.demand(self.stderr.contains(&what), &format!("'{what}' on stderr"));
        self
    }

    #[track_caller]
    pub fn prints(self, what: &str) -> Outcome {
        self.demand(self.stdout.lines().any(|line| line == what), &format!("'{what}' on stdout"));
        self
    }

    #[track_caller]
    pub fn prints_once_a_rank(self, ranks: usize, what: &str) -> Outcome {
        let found = self.stdout.lines().filter(|line| line.ends_with(what)).count();
        self.demand(found == ranks, &format!("{ranks} times '{what}' on stdout"));
        self
    }

    /// A killed rank: the launcher returns its own nonzero code, and no output looks complete.
    #[track_caller]
    pub fn ends_as_the_launcher_says(self) {
        let failed = self.code.is_some_and(|code| code != 0) && !self.stdout.contains("well");
        self.demand(failed && ours(&self.stderr).is_empty(), "the launcher's own failure");
    }

    /// A rank that leaves with exit(0) before the end. Hydra may call that a success. Therefore a run is complete only
    /// when rank 0 has recorded it.
    #[track_caller]
    pub fn ends_without_looking_complete(self) {
        self.demand(self.code.is_some() && !self.stdout.contains("well"), "nothing that looks complete");
    }

    #[track_caller]
    fn demand(&self, holds: bool, what: &str) {
        let Outcome { command, code, stdout, stderr } = self;
        assert!(
            holds,
            "{command}\nmust end with {what}\nended with {code:?} (None: hung or killed)\n{stdout}\n{stderr}"
        );
    }
}

/// The lines that numamark itself printed.
fn ours(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.contains("numamark: ")).collect()
}

fn read_and_signal(stdout: impl Read, signal: Option<(&str, &str)>, id: &str) -> String {
    let mut text = String::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("a pipe of text");
        if let Some((_, signal)) = signal.filter(|(mark, _)| line == *mark) {
            send(signal, id);
            if signal == "STOP" {
                std::thread::sleep(SUSPENSION);
                send("CONT", id);
            }
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn read_all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).expect("a pipe");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn send(signal: &str, id: &str) {
    let _it_may_have_ended = Command::new("kill").args(["-s", signal, id]).status();
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").expect("Linux").trim().to_owned()
}

fn this_program() -> String {
    std::env::current_exe().expect("a path to this program").to_string_lossy().into_owned()
}
