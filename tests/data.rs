//! `numamark generate` and `check-data`: a stretch of a stream on its way to a file and back.

mod program;

use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::Command;

use numamark::generator::{Codec, Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};
use program::{Finished, Folder, LIMIT, finish};

/// One line of the shell, in a folder, with the program in its path. `pipefail` shows every exit code of a pipe.
fn shell(line: &str, folder: &Path) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_numamark")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -eu -o pipefail; {line}")]).current_dir(folder).env("PATH", path);
    finish(command, LIMIT)
}

fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).expect(text)
}

fn library(stream: Stream, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::uninit(); count];
    stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out).to_vec()
}

/// Lengths around the block that is written at a time, offsets inside a granule, and one far away.
#[test]
fn the_command_writes_the_bytes_of_the_library() {
    let folder = Folder::new("written");
    let dedup = Dedup::new(ratio("3/2"), 16 << 10, Some(1 << 20)).expect("in range");
    let among = dedup.among(2, 8);
    let lz4 = Compression::new(ratio("2.5"), 1024, Some(Codec::Lz4)).expect("reachable");
    let plain = Compression::new(ratio("3"), 4096, None).expect("reachable");
    let shape = |dedup, compression| Shape::new(dedup, compression).expect("fits");
    for (flags, shape) in [
        ("", Shape::PLAIN),
        ("--compress 3", shape(None, Some(plain))),
        (
            "--dedup 1.5 --unit 16KiB --distance 1MiB --compress 2.5 --granule 1KiB --codec lz4",
            shape(Some(dedup), Some(lz4)),
        ),
        ("--dedup 3/2 --unit 16KiB --distance 1MiB --member 2/8", shape(Some(among), None)),
    ] {
        let stream = Stream::new(7, 3).shaped(shape);
        for (offset, length) in
            [(0, 0), (0, 1), (4097, (1 << 20) - 1), (1 << 60, 1 << 20), (3, (5 << 20) + 77)]
        {
            let line = format!(
                "numamark generate --seed 7 --stream 3 --offset {offset} --length {length} {flags} > data.bin"
            );
            shell(&line, folder.path()).expect_code(0);
            let written = fs::read(folder.path().join("data.bin")).expect("a file");
            assert!(written == library(stream, offset, written.len()), "{line}");
            assert_eq!(written.len() as u64, length, "{line}");
            if length > 0 {
                let check =
                    format!("numamark check-data data.bin --seed 7 --stream 3 --offset {offset} {flags}");
                let said = shell(&check, folder.path()).expect_code(0);
                assert!(
                    said.stdout.starts_with("data.bin: ") && said.stdout.contains(" are right"),
                    "{said:?}"
                );
            }
        }
    }
}

#[test]
fn pieces_written_apart_are_the_whole_and_pass_through_a_pipe() {
    let folder = Folder::new("pieces");
    let flags = "--seed 9 --dedup 2 --unit 4KiB --distance 256KiB --compress 2 --granule 512B";
    let line = format!(
        "numamark generate {flags} --length 3MiB > whole; \
         {{ numamark generate {flags} --length 1000001; \
            numamark generate {flags} --offset 1000001 --length 2145727; }} | cmp - whole; \
         numamark check-data - {flags} --length 3MiB < whole; \
         tail -c +1000002 whole | numamark check-data - {flags} --offset 1000001"
    );
    let said = shell(&line, folder.path()).expect_code(0);
    assert_eq!(said.stdout.matches(" are right").count(), 2, "{said:?}");
}

