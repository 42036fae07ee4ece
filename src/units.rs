//! Byte sizes, durations and shares in the form that people write and read.
//!
//! Sizes have binary units (`64MiB`); durations have `ns`, `us`, `ms`, `s`, `m`, `h`. Both may have a decimal fraction
//! if the result is a whole number (`1.5MiB`). A number without a unit is refused, because its meaning is unclear.
//! Shares are written `2%`.

use std::fmt;

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A duration in nanoseconds, up to 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanoseconds(pub u64);

/// A part of a whole, 1 for all of it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// A 32-bit number of a rank, case, row or slab as an index into memory.
#[inline]
pub const fn index(number: u32) -> usize {
    number as usize
}

const _: () = assert!(usize::BITS >= 32); // so that `index` keeps every number

/// A count of things in memory in the 64 bits that files and messages give it.
#[inline]
pub const fn count(number: usize) -> u64 {
    number as u64
}

const _: () = assert!(usize::BITS <= 64); // so that `count` keeps every number

/// The upper 32 bits of a word that holds two numbers.
#[inline]
pub const fn high_32(word: u64) -> u32 {
    (word >> 32) as u32
}

/// The lowest 32 bits of a word: one of its two numbers, or a number that its caller knows to have no more bits.
#[inline]
pub const fn low_32(word: u64) -> u32 {
    (word & 0xFFFF_FFFF) as u32
}

/// A finite value of at least 0, such as a median of counts, as the nearest whole number.
pub fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// The lowest 16 bits of a word, as `low_32`.
#[inline]
pub const fn low_16(word: u64) -> u16 {
    (word & 0xFFFF) as u16
}

const BYTE_UNITS: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
const TIME_UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Bytes {
    /// Parses `64MiB`.
    ///
    /// # Errors
    /// The text found and the accepted form, without a position: the caller knows the position.
    pub fn parse(text: &str) -> Result<Bytes, String> {
        let hint = match text.trim().to_ascii_uppercase() {
            upper if upper.ends_with("IB") => "",
            upper if upper.ends_with("KB") => " (KB is ambiguous: write KiB)",
            upper if upper.ends_with("MB") => " (MB is ambiguous: write MiB)",
            upper if upper.ends_with("GB") => " (GB is ambiguous: write GiB)",
            _ => "",
        };
        parse_quantity(text, &BYTE_UNITS).map(Bytes).map_err(|why| {
            format!("{why}{hint}; expected a size such as \"4MiB\", with B, KiB, MiB, GiB or TiB")
        })
    }
}

impl Nanoseconds {
    /// Parses `500ms`.
    ///
    /// # Errors
    /// The text found and the accepted form, without a position.
    pub fn parse(text: &str) -> Result<Nanoseconds, String> {
        parse_quantity(text, &TIME_UNITS).map(Nanoseconds).map_err(|why| {
            format!("{why}; expected a duration such as \"500ms\", with ns, us, ms, s, m or h")
        })
    }
}

impl Share {
    /// Parses `2%` and `0.5 %`. The decimal point is moved in the text, so the result is the number nearest to the
    /// written share.
    ///
    /// # Errors
    /// The text found and the accepted form, without a position.
    pub fn parse(text: &str) -> Result<Share, String> {
        let wrong = |why: &str| Err(format!("\"{}\" {why}; expected a share such as \"2%\"", text.trim()));
        let Some(number) = text.trim().strip_suffix('%').map(str::trim_end) else {
            return wrong("does not end with %");
        };
        let plain = number.starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        match format!("{number}e-2").parse() {
            Ok(share) if plain => Ok(Share(share)),
            _ => wrong("is not a number before its %"),
        }
    }
}

