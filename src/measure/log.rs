//! A log of histograms for the tools of the HDR family: "Histogram log format version 1.3", with each histogram in the
//! compressed V2 encoding.
//!
//! <https://github.com/HdrHistogram/HdrHistogram>: `HistogramLogWriter`, `HistogramLogReader`. Start times count from
//! `BaseTime`, so that readers need not guess; maxima are in milliseconds; values in the histograms are nanoseconds.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, IntervalLogWriterError, LogEntry,
    Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::histogram::{self, layout};

/// One line: a histogram and the name of its quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Name of the measured quantity; without spaces and commas.
    pub tag: String,
    /// Start, counted from the start of the log.
    pub start_ms: u64,
    /// Length of the measurement.
    pub length_ms: u64,
    /// Counters that are not zero, ascending.
    pub counters: Vec<(u32, u64)>,
}

/// A whole log, read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Start of the log, in milliseconds since 1970, UTC.
    pub start_unix_ms: u64,
    /// Every line, in order.
    pub intervals: Vec<Interval>,
}

/// Nanoseconds per unit of the maxima: these tools expect milliseconds.
const MAX_DIVISOR: f64 = 1e6;
/// The line of column names. Some tools show it, and all tools skip it.
const LEGEND: &str = r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#;

/// Writes a log.
///
/// # Errors
/// When `out` fails, a tag has a space or a comma, or a counter exceeds 63 bits, which the encoding cannot hold.
pub fn write(
    out: &mut impl Write,
    start_unix_ms: u64,
    comment: &str,
    intervals: impl IntoIterator<Item = Interval>,
) -> io::Result<()> {
    let mut encoder = V2DeflateSerializer::new();
    IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(comment)
        .with_start_time(UNIX_EPOCH + Duration::from_millis(start_unix_ms))
        .with_base_time(UNIX_EPOCH + Duration::from_millis(start_unix_ms))
        .begin_log_with(out, &mut encoder)?;
    writeln!(out, "{LEGEND}")?;
    let mut lines = IntervalLogWriterBuilder::new()
        .with_max_value_divisor(MAX_DIVISOR)
        .begin_log_with(out, &mut encoder)?;
    let mut counters = empty();
    for interval in intervals {
        let invalid =
            |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", interval.tag));
        let tag = Tag::new(&interval.tag).ok_or_else(|| invalid("a tag has no space or comma".to_owned()))?;
        counters.reset();
        for (index, count) in &interval.counters {
            let value =
                layout().get(*index as usize).ok_or_else(|| invalid(format!("no counter {index}")))?;
            counters.saturating_record_n(*value, *count);
        }
        let (start, length) =
            (Duration::from_millis(interval.start_ms), Duration::from_millis(interval.length_ms));
        lines.write_histogram(&counters, start, length, Some(tag)).map_err(|why| match why {
            IntervalLogWriterError::IoError(why) => why,
            IntervalLogWriterError::SerializeError(why) => invalid(why.to_string()),
        })?;
    }
    Ok(())
}

/// Reads a log written by `write`.
///
/// # Errors
/// The tag of the line, or the byte, that cannot be read.
pub fn read(text: &[u8]) -> Result<Log, String> {
    let (mut log, mut decoder) = (Log::default(), Deserializer::new());
    for entry in IntervalLogIterator::new(text) {
        match entry.map_err(|why| format!("{why:?}"))? {
            LogEntry::BaseTime(start) => log.start_unix_ms = milliseconds(start)?,
            LogEntry::StartTime(_) => {}
            LogEntry::Interval(line) => {
                let tag = line.tag().map_or("", |tag| tag.as_str()).to_owned();
                let interval = interval(&line, &mut decoder).map_err(|why| format!("{tag}: {why}"))?;
                log.intervals.push(Interval { tag, ..interval });
            }
        }
    }
    Ok(log)
}

