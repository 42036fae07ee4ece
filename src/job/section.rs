//! Sections with keys that can be swept: each is declared once, in `keys/`, with [`section!`].

use super::value::Value;

/// Declares a section with its keys, as the job file, the job and a case have them.
///
/// A line is one key: `swept` or `single`, its name, its type, its default as `--set` takes it, the values it accepts,
/// the names that other programs have for it, and its description. The order of the lines is that of error messages.
macro_rules! section {
    (
        $(#[$about:meta])*
        $section:ident, one combination $knobs:ident:
        $($how:ident $key:ident: $type:ty = $default:literal in $kind:expr,
            $elsewhere:expr,
            $description:literal;)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $section {
            $(#[doc = $description] pub $key: section!(@held $how $type),)+
        }

        /// One value of each key of the section.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $knobs {
            $(#[doc = $description] pub $key: $type,)+
        }

        impl $section {
            pub(in crate::job) const KEYS: &'static [Key] = &[
                $(Key {
                    section: Section::$section,
                    name: stringify!($key),
                    kind: $kind,
                    absent: Absent::Default($default),
                    sweep: section!(@is_swept $how),
                    elsewhere: &$elsewhere,
                    about: $description,
                    ..Key::PLAIN
                },)+
            ];

            /// The section out of the checked values of each key, defaults included.
            pub(in crate::job) fn build<'v>(values: impl Fn(&'static str) -> &'v [(Value, Place)]) -> $section {
                $section { $($key: section!(@read $how values(stringify!($key))),)+ }
            }

            /// Every combination of the swept values, in the order of the keys: the last changes fastest.
            pub fn combinations(&self) -> Vec<$knobs> {
                let mut all = vec![$knobs { $($key: section!(@values $how self.$key)[0],)+ }];
                $(all = all
                    .iter()
                    .flat_map(|knobs| {
                        section!(@values $how self.$key).iter().map(|value| $knobs { $key: *value, ..*knobs })
                    })
                    .collect();)+
                all
            }

            /// The number of combinations, without making them: there may be billions.
            pub(in crate::job) fn combination_count(&self) -> u64 {
                [$(section!(@values $how self.$key).len()),+]
                    .iter()
                    .fold(1, |product: u64, count| product.saturating_mul(*count as u64))
            }
        }

        impl Combination for $knobs {
            fn has(&self, key: &str, value: &Value) -> bool {
                match key {
                    $(stringify!($key) => <$type as Field>::read(value) == self.$key,)+
                    other => unreachable!("no key {other}"),
                }
            }
        }
    };
    (@held swept $type:ty) => { Vec<$type> };
    (@held single $type:ty) => { $type };
    (@is_swept swept) => { true };
    (@is_swept single) => { false };
    (@values swept $values:expr) => { &$values[..] };
    (@values single $value:expr) => { std::slice::from_ref(&$value) };
    (@read swept $values:expr) => { $values.iter().map(|(value, _)| Field::read(value)).collect() };
    (@read single $values:expr) => { Field::read(&$values[0].0) };
}

/// One value of each key of a section.
pub(super) trait Combination {
    /// True when the key has this value here.
    fn has(&self, key: &str, value: &Value) -> bool;
}

/// The words of a set after one more word.
pub(super) const fn after<const COUNT: usize>(
    word: &'static str,
    words: &[&'static str],
) -> [&'static str; COUNT] {
    assert!(COUNT == words.len() + 1);
    let mut all = [word; COUNT];
    let mut index = 1;
    while index < COUNT {
        all[index] = words[index - 1];
        index += 1;
    }
    all
}

pub(super) use section;
