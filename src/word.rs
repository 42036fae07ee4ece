//! Closed sets of words: an enum whose variants a job file, a run directory or a report names by one word each.
//!
//! The room that acts on a word declares the enum with `words!` and matches it exhaustively, so a word that nothing
//! acts on does not compile.

/// A value out of a closed set, written as one word.
pub trait Word: Copy + PartialEq + Sized + 'static {
    /// The words in the order of `ALL`.
    const WORDS: &'static [&'static str];
    /// Every member of the set.
    const ALL: &'static [Self];

    /// The word for this value.
    fn word(self) -> &'static str;

    /// The value this word stands for.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

/// Declares enums and implements [`Word`] for them, with one `Variant = "word",` per line.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $crate::word::Word for $name {
            const WORDS: &'static [&'static str] = &[$($word,)+];
            const ALL: &'static [$name] = &[$($name::$variant,)+];

            fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }
    )+};
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// Two words in the order in which they are declared.
        Colour {
            /// The first.
            Red = "red",
            /// The second, with a hyphen.
            LightBlue = "light-blue",
        }
    }

    #[test]
    fn every_word_stands_for_one_value_and_back() {
        assert_eq!(
            (Colour::WORDS, Colour::ALL),
            (&["red", "light-blue"][..], &[Colour::Red, Colour::LightBlue][..])
        );
        for (word, value) in Colour::WORDS.iter().zip(Colour::ALL) {
            assert_eq!((value.word(), Colour::from_word(word)), (*word, Some(*value)));
        }
        assert_eq!(Colour::from_word("no such word"), None);
    }
}
