//! Closed sets of words that no room below declares.

use crate::word::words;

words! {
    /// `[run] order`: the order of repetitions of different cases. The plan acts on it.
    Order {
        /// Rounds: one repetition of every case, in an order drawn from the seed.
        Interleaved = "interleaved",
    }
}
