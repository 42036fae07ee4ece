//! Text for a screen: line breaks, and characters that must not reach it.

/// Joins pieces to lines of at most `columns` characters; `joint` stands between two pieces of one line, and each line
/// after the first begins with `indent`. A piece that is longer has its own line.
pub fn wrapped<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
    joint: &str,
    indent: &str,
    columns: usize,
) -> Vec<String> {
    let count = |text: &str| text.chars().count();
    let mut pieces = pieces.into_iter();
    let mut lines = vec![pieces.next().unwrap_or_default().to_owned()];
    for piece in pieces {
        let line = lines.last_mut().expect("there is always a line");
        if count(line) + count(joint) + count(piece) > columns {
            lines.push(format!("{indent}{piece}"));
        } else {
            line.push_str(joint);
            line.push_str(piece);
        }
    }
    lines
}

/// Units that stand behind a figure.
const UNITS: [&str; 18] = [
    "%", "B", "KiB", "MiB", "GiB", "TiB", "GiB/s", "op/s", "kop/s", "Mop/s", "Gop/s", "ns", "us", "ms", "s",
    "min", "h", "x",
];

/// The words of a text, between which a line may be broken. A figure and its unit are one: `4.00 GiB/s`.
pub fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut begin = 0;
    for word in text.split(' ') {
        let end = begin + word.len();
        let unit = UNITS.contains(&word.trim_end_matches([',', ';', ':', ')', '.']));
        match words.last_mut().filter(|last| unit && last.ends_with(|c: char| c.is_ascii_digit())) {
            Some(figure) => *figure = &text[begin - 1 - figure.len()..end],
            None => words.push(word),
        }
        begin = end + 1;
    }
    words
}

/// True for characters without width and for marks that change the direction or the line of the text around them.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_pieces_and_a_longer_piece_has_its_own() {
        let lines = |text: &str, columns| wrapped(text.split(' '), " ", "  ", columns);
        assert_eq!(lines("aa bb cc dd", 5), ["aa bb", "  cc", "  dd"]);
        assert_eq!(lines("aa bb cc dd", 7), ["aa bb", "  cc dd"]);
        assert_eq!(lines("a longer-than-a-line b", 6), ["a", "  longer-than-a-line", "  b"]);
        assert_eq!(lines("\u{e4}\u{e4} bb", 5), ["\u{e4}\u{e4} bb"], "characters count, not bytes");
        assert_eq!(wrapped([], " ", "", 5), [""]);
    }

    #[test]
    fn a_figure_and_its_unit_are_one_word() {
        let text = "of 3, 4.00 GiB/s; 12 %, in 10 min 5 s (7 nodes)  x";
        let parts = ["of", "3,", "4.00 GiB/s;", "12 %,", "in", "10 min", "5 s", "(7", "nodes)", "", "x"];
        assert_eq!(words(text), parts);
        assert_eq!(words(""), [""]);
    }

    #[test]
    fn marks_of_direction_separators_of_lines_and_soft_hyphens_are_invisible() {
        let marks =
            ['\u{AD}', '\u{200B}', '\u{200F}', '\u{2028}', '\u{2029}', '\u{202A}', '\u{202E}', '\u{2060}'];
        assert!(marks.into_iter().chain(['\u{2069}', '\u{FEFF}']).all(is_invisible));
        assert!(!['a', ' ', '-', '\u{E4}', '\u{2010}', '\u{4E2D}'].into_iter().any(is_invisible));
    }
}
