//! The flags that name a stretch of a stream, shared by the subcommand that writes it and the one that checks it.

use clap::Args;

use crate::error::{Error, Result};
use crate::generator::{Codec, Compression, Dedup, Ratio, Shape, Stream};
use crate::units::Bytes;
use crate::word::Word;

/// A stream, its shape, and where to begin in it.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct StreamArguments {
    /// Seed of the data
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of the stream
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub stream: u64,
    /// Offset of the first byte in the stream
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub offset: u64,
    /// Bytes written per new byte: 1.5, 3/2 or 2
    #[arg(long, value_name = "RATIO", value_parser = Ratio::parse)]
    pub dedup: Option<Ratio>,
    /// Size of the unit that is duplicated as a whole, 4KiB to 4MiB [default: 64KiB]
    #[arg(long, value_name = "SIZE", requires = "dedup", value_parser = size)]
    pub unit: Option<u64>,
    /// Smallest distance between two copies [default: 8MiB, or less to fit 64MiB]
    #[arg(long, value_name = "SIZE", requires = "dedup", value_parser = size)]
    pub distance: Option<u64>,
    /// One of several streams among which copies are spread: 0/8 to 7/8
    #[arg(long, value_name = "I/N", requires = "dedup", value_parser = member)]
    pub member: Option<(u32, u32)>,
    /// Compression ratio of every granule by itself: 1.5, 3/2 or 2
    #[arg(long, value_name = "RATIO", value_parser = Ratio::parse)]
    pub compress: Option<Ratio>,
    /// Size of the granule, which compresses independently of the others, 512B to 128KiB [default: 4KiB]
    #[arg(long, value_name = "SIZE", requires = "compress", value_parser = size)]
    pub granule: Option<u64>,
    /// Calibrate for zstd-1, zstd-3 or lz4 [default: none of them]
    #[arg(long, value_name = "CODEC", requires = "compress", value_parser = codec)]
    pub codec: Option<Codec>,
}

const UNIT_BYTES_USUAL: u64 = 64 << 10;
const GRANULE_BYTES_USUAL: u64 = 4 << 10;

impl StreamArguments {
    /// Returns the stream that the flags name.
    ///
    /// # Errors
    /// When a size or a ratio is out of range; the message gives the range.
    pub fn stream(&self) -> Result<Stream> {
        let shape = self.shape().map_err(Error::Usage)?;
        Ok(Stream::new(self.seed, self.stream).shaped(shape))
    }

    fn shape(&self) -> Result<Shape, String> {
        let dedup = self.dedup.map(|ratio| {
            let dedup = Dedup::new(ratio, self.unit.unwrap_or(UNIT_BYTES_USUAL), self.distance)?;
            Ok::<_, String>(self.member.map_or(dedup, |(member, members)| dedup.among(member, members)))
        });
        let compression = self
            .compress
            .map(|ratio| Compression::new(ratio, self.granule.unwrap_or(GRANULE_BYTES_USUAL), self.codec));
        Shape::new(dedup.transpose()?, compression.transpose()?)
    }

    /// The flags with other values than in `other`, as they are written; `without --dedup` for one to leave out. A
    /// default is not written, and what depends on a flag to leave out is not named.
    pub fn flags_unlike(&self, other: &StreamArguments) -> Vec<String> {
        let unit = |of: &StreamArguments| of.unit.filter(|_| of.dedup.is_some()).unwrap_or(UNIT_BYTES_USUAL);
        let granule = |of: &StreamArguments| {
            of.granule.filter(|_| of.compress.is_some()).unwrap_or(GRANULE_BYTES_USUAL)
        };
        let member = |of: &StreamArguments| of.member.map(|(index, members)| format!("{index}/{members}"));
        let written = |bytes: u64| Some(Bytes(bytes).to_string());
        let values = |of: &StreamArguments| {
            [
                ("--seed", Some(of.seed.to_string())),
                ("--stream", Some(of.stream.to_string())),
                ("--offset", Some(of.offset.to_string())),
                ("--dedup", of.dedup.map(|ratio| ratio.to_string())),
                ("--unit", written(unit(of))),
                ("--distance", of.distance.and_then(written)),
                ("--member", member(of)),
                ("--compress", of.compress.map(|ratio| ratio.to_string())),
                ("--granule", written(granule(of))),
                ("--codec", of.codec.map(|codec| codec.word().to_owned())),
            ]
        };
        let depends_on_none = |flag: &str| match flag {
            "--unit" | "--distance" | "--member" => self.dedup.is_none(),
            "--granule" | "--codec" => self.compress.is_none(),
            _ => false,
        };
        let pairs = values(self).into_iter().zip(values(other));
        let unlike = pairs.filter(|((flag, own), (_, theirs))| own != theirs && !depends_on_none(flag));
        unlike
            .map(|((flag, own), _)| own.map_or(format!("without {flag}"), |own| format!("{flag} {own}")))
            .collect()
    }

    /// Checks that a stretch of `bytes` bytes ends within the range of offsets.
    ///
    /// # Errors
    /// When it would end beyond that.
    pub fn check_end(&self, length: u64) -> Result<()> {
        match self.offset.checked_add(length) {
            Some(_) => Ok(()),
            None => Err(Error::Usage(format!(
                "{length} bytes from offset {} on end after 2^64, where a stream ends",
                self.offset
            ))),
        }
    }
}

/// A size with its unit, or a number of bytes: programs compute offsets.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(bytes) if digits => Ok(bytes),
        _ => Bytes::parse(text).map(|bytes| bytes.0),
    }
}

/// `2/8`: the third of eight.
fn member(text: &str) -> Result<(u32, u32), String> {
    let pair = text
        .split_once('/')
        .and_then(|(member, members)| Some((member.parse().ok()?, members.parse().ok()?)));
    pair.filter(|(member, members)| member < members)
        .ok_or_else(|| "expected MEMBER/MEMBERS, such as 0/8 to 7/8".to_owned())
}

fn codec(text: &str) -> Result<Codec, String> {
    Codec::from_word(text).ok_or_else(|| format!("expected {}", Codec::WORDS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(size("64KiB"), Ok(65536));
        for nonsense in ["", "-1", "+1", "1e3", "18446744073709551616", "64KB", "KiB"] {
            assert!(size(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_member_is_one_of_them() {
        assert_eq!(member("0/1"), Ok((0, 1)));
        assert_eq!(member("7/8"), Ok((7, 8)));
        for nonsense in ["", "8/8", "1", "/", "-1/2", "0/0"] {
            assert!(member(nonsense).is_err(), "{nonsense}");
        }
    }
}
