//! Groups the words of a text by their length, in collections whose memory comes from a cache.
//!
//! `cargo run --no-default-features --features allocator-api2 --example collection -- "some text"`

use std::process::ExitCode;

use allocator_api2::vec::Vec;
use numamark::error::Result;
use numamark::measure::Clock;
use numamark::slab::{Arena, CacheAllocator, Heap, HeapOptions};

/// Bytes of the arena.
const ARENA_BYTES: usize = 16 << 20;

/// The words of one length, in the order of the text.
type Words<'text, 'a, 'heap> = Vec<&'text str, &'a CacheAllocator<'heap>>;

fn main() -> ExitCode {
    let text = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "each rank has one arena and each worker one cache".to_owned());
    match run(&text) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("collection: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(text: &str) -> Result<String> {
    let heap = Heap::new(Arena::plain(ARENA_BYTES)?, HeapOptions::new(1, Clock::start()))?;
    let mut allocator = CacheAllocator::new(heap.cache(0)?);
    let said = by_length(text, &allocator)
        .iter()
        .enumerate()
        .filter(|(_, words)| !words.is_empty())
        .fold(String::new(), |said, (length, words)| format!("{said}{length}: {}\n", words.join(" ")));
    // The collections are gone: all of their memory is back in the arena.
    allocator.cache_mut().trim();
    assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
    Ok(said)
}

/// Words by their number of characters.
fn by_length<'text, 'a, 'heap>(
    text: &'text str,
    allocator: &'a CacheAllocator<'heap>,
) -> Vec<Words<'text, 'a, 'heap>, &'a CacheAllocator<'heap>> {
    let mut groups = Vec::new_in(allocator);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        while groups.len() <= length {
            groups.push(Vec::new_in(allocator));
        }
        groups[length].push(word);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_grouped_and_the_memory_comes_back() {
        // `run` looks at the arena when the collections are gone.
        let said = run("a bb cc d eee").expect("room");
        assert_eq!(said, "1: a d\n2: bb cc\n3: eee\n");
        let long = "word ".repeat(50_000);
        assert_eq!(run(&long).expect("room").matches("word").count(), 50_000);
    }
}
