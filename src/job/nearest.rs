//! "Did you mean": the nearest known word to one that is not known.

/// Longer words are no misspelling of any key, and would take time to compare.
const FOUND_BYTES_MAX: usize = 64;

/// The candidate that is at most a third of its letters away, the nearest first.
///
/// Distance: insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), after
/// folding case and treating `-` and blanks as `_`.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = folded(found);
    if found.len() > FOUND_BYTES_MAX {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&found, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// All candidates, the one most like `found` first: likeness by Jaro and Winkler to the whole name, or to one of its words.
/// Candidates that are equally like it keep their order.
pub fn nearest_first<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let found = folded(found);
    let likeness = |candidate: &str| {
        let candidate = folded(candidate);
        let parts = std::iter::once(candidate.as_str()).chain(candidate.split('_'));
        parts.map(|part| strsim::jaro_winkler(&found, part)).fold(0.0, f64::max)
    };
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    candidates
}

/// The question beside the caret; empty when nothing is near.
pub(super) fn did_you_mean<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(found, candidates).map_or(String::new(), |word| format!("did you mean \"{word}\"?"))
}

/// One letter of three: `bnid` reaches `bind`, `run` does not reach `bind`.
fn allowed(candidate: &str) -> usize {
    candidate.chars().count().div_ceil(3).min(3)
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_find_their_word_and_strangers_do_not() {
        let known = ["chunk", "block", "kernel", "stores", "in_flight"];
        let cases = [
            ("chunks", Some("chunk")),
            ("Chunk", Some("chunk")),
            ("cunhk", Some("chunk")),
            ("in-flight", Some("in_flight")),
            ("inflight", Some("in_flight")),
            ("kernal", Some("kernel")),
            ("threads", None),
            ("", None),
        ];
        for (found, expected) in cases {
            assert_eq!(nearest(found, known), expected, "{found}");
        }
    }
}