/// Parses a number and its unit with exact decimal arithmetic. The number may have a fraction if the product is whole.
fn parse_quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let text = text.trim();
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits_end], text[digits_end..].trim_start());
    if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
        return Err(format!("\"{text}\" does not begin with a number"));
    }
    if unit.is_empty() {
        return Err(format!("\"{text}\" has no unit"));
    }
    let scale = units
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, scale)| *scale)
        .ok_or_else(|| format!("\"{unit}\" is not a unit"))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let too_large = || format!("\"{text}\" does not fit 64 bits");
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let mut total = whole.checked_mul(scale).ok_or_else(too_large)?;
    if !fraction.is_empty() {
        let denominator = u32::try_from(fraction.len()).ok().and_then(|n| 10u64.checked_pow(n));
        let (Ok(numerator), Some(denominator)) = (fraction.parse::<u64>(), denominator) else {
            return Err(format!("\"{number}\" has too many decimals"));
        };
        let part = u128::from(numerator) * u128::from(scale);
        if !part.is_multiple_of(u128::from(denominator)) {
            return Err(format!("\"{text}\" is not a whole number of {}", units[0].0));
        }
        let part = u64::try_from(part / u128::from(denominator)).map_err(|_| too_large())?;
        total = total.checked_add(part).ok_or_else(too_large)?;
    }
    Ok(total)
}

/// Uses the largest unit that divides the size, so that the printed text parses back to the same number.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display_exact(f, self.0, &BYTE_UNITS)
    }
}

/// Uses the largest unit that divides the duration, so that the printed text parses back to the same number.
impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display_exact(f, self.0, &TIME_UNITS)
    }
}

/// Prints per cent with all significant digits: the text parses back to the same number, unless it is negative or not
/// finite.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shortest = format!("{:e}", self.0);
        let Some((mantissa, Ok(exponent))) =
            shortest.split_once('e').map(|(mantissa, exponent)| (mantissa, exponent.parse::<i32>()))
        else {
            return f.pad(&format!("{}%", self.0));
        };
        // The point is moved in the text, because a multiplication would round.
        let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
        let digits = mantissa.replace('.', "");
        if digits == "0" {
            return f.pad("0%");
        }
        let before_point = exponent + 3;
        let number = match usize::try_from(before_point) {
            Err(_) | Ok(0) => format!("0.{}{digits}", "0".repeat(before_point.unsigned_abs() as usize)),
            Ok(before) if before >= digits.len() => format!("{digits:0<before$}"),
            Ok(before) => format!("{}.{}", &digits[..before], &digits[before..]),
        };
        f.pad(&format!("{sign}{number}%"))
    }
}

fn display_exact(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let (name, scale) = units
        .iter()
        .rev()
        .find(|(_, scale)| value >= *scale && value.is_multiple_of(*scale))
        .unwrap_or(&units[0]);
    f.pad(&format!("{}{name}", value / scale))
}

/// A size for a person: three digits, `1.50 GiB`. Not meant to be parsed.
pub fn human_bytes(bytes: u64) -> String {
    let (name, scale) = BYTE_UNITS.iter().rev().find(|(_, scale)| bytes >= *scale).unwrap_or(&BYTE_UNITS[0]);
    match scale {
        1 => format!("{bytes} B"),
        _ => format!("{} {name}", three_digits(bytes as f64 / *scale as f64)),
    }
}

/// A rate for a person, in GiB/s, without the unit.
pub fn human_rate(bytes_per_s: f64) -> String {
    match bytes_per_s / (1u64 << 30) as f64 {
        // A slow rate gets one more digit, so that it is not read as zero.
        rate if rate > 0.0 && rate < 0.0995 => format!("{rate:.3}"),
        rate => three_digits(rate),
    }
}

