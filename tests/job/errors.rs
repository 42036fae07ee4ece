//! Every error message of the job file, as it is printed.
//!
//! `NUMAMARK_BLESS=1 cargo test --test job` rewrites what the catalogue says; read the difference before keeping it.

use std::fs;

use numamark::error::Error;
use numamark::job::{JOB_FILE_BYTES_MAX, Job, decode};

use crate::catalogue::catalogue;

#[test]
fn every_error_is_printed_as_the_catalogue_says() {
    let bless = std::env::var_os("NUMAMARK_BLESS").is_some();
    let mut count = 0;
    let mut different = String::new();
    for (path, mut examples) in catalogue() {
        for example in &mut examples {
            let printed = example.print();
            if printed != example.printed && !bless {
                different +=
                    &format!("{}\nexpected:\n{}\nprinted:\n{printed}\n\n", example.title, example.printed);
            }
            example.printed = printed;
            count += 1;
        }
        if bless {
            let text: String = examples.iter().map(|example| example.write()).collect();
            fs::write(&path, text.trim_end().to_owned() + "\n").expect("the catalogue can be written");
        }
    }
    assert!(different.is_empty(), "{different}");
    assert!(count >= 130, "the catalogue has {count} examples");
}

/// An editor jumps to `file:line:column`; a person looks at the line below. Both must be the same place.
#[test]
fn every_error_in_the_file_points_at_a_line_that_it_shows() {
    for (_, examples) in catalogue() {
        for example in examples {
            for message in example.print().split("\n\n").filter(|message| message.starts_with("job.toml:")) {
                let mut position = message.splitn(4, ':').skip(1).map(str::parse::<usize>);
                let (Some(Ok(line)), Some(Ok(column))) = (position.next(), position.next()) else {
                    panic!("{}: no position in {message}", example.title);
                };
                let text = example.text.lines().nth(line - 1).unwrap_or("");
                assert!(column <= text.chars().count() + 1, "{}: {message}", example.title);
                let (_, under) = message.split_once(&format!("\n  {line} |")).expect("the line is shown");
                let (shown, carets) = under.split_once('\n').expect("carets stand below");
                let caret = carets.find('^').expect("a caret") - carets.find('|').expect("a bar") - 2;
                if shown.trim_start().chars().count() == text.trim_start().chars().count() {
                    assert_eq!(caret + 1, column, "{}: {message}", example.title);
                }
            }
        }
    }
}

/// Files from Windows end their lines with two characters and may begin with a mark that nobody sees.
#[test]
fn line_ends_and_byte_order_marks_move_no_column() {
    let unix = "schema = 1\nname = \"x\"\n[generate]\nchunk = 64MiB\nblock = 4MiB";
    let print = |text: &str| match Job::parse(text, "job.toml", &[]) {
        Err(error) => error.to_string(),
        Ok(job) => panic!("{job:?}"),
    };
    let expected = print(unix);
    assert!(expected.contains("job.toml:5:9: 4MiB needs quotes"), "{expected}");
    assert_eq!(print(&unix.replace('\n', "\r\n")), expected);
    assert_eq!(print(&format!("\u{FEFF}{unix}")), expected);
    let first_line = "schema = 2\nname = \"x\"\n[generate]\n";
    assert_eq!(print(&format!("\u{FEFF}{first_line}")), print(first_line));
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let refused = |bytes: &[u8]| match decode(bytes, "job.toml") {
        Err(Error::Job(message)) => message,
        other => panic!("{other:?}"),
    };
    let latin = refused(b"schema = 1\nname = \"Z\xFCrich\"\n");
    assert!(latin.starts_with("job.toml:2:10: byte 0xFC is not UTF-8\n  2 | name = \"Z"), "{latin}");
    assert!(refused(b"\xFF\xFEs\0c\0h\0e\0m\0a\0").starts_with("job.toml:1:1: this is UTF-16"));
    assert!(refused(&vec![b'#'; JOB_FILE_BYTES_MAX + 1]).contains("larger than 1MiB"));
    assert_eq!(decode(b"schema = 1", "job.toml").expect("plain text"), "schema = 1");
}
