//! Names of run directories, and times in UTC.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::mix::mix_words;

/// Calendar fields of a moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Utc {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

/// Returns the current time as RFC 3339, to the second: `2026-11-22T05:26:13Z`.
pub fn utc_now() -> String {
    let Utc { year, month, day, hour, minute, second } = calendar(seconds_since_epoch());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Returns `parent/<name>-<UTC>-<short id>`, a path that no other run chooses. Only letters, digits, `-`, `_` and `.`
/// of the job's name are kept; other characters become `-`.
pub fn default_path(parent: &Path, job_name: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = job_name.chars().map(plain).take(64).collect();
    // The name must be neither a hidden file nor look like an option.
    let name = name.trim_start_matches(['.', '-']);
    let Utc { year, month, day, hour, minute, second } = calendar(seconds_since_epoch());
    let id = unique() & 0xff_ffff;
    parent.join(format!("{name}-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-{id:06x}"))
}

/// Returns 64 bits that no other process on this or another host produces, except by an unlikely collision.
pub(super) fn unique() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    // `RandomState` is keyed by the operating system's random numbers.
    mix_words(&[RandomState::new().hash_one(now), u64::from(std::process::id())])
}

fn seconds_since_epoch() -> u64 {
    // A clock before 1970 is wrong anyway; a name with a wrong date still works.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Converts seconds since 1970 to calendar fields, for dates from 1970 on. Source: Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms" (`civil_from_days`).
fn calendar(seconds: u64) -> Utc {
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last day of a year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    Utc {
        year,
        month,
        day,
        hour: second_of_day / 3600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_match_known_moments() {
        // Oracle: `date -u -d @SECONDS`. Leap days, a century that is a leap year, a year's last second.
        for (seconds, expected) in [
            (0, (1970, 1, 1, 0, 0, 0)),
            (951_782_400, (2000, 2, 29, 0, 0, 0)),
            (1_709_210_096, (2024, 2, 29, 12, 34, 56)),
            (1_735_689_599, (2024, 12, 31, 23, 59, 59)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0)),
        ] {
            let Utc { year, month, day, hour, minute, second } = calendar(seconds);
            assert_eq!((year, month, day, hour, minute, second), expected, "{seconds}");
        }
    }

    #[test]
    fn two_runs_never_share_a_directory_and_a_name_never_leaves_the_parent() {
        let (a, b) =
            (default_path(Path::new("results"), "../a b/ü"), default_path(Path::new("results"), "../a b/ü"));
        assert_ne!(a, b);
        assert_eq!(a.parent(), Some(Path::new("results")));
        let name = a.file_name().and_then(|name| name.to_str()).expect("ASCII").to_owned();
        assert!(name.starts_with("a-b---2"), "{name}");
    }
}
