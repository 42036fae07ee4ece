//! Writes a stretch of a stream into a file by direct I/O, reads it back the same way and verifies it.
//!
//! `cargo run --release --no-default-features --example write_direct -- FILE [MEBIBYTES]`
//!
//! Direct I/O goes around the page cache, so bytes that are read back come from the device. It needs memory, offsets and
//! lengths that are multiples of the device's block, here 4 KiB. When the file system does not support it, the example
//! ends with an error and never falls back to the page cache.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use numamark::generator::{Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};

/// Bytes written at a time: a multiple of every block, and small enough to be in the L3 when the device reads them.
const BUFFER_BYTES: usize = 8 << 20;
/// Alignment that direct I/O needs.
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
    let rate = |began: Instant| count as f64 / 1e6 / began.elapsed().as_secs_f64().max(1e-9);
    let began = Instant::now();
    write(&path, stream, count)?;
    let written = rate(began);
    let began = Instant::now();
    verify(&path, stream, count)?;
    Ok(format!(
        "{}: {mebibytes} MiB written at {written:.0} MB/s, read back and verified at {:.0} MB/s, dedup 1.5 : 1, \
         compression 2 : 1",
        path.display(),
        rate(began)
    ))
}

/// Writes the first `count` bytes into a new file. Existing files and disks are never overwritten.
fn write(path: &Path, stream: Stream, count: u64) -> Result<(), String> {
    let opened = direct(path, OpenOptions::new().write(true).create_new(true));
    let mut file = opened.map_err(|why| {
        // Linux creates the file before it finds that direct I/O cannot open it.
        if why.kind() == io::ErrorKind::InvalidInput {
            let _ = std::fs::remove_file(path);
        }
        not_opened(path, &why)
    })?;
    // One buffer for everything, however long the file is.
    let mut memory = vec![0; BUFFER_BYTES + ALIGNMENT];
    let buffer = aligned(&mut memory);
    for (offset, bytes) in pieces(count) {
        let piece = &mut buffer[..bytes];
        stream.overwrite(Kernel::best(), Stores::Ordinary, offset, piece);
        file.write_all(piece).map_err(|why| failed(path, "write", offset, &why))?;
    }
    file.sync_all().map_err(|why| format!("{}: cannot be made durable: {why}", path.display()))
}

/// Reads `count` bytes back and compares them with the stream.
fn verify(path: &Path, stream: Stream, count: u64) -> Result<(), String> {
    let mut file = direct(path, OpenOptions::new().read(true)).map_err(|why| not_opened(path, &why))?;
    let mut memory = vec![0; BUFFER_BYTES + ALIGNMENT];
    let buffer = aligned(&mut memory);
    for (offset, bytes) in pieces(count) {
        let piece = &mut buffer[..bytes];
        file.read_exact(piece).map_err(|why| failed(path, "read", offset, &why))?;
        stream.verify(Kernel::best(), offset, piece).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    Ok(())
}

/// The part of the memory that begins at the alignment of direct I/O.
fn aligned(memory: &mut [u8]) -> &mut [u8] {
    let start = memory.as_ptr().align_offset(ALIGNMENT);
    &mut memory[start..][..BUFFER_BYTES]
}

/// The stream: two of three units of 64 KiB are new, and each 4 KiB compress 2 : 1.
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

/// Opens a file for direct I/O.
fn direct(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.custom_flags(libc::O_DIRECT).open(path)
}

fn not_opened(path: &Path, why: &io::Error) -> String {
    let file = path.display();
    match why.kind() {
        // The error of Linux for file systems without direct I/O.
        io::ErrorKind::InvalidInput => format!(
            "{file}: its file system refuses direct I/O (O_DIRECT); take a file on a device, not on tmpfs or a network that \
             cannot"
        ),
        io::ErrorKind::AlreadyExists => format!("{file}: exists; take another name, or remove it first"),
        _ => format!("{file}: cannot be opened: {why}"),
    }
}

fn failed(path: &Path, what: &str, offset: u64, why: &io::Error) -> String {
    format!("{}: cannot {what} at byte {offset}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Path beside this program: on the disk that holds the build, which is seldom a tmpfs.
    fn file(name: &str) -> PathBuf {
        let program = std::env::current_exe().expect("a program knows where it is");
        let path = program.with_file_name(format!("write_direct-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn a_file_holds_the_stream_and_one_flipped_bit_is_found() {
        let (path, stream) = (file("stream"), Stream::new(7, 3).shaped(shape().expect("in range")));
        // More than one buffer, and not a multiple of it.
        let count = 11 << 20;
        match write(&path, stream, count) {
            Err(why) if why.contains("refuses direct I/O") => return println!("skipped: {why}"),
            written => assert_eq!(written, Ok(())),
        }
        assert_eq!(verify(&path, stream, count), Ok(()));
        assert!(verify(&path, Stream::new(7, 4), count).is_err(), "the bytes of another stream");

        let mut data = std::fs::read(&path).expect("it was written");
        data[9_000_000] ^= 0x10;
        std::fs::write(&path, data).expect("it can be written");
        let why = verify(&path, stream, count).expect_err("one bit is wrong");
        assert!(why.contains("byte 9000000 of the stream is"), "{why}");
        // The last piece is cut short, so reading all of it must fail.
        let why = verify(&path, stream, count + (1 << 20)).expect_err("it is shorter");
        assert!(why.contains("cannot read at byte 8388608"), "{why}");

        let why = write(&path, stream, count).expect_err("it exists");
        assert!(why.contains("exists"), "{why}");
        std::fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn a_file_system_without_direct_i_o_is_named_as_the_reason() {
        let why = verify(Path::new("/proc/self/status"), Stream::new(0, 0), 4096).expect_err("proc cannot");
        assert!(why.contains("refuses direct I/O"), "{why}");
    }
}