fn interval(line: &IntervalLogHistogram, decoder: &mut Deserializer) -> Result<Interval, String> {
    let bytes = BASE64.decode(line.encoded_histogram()).map_err(|why| why.to_string())?;
    let decoded: Hdr<u64> = decoder.deserialize(&mut bytes.as_slice()).map_err(|why| why.to_string())?;
    let ours = (histogram::LOWEST_NS, histogram::HIGHEST_NS, histogram::SIGNIFICANT_DIGITS);
    let found = (decoded.low(), decoded.high(), decoded.sigfig());
    if found != ours {
        return Err(format!("has the layout {found:?}, numamark writes {ours:?} (lowest, highest, digits)"));
    }
    let counters = (0..).zip(decoded.iter_all()).map(|(index, step)| (index, step.count_at_value()));
    Ok(Interval {
        tag: String::new(),
        start_ms: milliseconds(line.start_timestamp())?,
        length_ms: milliseconds(line.duration())?,
        counters: counters.filter(|(_, count)| *count > 0).collect(),
    })
}

fn milliseconds(duration: Duration) -> Result<u64, String> {
    u64::try_from(duration.as_millis()).map_err(|_| format!("{duration:?} is no time"))
}

fn empty() -> Hdr<u64> {
    let (low, high) = (histogram::LOWEST_NS, histogram::HIGHEST_NS);
    Hdr::new_with_bounds(low, high, histogram::SIGNIFICANT_DIGITS)
        .expect("the layout is a constant that hdrhistogram accepts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Histogram;
    use crate::mix::Random;

    fn made_up(seed: u64) -> Vec<Interval> {
        let mut random = Random::new(seed);
        let mut interval = |number: u64| {
            let mut histogram = Histogram::new();
            for _ in 0..=random.below(3000) {
                // Log-uniform to beyond the range, so that the highest counter gets values.
                let bits = random.below(38);
                histogram.record(random.bits() & ((1 << bits) - 1));
            }
            let counters = histogram.nonzero();
            Interval {
                tag: format!("case;name{number}"),
                start_ms: number * 1001,
                length_ms: number * 7,
                counters,
            }
        };
        (0..40).map(&mut interval).collect()
    }

    #[test]
    fn a_written_log_is_read_back_counter_by_counter() {
        let mut intervals = made_up(51);
        // The first and the highest counter, an empty histogram, and the largest count that fits.
        let highest = u32::try_from(histogram::highest_index()).expect("few");
        for counters in [vec![], vec![(0, 1)], vec![(highest, 3)], vec![(5, u64::MAX >> 1)]] {
            intervals.push(Interval { tag: "edge".to_owned(), start_ms: 0, length_ms: 0, counters });
        }
        let mut text = Vec::new();
        write(&mut text, 1_700_000_000_123, "made up", intervals.clone()).expect("memory has room");
        let log = read(&text).expect("what was written");
        assert_eq!(log, Log { start_unix_ms: 1_700_000_000_123, intervals }, "seed 51");
    }

    #[test]
    fn the_text_is_what_other_tools_expect() {
        let counters = vec![(2047, 2), (3000, 1)];
        let one = Interval { tag: "a;chunk_ns".to_owned(), start_ms: 1500, length_ms: 2001, counters };
        let mut text = Vec::new();
        write(&mut text, 1_700_000_000_123, "by a test", [one]).expect("memory has room");
        let text = String::from_utf8(text).expect("a log is text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "#[Histogram log format version 1.3]",
                "#by a test",
                "#[StartTime: 1700000000.123 (seconds since epoch)]",
                "#[BaseTime: 1700000000.123 (seconds since epoch)]",
            ]
        );
        assert_eq!(lines[4], LEGEND);
        // Counter 3000 counts 4,000 and 4,001 ns.
        assert!(lines[6].starts_with("Tag=a;chunk_ns,1.500,2.001,0.004,HISTF"), "{}", lines[6]);
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn tags_and_counters_that_a_log_cannot_hold_are_refused() {
        let with = |tag: &str, counters| {
            let one = Interval { tag: tag.to_owned(), start_ms: 0, length_ms: 0, counters };
            write(&mut Vec::new(), 0, "", [one]).expect_err(tag).to_string()
        };
        assert!(with("a b", vec![]).contains("no space or comma"));
        assert!(with("a", vec![(u32::MAX, 1)]).contains("no counter 4294967295"));
        assert!(with("a", vec![(1, u64::MAX)]).contains("i64::MAX"));
        assert!(read(b"Tag=a,0.000,1.000,1.000,not*base64\n").expect_err("damaged").starts_with("a: "));
        assert!(read(b"nonsense\n").is_err());
    }
}