/// A duration for a person: three digits, `1.25 ms`.
pub fn human_duration(nanoseconds: f64) -> String {
    let (name, scale) = match nanoseconds {
        ns if ns < 1e3 => ("ns", 1.0),
        ns if ns < 1e6 => ("us", 1e3),
        ns if ns < 1e9 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    format!("{} {name}", three_digits(nanoseconds / scale))
}

/// A waiting time for a person: `12.3 s`, `5 min 20 s`, `1 h 4 min`. Not meant to be parsed.
pub fn human_span(nanoseconds: f64) -> String {
    // The rounded value decides the form, so that 59.96 s are not printed as "60.0 s".
    let seconds = (nanoseconds / 1e9).round() as u64;
    match seconds {
        0..60 => human_duration(nanoseconds.min(59.9e9)),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => {
            let minutes = seconds.div_ceil(60);
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// Three significant digits, plain notation.
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 || v == 0.0 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A count with grouped digits: `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 case`, `2 cases`, `0 stretches`: the only place that makes a plural.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = match count {
        1 => "",
        _ if noun.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {noun}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_falls_apart_into_its_halves() {
        let word = 0x1234_5678_9ABC_DEF0;
        assert_eq!([high_32(word), low_32(word)], [0x1234_5678, 0x9ABC_DEF0]);
        assert_eq!(low_16(word), 0xDEF0);
        assert_eq!((high_32(u64::MAX), low_32(u64::MAX), low_16(u64::MAX)), (u32::MAX, u32::MAX, u16::MAX));
    }

    #[test]
    fn sizes_parse_and_print_back() {
        for (text, bytes) in [("0B", 0), ("1B", 1), ("4KiB", 4096), ("1536MiB", 3 << 29), ("2TiB", 2 << 40)] {
            assert_eq!(Bytes::parse(text), Ok(Bytes(bytes)), "{text}");
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        assert_eq!(Bytes::parse("1.5 MiB"), Ok(Bytes(3 << 19)));
    }

    #[test]
    fn durations_parse_and_print_back() {
        for (text, ns) in
            [("1ns", 1), ("500ms", 500_000_000), ("2s", 2_000_000_000), ("90m", 5_400_000_000_000)]
        {
            assert_eq!(Nanoseconds::parse(text), Ok(Nanoseconds(ns)), "{text}");
            assert_eq!(Nanoseconds(ns).to_string(), text);
        }
        assert_eq!(Nanoseconds::parse("0.5s"), Ok(Nanoseconds(500_000_000)));
    }

    #[test]
    fn shares_parse_and_print_back() {
        for (text, share) in
            [("2%", 0.02), ("0.5%", 0.005), ("95%", 0.95), ("100%", 1.0), ("0%", 0.0), ("250%", 2.5)]
        {
            assert_eq!(Share::parse(text), Ok(Share(share)), "{text}");
            assert_eq!(Share(share).to_string(), text);
        }
        assert_eq!(Share::parse(" 2.50 % "), Ok(Share(0.025)));
        for share in [0.1 + 0.2, 1.0 / 3.0, f64::MIN_POSITIVE, 7e-9, 123_456.789, 1e18, f64::EPSILON] {
            assert_eq!(Share::parse(&Share(share).to_string()), Ok(Share(share)), "{}", Share(share));
        }
        for wrong in ["", "2", "%", "-2%", "1e3%", ".5%", "5.%", "1.2.3%", "2%%", "inf%", "NaN%", "two%"] {
            assert!(Share::parse(wrong).expect_err(wrong).contains("such as \"2%\""), "{wrong}");
        }
    }

    #[test]
    fn errors_say_what_was_found_and_what_is_accepted() {
        let error = |text| Bytes::parse(text).expect_err(text);
        assert!(error("64").contains("has no unit"));
        assert!(error("64MB").contains("write MiB"));
        assert!(error("MiB").contains("does not begin with a number"));
        assert!(error("0.3B").contains("not a whole number of B"));
        assert!(error("20000000TiB").contains("does not fit"));
        assert!(error("1.00000000000000000000000001KiB").contains("too many decimals"));
        assert!(error("64 parsecs").contains("\"parsecs\" is not a unit"));
        assert!(Nanoseconds::parse("2 weeks").expect_err("weeks").contains("500ms"));
    }

    #[test]
    fn figures_for_people_have_three_digits() {
        assert_eq!(human_bytes(1_610_612_736), "1.50 GiB");
        assert_eq!(human_bytes(12), "12 B");
        assert_eq!(human_duration(1_234_567.0), "1.23 ms");
        assert_eq!(human_duration(99.96), "100 ns");
        assert_eq!(
            [59.96e9, 59.2e9, 60e9, 320.4e9, 3600e9, 3841e9, 90e6].map(human_span),
            ["1 min 0 s", "59.2 s", "1 min 0 s", "5 min 20 s", "1 h 0 min", "1 h 5 min", "90.0 ms"]
        );
        assert_eq!(human_rate(12.0 * (1u64 << 30) as f64), "12.0");
        assert_eq!([human_rate(0.0), human_rate(4.0 * (1u64 << 20) as f64)], ["0", "0.004"]);
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_noun_agrees_with_its_count() {
        assert_eq!(
            [0, 1, 2, 1000].map(|n| counted(n, "rank")),
            ["0 ranks", "1 rank", "2 ranks", "1,000 ranks"]
        );
        assert_eq!([1, 2].map(|n| counted(n, "stretch")), ["1 stretch", "2 stretches"]);
    }
}
