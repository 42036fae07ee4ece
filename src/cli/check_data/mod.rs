//! `numamark check-data`: checks that a file holds a stretch of a stream, counts the bytes that are wrong, and finds out which
//! stream they are of.

mod candidate;
mod elsewhere;
mod sentences;
mod shapes;
mod trace;
mod wrong;

use std::fs::File;
use std::io::{Read, stdin};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::arguments::CheckDataArguments;
use super::print;
use crate::error::{Error, ExitCode, Result};
use crate::units::{Bytes, count};
use candidate::Candidate;
use trace::Trace;
use wrong::WrongBytes;

/// Bytes that are read and checked at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Blocks that may wait to be checked.
const BLOCKS_AHEAD: usize = 2;

/// Checks the file; a byte that is wrong or missing is exit code 1.
pub fn check_data(arguments: &CheckDataArguments) -> Result<ExitCode> {
    let asked = Candidate { arguments: arguments.stream.clone(), stream: arguments.stream.stream()? };
    let length = arguments.length.unwrap_or(u64::MAX);
    arguments.stream.check_end(arguments.length.unwrap_or(0))?;
    let name = match arguments.file.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => arguments.file.display().to_string(),
    };
    let mut input: Box<dyn Read + Send> = match arguments.file.to_str() {
        Some("-") => Box::new(stdin()),
        _ => Box::new(File::open(&arguments.file).map_err(|why| Error::Usage(format!("{name}: {why}")))?),
    };
    let (blocks, to_check) = sync_channel(BLOCKS_AHEAD);
    let checked = std::thread::scope(|scope| {
        scope.spawn(|| read(&mut input, length, blocks));
        check(&asked, to_check)
    });
    let Checked { wrong, trace, failure } = checked;
    let bytes = wrong.bytes;
    if let Some(mut message) = wrong.message() {
        message += &sentences::elsewhere(&asked, &trace, bytes);
        if let Some(why) = failure {
            message += &format!("\n  {why}, after {bytes} bytes");
        } else if arguments.length.is_some() && bytes < length {
            message += &format!("\n  the file ends after {bytes} of {length} bytes");
        }
        return Err(Error::Failed(format!("{name}: {message}")));
    }
    if let Some(why) = failure {
        return Err(Error::Failed(format!("{name}: {why}, after {bytes} bytes that are right")));
    }
    if arguments.length.is_some() && bytes < length {
        return Err(Error::Failed(format!(
            "{name} ends after {bytes} of {length} bytes; all of them are right"
        )));
    }
    if bytes == 0 && arguments.length.is_none() {
        return Err(Error::Failed(format!("{name} is empty: there is nothing to check")));
    }
    let offset = arguments.stream.offset;
    print(&format!("{name}: {} are right, from offset {offset} of the stream on\n", Bytes(bytes)));
    Ok(ExitCode::Done)
}

/// Reads ahead of the check, until the end, `bytes_max` bytes, an error, or the end of the receiver.
fn read(input: &mut dyn Read, bytes_max: u64, blocks: SyncSender<std::io::Result<Vec<u8>>>) {
    let mut input = input.take(bytes_max);
    loop {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        let outcome = { &mut input }.take(BLOCK_BYTES as u64).read_to_end(&mut block);
        let last = outcome.is_err() || block.is_empty();
        if !block.is_empty() && blocks.send(Ok(block)).is_err() {
            return;
        }
        if last {
            let _nobody_listens = outcome.map_or_else(|why| blocks.send(Err(why)), |_| Ok(()));
            return;
        }
    }
}

/// Result of reading a file.
struct Checked {
    wrong: WrongBytes,
    trace: Trace,
    /// Reason that its end was not reached.
    failure: Option<String>,
}

/// Checks blocks until the end, or until one cannot be read.
fn check(asked: &Candidate, blocks: Receiver<std::io::Result<Vec<u8>>>) -> Checked {
    let (mut wrong, mut trace, mut failure) = (WrongBytes::new(asked), Trace::new(asked), None);
    for block in blocks {
        let block = match block {
            Ok(block) => block,
            Err(why) => {
                failure = Some(why.to_string());
                break;
            }
        };
        let position = wrong.bytes;
        let end = asked.offset_of(position).checked_add(count(block.len()));
        if end.is_none() {
            failure = Some("the file continues past offset 2^64, where a stream ends".to_owned());
            break;
        }
        wrong.add(&block);
        trace.add(position, &block);
    }
    trace.end();
    Checked { wrong, trace, failure }
}
