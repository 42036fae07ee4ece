//! `[generate]`: its keys that can be swept, once. A job holds all values of each key, a case one of each, and an arm
//! sets one of them.

use super::check::Value;
use super::entry::Table;
use super::key::Section;
use super::values::Values;
use super::words::{
    CodecName, Consumer, Handover, KernelName, Memory, PoolUse, Schedule, Scope, StoresName, Word,
};
use crate::generator::Ratio;
use crate::units::Bytes;

/// A value of a key: how it is read, and how the effective job writes it.
pub(super) trait Field: Copy {
    fn read(value: &Value) -> Self;
    fn written(self) -> String;
}

macro_rules! swept_keys {
    ($($(#[$about:meta])* $key:ident: $type:ty as $change:ident,)+) => {
        /// `[generate]`
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Generate {
            $($(#[$about])* pub $key: Vec<$type>,)+
            /// Whether a sample is held against what was asked, outside every timed region.
            pub check: bool,
        }

        /// One value of each key of `[generate]` that can be swept: what a case has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct GenerateKnobs {
            $($(#[$about])* pub $key: $type,)+
        }

        /// One key of `[generate]` that an arm sets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GenerateChange {
            $($(#[$about])* $change($type),)+
        }

        impl Generate {
            /// Every combination of the swept values, in the order of the keys: the last changes fastest.
            pub fn combinations(&self) -> Vec<GenerateKnobs> {
                let mut all = vec![GenerateKnobs { $($key: self.$key[0],)+ }];
                $(all = all
                    .iter()
                    .flat_map(|knobs| self.$key.iter().map(|value| GenerateKnobs { $key: *value, ..*knobs }))
                    .collect();)+
                all
            }

            /// How many they are, without making them: there may be billions.
            pub(super) fn combination_count(&self) -> u64 {
                [$(self.$key.len()),+].iter().fold(1, |product: u64, count| product.saturating_mul(*count as u64))
            }

            /// Puts one value in the place of all that a key has.
            pub(super) fn set(&mut self, change: GenerateChange) {
                match change {
                    $(GenerateChange::$change(value) => self.$key = vec![value],)+
                }
            }

            /// Out of checked values, defaults included.
            pub(super) fn build(values: &Values) -> Generate {
                let table = Table::single(Section::Generate);
                Generate {
                    $($key: values.list(table, stringify!($key), <$type>::read),)+
                    check: values.one(table, "check", Value::switch).expect("it has a default"),
                }
            }

            /// Every key and its value as TOML.
            pub(super) fn written(&self) -> Vec<(&'static str, String)> {
                let mut fields = vec![$((stringify!($key), super::effective::list(&self.$key, Field::written)),)+];
                fields.push(("check", self.check.to_string()));
                fields
            }
        }

        impl GenerateChange {
            /// `dedup`, as the section writes it.
            pub fn key(self) -> &'static str {
                match self {
                    $(GenerateChange::$change(_) => stringify!($key),)+
                }
            }

            /// `None` for a key that cannot be swept.
            pub(super) fn of(key: &str, value: &Value) -> Option<GenerateChange> {
                match key {
                    $(stringify!($key) => Some(GenerateChange::$change(<$type>::read(value))),)+
                    _ => None,
                }
            }

            /// The key of an arm, with its section, and its value as TOML.
            pub(super) fn written(self) -> (&'static str, String) {
                match self {
                    $(GenerateChange::$change(value) => {
                        (concat!("generate.", stringify!($key)), value.written())
                    })+
                }
            }
        }
    };
}

swept_keys! {
    /// The unit of data handed to a consumer: 4 KiB to 64 GiB, a multiple of 4 KiB.
    chunk: Bytes as Chunk,
    /// What one worker fills at a time: 4 KiB to 512 MiB, a multiple of 4 KiB. May be larger than its share of a chunk.
    block: Bytes as Block,
    /// The code that fills a block.
    kernel: KernelName as Kernel,
    /// Through the cache or past it.
    stores: StoresName as Stores,
    /// Chunks the consumer keeps: 1 to 64.
    in_flight: u32 as InFlight,
    /// Bytes generated for each that is new; 1 for no copies.
    dedup: Ratio as Dedup,
    /// What is duplicated as a whole: 4 KiB to 4 MiB, a power of two.
    unit: Bytes as Unit,
    /// Among whose data the copies of a unit lie.
    scope: Scope as Scope,
    /// How far apart they are at the least: a unit to 1 TiB; `None` for what fits.
    distance: Option<Bytes> as Distance,
    /// Bytes generated for each that a compressor keeps; 1 for none to spare.
    compress: Ratio as Compress,
    /// What compresses by itself: 512 B to 128 KiB, a power of two and no larger than a unit.
    granule: Bytes as Granule,
    /// The compressor that the ratio is met with.
    codec: CodecName as Codec,
    /// Streams beside each other in a chunk: 1 to 4096.
    streams: u32 as Streams,
    /// What becomes of a block.
    consumer: Consumer as Consumer,
    /// When it reaches its consumer.
    handover: Handover as Handover,
    /// Who fills which block.
    schedule: Schedule as Schedule,
    /// Where the memory of a block comes from.
    memory: Memory as Memory,
    /// How long the workers live.
    pool: PoolUse as Pool,
}

/// In quotes, without escapes: words, sizes and fractions are made of characters that need none.
fn quoted(value: impl std::fmt::Display) -> String {
    format!("\"{value}\"")
}

impl<W: Word> Field for W {
    fn read(value: &Value) -> W {
        value.word()
    }

    fn written(self) -> String {
        quoted(self.word())
    }
}

impl Field for Bytes {
    fn read(value: &Value) -> Bytes {
        value.size()
    }

    fn written(self) -> String {
        quoted(self)
    }
}

impl Field for Option<Bytes> {
    fn read(value: &Value) -> Option<Bytes> {
        match value {
            Value::Word(_) => None,
            size => Some(size.size()),
        }
    }

    fn written(self) -> String {
        self.map_or(quoted("auto"), Field::written)
    }
}

impl Field for u32 {
    fn read(value: &Value) -> u32 {
        value.count_u32()
    }

    fn written(self) -> String {
        self.to_string()
    }
}

impl Field for Ratio {
    fn read(value: &Value) -> Ratio {
        value.ratio()
    }

    /// A number where TOML has one.
    fn written(self) -> String {
        let text = self.to_string();
        if text.contains('/') { quoted(text) } else { text }
    }
}
