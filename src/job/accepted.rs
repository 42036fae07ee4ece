//! Accepted values of a key, in words, and the accepted value that a refused one was probably meant to be.

use crate::generator::Ratio;
use crate::units::{Bytes, Nanoseconds, Share};
use crate::word::Word;

use super::entry::{Found, Raw};
use super::key::{Key, Kind};
use super::nearest::did_you_mean;
use crate::metric::CaseMetric;

/// Describes the values that a key accepts.
pub(super) fn accepted(kind: &Kind) -> String {
    match *kind {
        Kind::Word(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", "),
        Kind::Size { min, max, multiple } => {
            format!("a size from {} to {}, a multiple of {}", Bytes(min), Bytes(max), Bytes(multiple))
        }
        Kind::PowerOfTwo { min, max } => {
            format!("a size from {} to {}, a power of two", Bytes(min), Bytes(max))
        }
        Kind::SizeOr { word, min, max, multiple } => {
            format!("\"{word}\", or {}", accepted(&Kind::Size { min, max, multiple }))
        }
        Kind::SizesOr { word, min, max } => {
            let [min, max] = [min, max].map(|bytes| Bytes(bytes.into()));
            format!("\"{word}\", or a range such as \"8B..128B\" or one size, from {min} to {max}")
        }
        Kind::Ratio => {
            let most = Ratio::MAX;
            format!("a ratio from 1 to {most}, such as 1.5, \"3/2\" or 2, with at most six decimals")
        }
        Kind::Duration { min, max } => {
            format!("a duration from {} to {}", Nanoseconds(min), Nanoseconds(max))
        }
        Kind::Count { min, max } if min == max => min.to_string(),
        Kind::Count { min, max } => format!("a whole number from {min} to {max}"),
        Kind::CountOr { word, min, max } => format!("\"{word}\", or a whole number from {min} to {max}"),
        Kind::Share { min, max } => {
            format!(
                "a share from \"{}\" to \"{}\", or the number from {min} to {max}",
                Share(min),
                Share(max)
            )
        }
        Kind::Bound { max } => format!("a number from 0 to {max:e}, or a share such as \"95%\""),
        Kind::Path => "the path of a run directory".to_owned(),
        Kind::Switch => "true, false".to_owned(),
        Kind::Metric => {
            let metrics = accepted(&Kind::Word(CaseMetric::WORDS));
            format!("{metrics}, or a figure of a histogram such as \"refill_ns.p99\"")
        }
        Kind::Name { max_chars, marks } => {
            let marks: Vec<String> = marks.chars().map(|mark| format!("\"{mark}\"")).collect();
            let (last, others) = marks.split_last().expect("every name may have a mark");
            let others: String = others.iter().map(|mark| format!(", {mark}")).collect();
            format!(
                "1 to {max_chars} of letters, digits{others} and {last}, beginning with a letter or digit"
            )
        }
        Kind::Table(section) => {
            let keys: Vec<String> = section.keys().map(|key| key.name.to_owned()).collect();
            format!("a section with the keys {}", keys.join(", "))
        }
    }
}

