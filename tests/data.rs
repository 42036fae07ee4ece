//! `numamark generate` and `check-data`: a stretch of a stream on its way to a file and back.
#![cfg(feature = "cli")]

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
            match wrong {
                0 => format!("\n  offset {offset} of the stream\n"),
                _ => format!("offset {offset} of the stream; the {wrong} bytes before it are right"),
            },
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

/// Data of each kind that is right, but not where or what is asked for, and the last lines of the message.
#[test]
fn wrong_bytes_are_found_elsewhere() {
    let folder = Folder::new("elsewhere");
    let make = "g() { numamark generate \"$@\"; }; g --length 3MiB > plain; g --length 1MiB --stream 5 > fifth; \
                head -c 700 plain > header; g --length 2MiB --offset 1MiB --compress 2 > tail";
    shell(make, folder.path()).expect_code(0);
    let whole = |bytes: u64, flags: &str| format!("all {bytes} bytes are right {flags}");
    for (data, flags, said) in [
        ("cat plain", "--offset 1TiB", whole(3 << 20, "with --offset 0")),
        ("g --length 1MiB --offset 5TiB", "", whole(1 << 20, "with --offset 5497558138880")),
        ("cat fifth", "--stream 9", whole(1 << 20, "with --stream 5")),
        ("cat fifth", "--seed 5 --stream 1", whole(1 << 20, "with --seed 1 --stream 5")),
        ("tail -c +777 plain | head -c 5000", "", whole(5000, "with --offset 776")),
        ("tail -c +777 tail", "--compress 2", whole(2096376, "with --offset 1049352")),
        ("cat tail", "--offset 1MiB", whole(2 << 20, "with --compress 2")),
        ("cat plain", "--compress 1.5", whole(3 << 20, "without --compress")),
        ("cat plain", "--compress 2 --offset 9MiB", whole(3 << 20, "with --offset 0 and without --compress")),
        (
            "g --length 2MiB --compress 2 --codec lz4 --granule 8KiB",
            "--compress 2",
            whole(2 << 20, "with --granule 8KiB --codec lz4"),
        ),
        ("g --length 13MiB --dedup 1.5", "--dedup 2", whole(13 << 20, "with --dedup 1.5")),
        ("g --length 1MiB --dedup 1.5 --member 1/2", "--dedup 1.5", whole(1 << 20, "with --member 1/2")),
        (
            "cat header plain",
            "--offset 0 --length 1MiB",
            "from byte 700 on, 1047876 bytes are right for offset 0 of the stream, 700 bytes further back: \
             700 bytes too many before them"
                .to_owned(),
        ),
        (
            "head -c 1MiB plain; tail -c +1052673 plain",
            "",
            "from byte 1048576 on, 2093056 bytes are right for offset 1052672 of the stream, 4096 bytes further on: \
             4096 bytes missing before them"
                .to_owned(),
        ),
        (
            "cat plain tail fifth",
            "",
            "from byte 3145728 on, 2097152 bytes are right with --compress 2, at offset 1048576 of it\n  \
             from byte 5242880 on, 1048576 bytes are right with --stream 5, at offset 0 of it"
                .to_owned(),
        ),
    ] {
        let line = format!("g() {{ numamark generate \"$@\"; }}; {{ {data}; }} | numamark check-data - {flags}");
        let found = shell(&line, folder.path()).expect_code(1);
        let begins = "numamark: standard input: byte ";
        assert!(found.stderr.starts_with(begins), "{line}: {}", found.stderr);
        let (_, after) = found.stderr.split_once("\n  wrong: ").expect("the counts");
        let (_, lines) = after.split_once("\n  ").unwrap_or_default();
        assert!(lines.trim_end().starts_with(&said), "{line}:\n{}", found.stderr);
    }
}

/// Damage of every kind, in a copy of right data, and the whole message.
#[test]
fn all_wrong_bytes_are_counted() {
    let folder = Folder::new("counted");
    let flags = "--seed 7 --dedup 2 --unit 64KiB --compress 4";
    shell(&format!("numamark generate {flags} --length 2MiB > data.bin"), folder.path()).expect_code(0);
    let path = folder.path().join("data.bin");
    let right = fs::read(&path).expect("a file");
    let check = |data: &[u8]| {
        fs::write(&path, data).expect("a file");
        shell(&format!("numamark check-data data.bin {flags}"), folder.path()).expect_code(1).stderr
    };
    let mut data = right.clone();
    for wrong in [70_000, 70_001, 140_000, 2_000_000] {
        data[wrong] ^= 1;
    }
    let (found, expected) = (data[70_000], right[70_000]);
    let message = format!(
        "numamark: data.bin: byte 70000 is wrong: found 0x{found:02x}, expected 0x{expected:02x}\n  \
         offset 70000 of the stream; the 70000 bytes before it are right\n  \
         byte 4464 of unit 1, of 64KiB each\n  \
         byte 368 of granule 17, of 4KiB each: in its filler\n  \
         wrong: 4 of 2,097,152 bytes, in 3 of 32 units and 3 of 512 granules; the last one is byte 2000000\n"
    );
    assert_eq!(check(&data), message);

    // Two units exchanged, and a byte of one of them changed.
    let mut data = right.clone();
    let (first, second) = data.split_at_mut(20 << 16);
    first[3 << 16..4 << 16].swap_with_slice(&mut second[..1 << 16]);
    data[20 << 16] ^= 1;
    let said = check(&data);
    for part in [
        "in 2 of 32 units and 32 of 512 granules",
        "\n  from byte 196608 on, 65536 bytes are right for offset 1310720 of the stream, 1114112 bytes further on\n",
        "\n  from byte 1310721 on, 65535 bytes are right for offset 196609 of the stream, 1114112 bytes further back\n",
        "\n  the other wrong bytes were not found elsewhere\n",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }

    let mut data = right.clone();
    data[8192..16384].fill(0);
    let said = check(&data);
    assert!(said.ends_with("\n  every wrong byte is 0x00: never written, or a hole in the file\n"), "{said}");

    // Nothing of any stream.
    let mut random = Stream::new(u64::MAX - 3, u64::MAX - 9);
    random = random.shaped(Shape::PLAIN);
    let data = library(random, 1 << 63, 1 << 20);
    fs::write(&path, data).expect("a file");
    let said = shell("numamark check-data data.bin --length 2MiB", folder.path()).expect_code(1).stderr;
    let tried = "\n  the wrong bytes were not found elsewhere; tried: 8GiB of the stream before and after the offset asked \
                 for, and its first 8GiB; streams and seeds 0 to 255; other ratios at their place\n  \
                 the file ends after 1048576 of 2097152 bytes\n";
    assert!(said.ends_with(tried), "{said}");
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
        ("data.bin --offset 18446744073709551615", 1, "continues past offset 2^64"),
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