/// The first wrong byte, in the middle of a file that is wrong further on as well.
#[test]
fn the_first_wrong_byte_is_named() {
    let folder = Folder::new("wrong");
    let flags = "--seed 7 --dedup 2 --unit 64KiB --compress 4 --offset 8192";
    shell(&format!("numamark generate {flags} --length 3MiB > data.bin"), folder.path()).expect_code(0);
    let path = folder.path().join("data.bin");
    let right = fs::read(&path).expect("a file");
    for (wrong, inside) in
        [(2_000_000, "in its filler"), ((2 << 20) - 1, "in its random bytes"), (0, "filler")]
    {
        let mut data = right.clone();
        data[wrong] ^= 0x10;
        data[3_000_000] ^= 1;
        fs::write(&path, &data).expect("a file");
        let said = shell(&format!("numamark check-data data.bin {flags}"), folder.path()).expect_code(1);
        let (found, expected, offset) = (data[wrong], right[wrong], wrong + 8192);
        for part in [
            format!(
                "numamark: data.bin: byte {wrong} is wrong: found 0x{found:02x}, expected 0x{expected:02x}"
            ),
            format!("offset {offset} of the stream; the {wrong} bytes before it are right"),
            format!("byte {} of unit {}, of 64KiB each", offset % 65536, offset / 65536),
            format!("byte {} of granule {}, of 4KiB each", offset % 4096, offset / 4096),
            inside.to_owned(),
        ] {
            assert!(said.stderr.contains(&part), "{part}:\n{}", said.stderr);
        }
        // The bytes before the wrong byte can be checked separately.
        if wrong > 0 {
            let part = format!("numamark check-data data.bin {flags} --length {wrong}");
            shell(&part, folder.path()).expect_code(0);
        }
    }
    let said = shell("numamark check-data data.bin --seed 8", folder.path()).expect_code(1);
    assert!(said.stderr.contains("byte 0 is wrong"), "{}", said.stderr);
}

#[test]
fn a_file_that_is_too_short_empty_or_not_there_is_said_to_be() {
    let folder = Folder::new("short");
    shell("numamark generate --length 1MiB > data.bin; : > empty", folder.path()).expect_code(0);
    for (line, code, why) in [
        ("data.bin --length 2MiB", 1, "data.bin ends after 1048576 of 2097152 bytes; all of them are right"),
        ("empty", 1, "empty is empty: there is nothing to check"),
        ("nowhere", 2, "nowhere: No such file"),
        (".", 1, "directory"),
        ("data.bin --offset 18446744073709551615", 1, "goes on where streams end"),
    ] {
        let said = shell(&format!("numamark check-data {line}"), folder.path());
        assert!(said.code == Some(code) && said.stderr.contains(why), "{line}: {said:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    let folder = Folder::new("ends");
    let said =
        shell("numamark generate --length 1TiB | head -c 5000000 | wc -c", folder.path()).expect_code(0);
    assert_eq!((said.stdout.trim(), said.stderr.as_str()), ("5000000", ""));
    if !Path::new("/dev/full").exists() {
        println!("skipped the full disk: there is no /dev/full");
        return;
    }
    let said = shell("numamark generate --length 4MiB > /dev/full", folder.path()).expect_code(1);
    let why = "numamark: cannot write to standard output: No space left on device";
    assert!(said.stderr.starts_with(why) && said.stderr.contains("after 0 B of 4.00 MiB"), "{}", said.stderr);
}

#[test]
fn a_terminal_is_refused() {
    let folder = Folder::new("terminal");
    // `script` of util-linux runs a command on a terminal of its own.
    let line = "script --quiet --return --command 'numamark generate --length 1MiB' /dev/null < /dev/null";
    match Command::new("script").arg("--version").output() {
        Ok(output) if output.status.success() => {
            let said = shell(line, folder.path()).expect_code(2);
            assert!(said.stdout.contains("standard output is a terminal"), "{said:?}");
        }
        _ => println!("skipped: there is no script(1)"),
    }
}

#[test]
fn impossible_data_is_refused_with_the_accepted_values() {
    let folder = Folder::new("refused");
    for (flags, why) in [
        ("", "--length <SIZE>"),
        ("--length 1MiB --unit 64KiB", "--dedup <RATIO>"),
        ("--length 1MiB --codec lz4", "--compress <RATIO>"),
        ("--length 1MiB --compress 0.5", "at least 1"),
        ("--length 1MiB --compress 2 --codec gzip", "zstd-1, zstd-3, lz4"),
        ("--length 1MiB --compress 40 --granule 512B --codec lz4", "or a granule of 2KiB to 128KiB"),
        ("--length 1MiB --compress 2 --granule 3KiB", "a power of two from 512B to 128KiB"),
        ("--length 1MiB --dedup 2 --unit 4KiB --compress 2 --granule 8KiB", "does not fit a unit of 4KiB"),
        ("--length 1MiB --dedup 2 --member 8/8", "0/8 to 7/8"),
        ("--length 2 --offset 18446744073709551615", "end after 2^64"),
        ("--length 1KB", "KB is ambiguous"),
    ] {
        let said = shell(&format!("numamark generate {flags} | wc -c"), folder.path());
        assert!(said.code == Some(2) && said.stderr.contains(why), "{flags}: {said:?}");
        assert_eq!(said.stdout.trim(), "0", "{flags}");
    }
}
