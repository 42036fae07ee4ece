//! Other shapes that a file may have: its compression is measured, its dedup is one of a list.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use crate::cli::stream::StreamArguments;
use crate::generator::{Codec, Compression, Ratio};
use crate::units::count;
use crate::word::Word;

/// Ratios that people ask for.
const RATIOS: [&str; 18] = [
    "2", "1.5", "3", "4", "1.25", "2.5", "5", "1.2", "1.1", "1.3", "1.4", "4/3", "1.75", "8", "10", "6",
    "16", "20",
];
/// Sizes of units, the default first.
const UNITS: [u64; 11] = [
    64 << 10,
    4 << 10,
    8 << 10,
    16 << 10,
    32 << 10,
    128 << 10,
    256 << 10,
    512 << 10,
    1 << 20,
    2 << 20,
    4 << 20,
];
/// Most members that share copies, of those that are tried.
const MEMBERS_MAX: u32 = 8;
/// A shorter repetition of a word is taken for chance.
const FILLER_BYTES_MIN: usize = 24;

/// The flags that are asked for with the compression that these bytes have, when it is another.
pub fn with_measured_compression(asked: &StreamArguments, bytes: &[u8]) -> Option<StreamArguments> {
    let Some((granule_bytes, random_bytes)) = measured(bytes) else {
        let plain = StreamArguments { compress: None, granule: None, codec: None, ..asked.clone() };
        return asked.compress.map(|_| plain);
    };
    let of_asked = Candidate::new(asked.clone())?;
    let same = |compression: &Compression| {
        (compression.granule_bytes(), compression.random_bytes()) == (granule_bytes, random_bytes)
    };
    if of_asked.stream.shape().compression().is_some_and(same) {
        return None;
    }
    let granule = count(granule_bytes);
    // The codec that is asked for, none, then the others; a ratio of the list, or the exact one without a codec.
    let codecs = [asked.codec, None].into_iter().chain(Codec::ALL.iter().copied().map(Some));
    let known = codecs.flat_map(|codec| ratios().map(move |ratio| (ratio, codec)));
    let known = { known }.find(|(ratio, codec)| {
        Compression::new(*ratio, granule, *codec).is_ok_and(|compression| same(&compression))
    });
    let (ratio, codec) = match known {
        Some(known) => known,
        None => (Ratio::new(granule, count(random_bytes)).ok()?, None),
    };
    Some(StreamArguments { compress: Some(ratio), granule: Some(granule), codec, ..asked.clone() })
}

fn ratios() -> impl Iterator<Item = Ratio> {
    RATIOS.iter().filter_map(|text| Ratio::parse(text).ok())
}

/// Bytes of a granule, and of its random bytes, from the lengths and distances of repeated words; `None` without any.
fn measured(bytes: &[u8]) -> Option<(usize, usize)> {
    const WORD: usize = size_of::<u64>();
    let mut fillers: Vec<(usize, usize)> = Vec::new();
    let mut begin = 0;
    while begin + FILLER_BYTES_MIN <= bytes.len() {
        let repeated = bytes[begin..].iter().zip(&bytes[begin + WORD..]).take_while(|(a, b)| a == b).count();
        if repeated + WORD >= FILLER_BYTES_MIN {
            // The first one may have begun before these bytes.
            fillers.extend((begin > 0).then_some((begin, repeated + WORD)));
        }
        begin += repeated + 1;
    }
    let most_frequent = |values: &mut dyn Iterator<Item = usize>| {
        let mut frequency: BTreeMap<usize, u32> = BTreeMap::new();
        values.for_each(|value| *frequency.entry(value).or_default() += 1);
        frequency.into_iter().max_by_key(|(_, times)| *times).map(|(value, _)| value)
    };
    let granule_bytes = most_frequent(&mut fillers.windows(2).map(|pair| pair[1].0 - pair[0].0))?;
    let filler_bytes = most_frequent(&mut fillers.iter().map(|(_, length)| *length))?;
    let random_bytes = granule_bytes.checked_sub(filler_bytes)?;
    granule_bytes.is_power_of_two().then_some((granule_bytes, random_bytes))
}

/// Shapes of the same stream at the same offset that the bytes may have: without dedup, and with each ratio and unit of the
/// lists, under the compression that is asked for and under the measured one.
pub fn other_shapes(asked: &StreamArguments, bytes: &[u8]) -> Vec<StreamArguments> {
    let measured = with_measured_compression(asked, bytes);
    let compressions: Vec<StreamArguments> = measured.into_iter().chain([asked.clone()]).collect();
    let mut all = Vec::new();
    for compressed in &compressions {
        all.push(compressed.clone());
        let with = |dedup: Option<Ratio>, unit, distance, member| StreamArguments {
            dedup,
            unit,
            distance,
            member,
            ..compressed.clone()
        };
        let StreamArguments { dedup, unit, distance, member, .. } = *asked;
        if dedup.is_some() {
            all.push(with(dedup, unit, distance, None));
            let members = (2..=MEMBERS_MAX).flat_map(|of| (0..of).map(move |index| (index, of)));
            all.extend(members.map(|member| with(dedup, unit, distance, Some(member))));
        }
        let distances = [distance, None];
        let distances = if distance.is_some() { &distances[..] } else { &distances[1..] };
        let units = unit.into_iter().chain(UNITS);
        for (unit, &distance) in units.flat_map(|unit| distances.iter().map(move |distance| (unit, distance)))
        {
            all.extend(
                dedup
                    .into_iter()
                    .chain(ratios())
                    .map(|ratio| with(Some(ratio), Some(unit), distance, member)),
            );
        }
        if dedup.is_some() {
            all.push(with(None, None, None, None));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Kernel, Shape, Stores, Stream};

    #[test]
    fn compression_is_measured_from_any_stretch_of_the_data() {
        for (ratio, granule, codec) in [
            ("2", 4096, None),
            ("1.1", 512, None),
            ("3", 131072, None),
            ("2.5", 4096, Some(Codec::Zstd1)),
            ("1.37", 8192, Some(Codec::Lz4)),
        ] {
            let compression =
                Compression::new(Ratio::parse(ratio).expect("a ratio"), granule, codec).expect("reachable");
            let stream = Stream::new(7, 3).shaped(Shape::new(None, Some(compression)).expect("fits"));
            let mut data = vec![0; 6 * 131072];
            stream.overwrite(Kernel::best(), Stores::Ordinary, 12_345, &mut data);
            let found = measured(&data);
            assert_eq!(
                found,
                Some((compression.granule_bytes(), compression.random_bytes())),
                "{ratio} {granule}"
            );
        }
        let mut plain = vec![0; 300_000];
        assert_eq!(measured(&plain), None, "zeros are no granules");
        Stream::new(7, 3).overwrite(Kernel::best(), Stores::Ordinary, 0, &mut plain);
        assert_eq!(measured(&plain), None);
    }
}
