//! A requested ratio: bytes written for each byte that has to be kept.

use std::fmt;
use std::str::FromStr;

/// A rational number from 1 to [`Ratio::MAX`], in lowest terms, so that the request is met exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

/// Largest denominator, also that of decimals: products with a number of units then fit 128 bits with room to spare.
const DENOMINATOR_MAX: u64 = 1_000_000;

impl Ratio {
    /// The ratio 1: nothing is saved.
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// The largest ratio.
    pub const MAX: u64 = 1_000_000;

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// When it is below 1 or above [`Ratio::MAX`], or needs a denominator above a million.
    pub fn new(numerator: u64, denominator: u64) -> Result<Ratio, String> {
        let divisor = greatest_common_divisor(numerator, denominator).max(1);
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        let within = denominator > 0
            && numerator >= denominator
            && u128::from(numerator) <= u128::from(Ratio::MAX) * u128::from(denominator);
        if !within {
            return Err(format!("{numerator}/{denominator} is not a ratio from 1 to {}", Ratio::MAX));
        }
        if denominator > DENOMINATOR_MAX {
            return Err(format!("{numerator}/{denominator} has a denominator above {DENOMINATOR_MAX}"));
        }
        Ok(Ratio { numerator, denominator })
    }

    /// Parses `1.5`, `3/2` and `2`.
    ///
    /// # Errors
    /// The message says what was found and what is accepted, without a position.
    pub fn parse(text: &str) -> Result<Ratio, String> {
        let text = text.trim();
        let expected = "expected a ratio of at least 1, such as 1.5, 3/2 or 2";
        let parsed = match text.split_once('/') {
            Some((numerator, denominator)) => whole(numerator).zip(whole(denominator)),
            None => decimal(text),
        };
        let Some((numerator, denominator)) = parsed else {
            return Err(format!("\"{text}\" is not a ratio; {expected}, with at most six decimals"));
        };
        Ratio::new(numerator, denominator).map_err(|why| format!("{why}; {expected}"))
    }

    /// Numerator and denominator, in lowest terms.
    pub fn parts(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// The nearest floating-point number.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// True when the ratio is 1.
    pub fn is_one(self) -> bool {
        self == Ratio::ONE
    }

    /// `count / ratio`, rounded up.
    pub(super) fn shrink(self, count: u128) -> u128 {
        (count * u128::from(self.denominator)).div_ceil(u128::from(self.numerator))
    }

    /// `count * ratio`, rounded up.
    pub(super) fn stretch(self, count: u128) -> u128 {
        (count * u128::from(self.numerator)).div_ceil(u128::from(self.denominator))
    }
}

/// Parses digits only.
fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A decimal number as a fraction.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (before, after) = text.split_once('.').unwrap_or((text, "0"));
    let denominator = 10u64.checked_pow(u32::try_from(after.len()).ok()?)?;
    let numerator = whole(before)?.checked_mul(denominator)?.checked_add(whole(after)?)?;
    (denominator <= DENOMINATOR_MAX).then_some((numerator, denominator))
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Ratio, String> {
        Ratio::parse(text)
    }
}

/// Prints a decimal number if six decimals are enough, else the fraction. The text parses back to the same ratio.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ratio { numerator, denominator } = *self;
        if DENOMINATOR_MAX.is_multiple_of(denominator) {
            let millionths = numerator % denominator * (DENOMINATOR_MAX / denominator);
            let decimals = format!("{millionths:06}");
            let number = format!("{}.{decimals}", numerator / denominator);
            return f.pad(number.trim_end_matches('0').trim_end_matches('.'));
        }
        f.pad(&format!("{numerator}/{denominator}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        for (text, shown) in [
            ("1", "1"),
            ("1.0", "1"),
            ("2.50", "2.5"),
            ("3/2", "1.5"),
            (" 10/3 ", "10/3"),
            ("1.000001", "1.000001"),
            ("1000000", "1000000"),
            ("64/10", "6.4"),
        ] {
            let ratio = Ratio::parse(text).expect(text);
            assert_eq!(ratio.to_string(), shown);
            assert_eq!(Ratio::parse(shown), Ok(ratio));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_accepted() {
        for text in [
            "",
            "0",
            "0.99",
            "1/2",
            "3/0",
            "-2",
            "+2",
            "2x",
            "1.",
            ".5",
            "1e3",
            "NaN",
            "1000001",
            "1.0000001",
        ] {
            let why = Ratio::parse(text).expect_err(text);
            assert!(why.contains("at least 1"), "{text}: {why}");
        }
    }

    #[test]
    fn rounding_is_up_and_exact_where_floating_point_is_not() {
        let ratio = Ratio::parse("1.1").expect("a ratio");
        assert_eq!(ratio.shrink(11 << 60), 10 << 60);
        assert_eq!(ratio.shrink((11 << 60) + 1), (10 << 60) + 1);
        assert_eq!(ratio.stretch(10), 11);
        assert_eq!(Ratio::ONE.shrink(7), 7);
    }
}
