//! `numamark generate`: a stretch of a stream, on standard output.
//!
//! Two threads take turns: while one writes its block, the other fills the next. More would not help: one core fills
//! faster than a pipe or a file takes.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::arguments::GenerateArguments;
use crate::error::{Error, ExitCode, Result};
use crate::generator::{Kernel, Stores, Stream};
use crate::units::human_bytes;

/// Bytes that are filled and written at a time: they fit the L2 of many cores and are worth a system call.
const BLOCK_BYTES: u64 = 1 << 20;

/// Writes the stretch. A reader that has enough and closes the pipe (`| head`) is not an error.
pub fn generate(arguments: &GenerateArguments) -> Result<ExitCode> {
    let stream = arguments.stream.stream()?;
    arguments.stream.check_end(arguments.length)?;
    let stdout = std::io::stdout();
    if stdout.is_terminal() {
        return Err(Error::Usage(
            "standard output is a terminal, which these bytes would garble: redirect it, numamark generate .. > FILE"
                .to_owned(),
        ));
    }
    // Bypasses the buffer of `stdout`, which would search for line ends.
    let output =
        stdout.as_fd().try_clone_to_owned().map(File::from).map_err(|why| failed(&why.to_string()))?;
    let stretch = Stretch { stream, offset: arguments.stream.offset, length: arguments.length };
    match stretch.write(output) {
        Err(Stopped { why, .. }) if why.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::Done),
        Err(Stopped { why, written }) => {
            Err(failed(&format!("{why}, after {} of {}", human_bytes(written), human_bytes(stretch.length))))
        }
        Ok(()) => Ok(ExitCode::Done),
    }
}

fn failed(why: &str) -> Error {
    Error::Failed(format!("cannot write to standard output: {why}"))
}

/// The stretch to be written.
struct Stretch {
    stream: Stream,
    offset: u64,
    length: u64,
}

/// Progress, shared by both threads.
struct Stopped {
    why: std::io::Error,
    written: u64,
}

/// The output and the number of bytes written; only the thread that holds it may write.
struct Turn {
    output: File,
    written: u64,
}

impl Stretch {
    fn write(&self, output: File) -> Result<(), Stopped> {
        let ((to_even, even), (to_odd, odd)) = (channel(), channel());
        to_even.send(Turn { output, written: 0 }).expect("the receiver is here");
        std::thread::scope(|scope| {
            let odd = scope.spawn(move || self.write_every_other(1, &odd, &to_even));
            let even = self.write_every_other(0, &even, &to_odd);
            // Wakes the other thread, which may be waiting for a turn that would never come.
            drop(to_odd);
            even.and(odd.join().expect("it panics in no case"))
        })
    }

    /// Fills and writes blocks `first`, `first + 2` and so on.
    fn write_every_other(
        &self,
        first: u64,
        turns: &Receiver<Turn>,
        next: &Sender<Turn>,
    ) -> Result<(), Stopped> {
        let kernel = Kernel::best();
        let block_bytes = usize::try_from(BLOCK_BYTES.min(self.length)).expect("a block fits memory");
        let mut block = vec![MaybeUninit::uninit(); block_bytes];
        for begin in (first * BLOCK_BYTES..self.length).step_by(2 * block_bytes.max(1)) {
            let bytes = usize::try_from(BLOCK_BYTES.min(self.length - begin)).expect("no more than a block");
            let filled = self.stream.fill(kernel, Stores::Ordinary, self.offset + begin, &mut block[..bytes]);
            // No turn: the other thread stopped and reports the reason.
            let Ok(Turn { mut output, written }) = turns.recv() else { return Ok(()) };
            output.write_all(filled).map_err(|why| Stopped { why, written })?;
            // No thread waits for a turn after the last block.
            let _finished = next.send(Turn { output, written: written + bytes as u64 });
        }
        Ok(())
    }
}
