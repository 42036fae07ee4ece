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
    fn marks_of_direction_separators_of_lines_and_soft_hyphens_are_invisible() {
        let marks =
            ['\u{AD}', '\u{200B}', '\u{200F}', '\u{2028}', '\u{2029}', '\u{202A}', '\u{202E}', '\u{2060}'];
        assert!(marks.into_iter().chain(['\u{2069}', '\u{FEFF}']).all(is_invisible));
        assert!(!['a', ' ', '-', '\u{E4}', '\u{2010}', '\u{4E2D}'].into_iter().any(is_invisible));
    }
}
