//! `numamark check-data`: checks that a file holds a stretch of a stream, or finds the first byte that differs.

use std::fs::File;
use std::io::{Read, stdin};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::arguments::CheckDataArguments;
use super::print;
use crate::error::{Error, ExitCode, Result};
use crate::generator::{Kernel, Mismatch, Shape, Stream};
use crate::units::Bytes;

/// Bytes that are read and checked at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Blocks that may wait to be checked.
const BLOCKS_AHEAD: usize = 2;

/// Checks the file; a byte that is wrong or missing is exit code 1.
pub fn check_data(arguments: &CheckDataArguments) -> Result<ExitCode> {
    let stream = arguments.stream.stream()?;
    let asked = arguments.length.unwrap_or(u64::MAX);
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
        scope.spawn(|| read(&mut input, asked, blocks));
        check(&stream, arguments.stream.offset, &name, to_check)
    })?;
    let offset = arguments.stream.offset;
    if arguments.length.is_some() && checked < asked {
        return Err(Error::Failed(format!(
            "{name} ends after {checked} of {asked} bytes; all of them are right"
        )));
    }
    if checked == 0 && arguments.length.is_none() {
        return Err(Error::Failed(format!("{name} is empty: there is nothing to check")));
    }
    print(&format!("{name}: {} are right, from offset {offset} of the stream on\n", Bytes(checked)));
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

/// Number of bytes that are right, up to the end.
fn check(
    stream: &Stream,
    offset: u64,
    name: &str,
    blocks: Receiver<std::io::Result<Vec<u8>>>,
) -> Result<u64> {
    let kernel = Kernel::best();
    let mut checked = 0;
    for block in blocks {
        let failed = |why: &dyn std::fmt::Display| Error::Failed(format!("{name}: {why}"));
        let block = block.map_err(|why| failed(&format!("{why}, after {checked} bytes that are right")))?;
        let bytes = block.len() as u64;
        let room = (offset + checked).checked_add(bytes);
        room.ok_or_else(|| failed(&"goes on where streams end, at offset 2^64"))?;
        let verified = stream.verify(kernel, offset + checked, &block);
        verified.map_err(|mismatch| failed(&wrong(&mismatch, offset, stream.shape())))?;
        checked += bytes;
    }
    Ok(checked)
}

/// The position of the first wrong byte, in each form that helps to find it.
fn wrong(mismatch: &Mismatch, first: u64, shape: &Shape) -> String {
    let Mismatch { offset, expected, found } = *mismatch;
    let right = offset - first;
    let mut text = format!("byte {right} is wrong: found 0x{found:02x}, expected 0x{expected:02x}");
    text += &format!("\n  offset {offset} of the stream; the {right} bytes before it are right");
    let inside = |what: &str, bytes: u64| {
        format!("\n  byte {} of {what} {}, of {} each", offset % bytes, offset / bytes, Bytes(bytes))
    };
    if let Some(dedup) = shape.dedup() {
        text += &inside("unit", dedup.unit_bytes());
    }
    if let Some(compression) = shape.compression() {
        let bytes = compression.granule_bytes() as u64;
        let filler = bytes - compression.random_bytes() as u64;
        text += &inside("granule", bytes);
        text += if offset % bytes < filler { ": in its filler" } else { ": in its random bytes" };
    }
    text
}