/// The value that was probably meant, for a value of the wrong type.
pub(super) fn remedy(key: &Key, found: &Found) -> String {
    match (key.kind, &found.raw) {
        (kind, Raw::Integer(number, text)) if kind.is_size() => match u64::try_from(*number) {
            // Nobody writes thousands of KiB or MiB: these are bytes.
            Ok(bytes) if bytes >= 4096 => format!("a number has no unit: write \"{}\"", Bytes(bytes)),
            _ => format!("a number has no unit: write \"{text}MiB\" or \"{text}KiB\""),
        },
        (Kind::SizesOr { .. }, Raw::Integer(_, text)) => {
            format!("a number has no unit: write \"{text}B\"")
        }
        (Kind::Duration { .. }, Raw::Integer(_, text)) => {
            format!("a number has no unit: write \"{text}s\" or \"{text}ms\"")
        }
        (Kind::Duration { .. }, Raw::Float(n)) => format!("a number has no unit: write \"{n}s\""),
        (Kind::Table(section), _) => format!("write [{}] and its keys below it", section.name()),
        (Kind::Count { .. } | Kind::CountOr { .. } | Kind::Bound { .. }, Raw::Text(text))
            if text.parse::<f64>().is_ok() =>
        {
            format!("write {text} without quotes")
        }
        (Kind::Count { .. } | Kind::CountOr { .. }, Raw::Float(n)) if n.fract() == 0.0 => {
            format!("write {n:.0}")
        }
        (Kind::CountOr { word, .. } | Kind::SizesOr { word, .. }, Raw::Text(text)) => {
            did_you_mean(text, [word])
        }
        (Kind::Ratio, Raw::Switch(false)) => "write 1 for none".to_owned(),
        (Kind::Switch, Raw::Text(text)) if text == "true" || text == "false" => {
            format!("write {text} without quotes")
        }
        (Kind::Switch, Raw::Integer(n @ (0 | 1), _)) => format!("write {}", *n == 1),
        _ => String::new(),
    }
}

/// The ratio that somebody meant: `2/3` is `3/2`, and 50 % saved are 2 : 1.
pub(super) fn ratio_meant(text: &str) -> String {
    let text = text.trim();
    if text.contains("..") {
        return "ratios have no ranges: write a list".to_owned();
    }
    if let Some((below, above)) = text.split_once('/') {
        let turned = format!("{}/{}", above.trim(), below.trim());
        return Ratio::parse(&turned).map_or(String::new(), |_| format!("did you mean \"{turned}\"?"));
    }
    let saved = text.strip_suffix('%').and_then(|number| number.trim().parse::<u64>().ok());
    let ratio = saved.and_then(|saved| Ratio::new(100, 100u64.checked_sub(saved)?).ok());
    ratio.map_or(String::new(), |ratio| format!("{text} saved is a ratio of {ratio}"))
}

/// The same quantity with the unit that was meant: `64MB`, `64M` and `64` are `64MiB`; `5 sec` is `5s`.
pub(super) fn unit_meant(kind: &Kind, text: &str) -> Option<String> {
    const SIZES: [(&[&str], &str); 5] = [
        (&["", "m", "mb", "mib", "mbyte", "mbytes", "megabytes"], "MiB"),
        (&["b", "byte", "bytes"], "B"),
        (&["k", "kb", "kib", "kbyte", "kbytes", "kilobytes"], "KiB"),
        (&["g", "gb", "gib", "gbyte", "gbytes", "gigabytes"], "GiB"),
        (&["t", "tb", "tib", "terabytes"], "TiB"),
    ];
    const DURATIONS: [(&[&str], &str); 6] = [
        (&["", "s", "sec", "secs", "second", "seconds"], "s"),
        (&["ms", "msec", "msecs", "millis", "milliseconds"], "ms"),
        (&["us", "usec", "µs", "μs", "micros", "microseconds"], "us"),
        (&["ns", "nsec", "nanos", "nanoseconds"], "ns"),
        (&["m", "min", "mins", "minute", "minutes"], "m"),
        (&["h", "hr", "hrs", "hour", "hours"], "h"),
    ];
    let text = text.trim();
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits_end], text[digits_end..].trim().to_lowercase());
    let meant = |units: &[(&[&str], &str)]| {
        let (_, name) = units.iter().find(|(spellings, _)| spellings.contains(&unit.as_str()))?;
        Some(format!("{number}{name}"))
    };
    match kind {
        // Here a number is bytes, not MiB.
        Kind::SizesOr { .. } if unit.is_empty() => Some(format!("{number}B")),
        kind if kind.is_size() || matches!(kind, Kind::SizesOr { .. }) => {
            meant(&SIZES).filter(|text| Bytes::parse(text).is_ok())
        }
        Kind::Duration { .. } => meant(&DURATIONS).filter(|text| Nanoseconds::parse(text).is_ok()),
        _ => None,
    }
}
