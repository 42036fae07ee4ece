//! Writes a stretch of a stream into a file by direct I/O, reads it back the same way and verifies it.
//!
//! `cargo run --release --no-default-features --example write_direct -- FILE [MEBIBYTES]`
//!
//! Direct I/O goes around the page cache, so what is read back comes from the device. It wants memory, offsets and lengths
//! that are multiples of the device's block, here 4 KiB. A file system that cannot do it says so: nothing falls
//! back to the page cache in silence.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use numamark::generator::{Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};

/// What is written at a time: a multiple of every block, and small enough to be in the L3 when the device reads it.
const BUFFER_BYTES: usize = 8 << 20;
/// What direct I/O wants memory to be aligned to.
const ALIGNMENT: usize = 4 << 10;

fn main() -> ExitCode {
    match run() {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("write_direct: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let usage = "usage: write_direct FILE [MEBIBYTES]";
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or(usage)?);
    let mebibytes: u64 = match arguments.next() {
        None => 64,
        Some(text) => {
            text.parse().map_err(|_| format!("\"{text}\" is not a number of mebibytes; {usage}"))?
        }
    };
    let count = mebibytes.checked_mul(1 << 20).ok_or("more than a stream is long")?;

    let stream = Stream::new(7, 3).shaped(shape()?);
    let kernel = Kernel::best();
    // One buffer for everything, however long the file is.
    let mut memory = vec![0; BUFFER_BYTES + ALIGNMENT];
    let start = memory.as_ptr().align_offset(ALIGNMENT);
    let buffer = &mut memory[start..][..BUFFER_BYTES];

    let mut file = direct(&path, OpenOptions::new().write(true).create(true).truncate(true))?;
    let began = Instant::now();
    for (offset, bytes) in pieces(count) {
        let piece = &mut buffer[..bytes];
        stream.overwrite(kernel, Stores::Ordinary, offset, piece);
        file.write_all(piece).map_err(|why| failed(&path, "write", offset, &why))?;
    }
    file.sync_all().map_err(|why| format!("{}: cannot be made durable: {why}", path.display()))?;
    let written_s = began.elapsed().as_secs_f64();

    let mut file = direct(&path, OpenOptions::new().read(true))?;
    let began = Instant::now();
    for (offset, bytes) in pieces(count) {
        let piece = &mut buffer[..bytes];
        file.read_exact(piece).map_err(|why| failed(&path, "read", offset, &why))?;
        stream.verify(kernel, offset, piece).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let read_s = began.elapsed().as_secs_f64();
    let rate = |seconds: f64| count as f64 / 1e6 / seconds.max(1e-9);
    Ok(format!(
        "{}: {mebibytes} MiB written at {:.0} MB/s, read back and verified at {:.0} MB/s, dedup 1.5 : 1, compression 2 : 1",
        path.display(),
        rate(written_s),
        rate(read_s)
    ))
}

/// Of three units of 64 KiB two are new, and each 4 KiB compress 2 : 1.
fn shape() -> Result<Shape, String> {
    let dedup = Dedup::new(Ratio::parse("1.5")?, 64 << 10, None)?;
    let compression = Compression::new(Ratio::parse("2")?, 4 << 10, None)?;
    Shape::new(Some(dedup), Some(compression))
}

/// Offset and length of each piece.
fn pieces(count: u64) -> impl Iterator<Item = (u64, usize)> {
    let piece = move |offset: u64| {
        let left = usize::try_from(count - offset).unwrap_or(BUFFER_BYTES);
        (offset, left.min(BUFFER_BYTES))
    };
    (0..count).step_by(BUFFER_BYTES).map(piece)
}

/// Opens around the page cache, or says that this cannot be done here.
fn direct(path: &Path, options: &mut OpenOptions) -> Result<File, String> {
    options.custom_flags(libc::O_DIRECT).open(path).map_err(|why| match why.raw_os_error() {
        Some(libc::EINVAL) => format!(
            "{}: its file system refuses direct I/O (O_DIRECT); take a file on a device, not on tmpfs or a network that \
             cannot",
            path.display()
        ),
        _ => format!("{}: cannot be opened: {why}", path.display()),
    })
}

fn failed(path: &Path, what: &str, offset: u64, why: &io::Error) -> String {
    format!("{}: cannot {what} at byte {offset}: {why}", path.display())
}
