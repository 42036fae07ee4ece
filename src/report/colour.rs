//! Colours of a finished text: verdicts at the begin of a line, and marked cells. They come last, because an escape
//! sequence has no width that a table could know.

/// Begins of lines with their colour: what is good, what is to be looked at, what is wrong.
const BEGINS: [(&str, &str); 11] = [
    ("nothing was wrong", GREEN),
    ("PASS", GREEN),
    ("doubtful:", YELLOW),
    ("WARN", YELLOW),
    ("undecided:", YELLOW),
    ("stopped", YELLOW),
    ("PARTIAL", YELLOW),
    ("NOT TRUSTWORTHY:", RED),
    ("FORCED:", RED),
    ("FAIL", RED),
    ("STRAGGLER", RED),
];
/// Words of verdicts in tables, each after two blanks, with their colour.
const VERDICTS: [(&str, &str); 4] = [("faster", GREEN), ("less", GREEN), ("slower", RED), ("more", RED)];
/// Mark after a cell that is not as expected.
const MARK: &str = " !";

const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The text with its colours.
pub(super) fn painted(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    for (begin, colour) in BEGINS {
        if let Some(rest) = line.strip_prefix(begin) {
            return format!("{colour}{begin}{PLAIN}{rest}");
        }
    }
    let mut painted = line.to_owned();
    for (verdict, colour) in VERDICTS {
        let (found, shown) = (format!("  {verdict}  "), format!("  {colour}{verdict}{PLAIN}  "));
        painted = painted.replacen(&found, &shown, 1);
        // The last column of a table; a line with nothing else continues a sentence.
        let last = painted.trim_end().strip_suffix(verdict).filter(|before| before.ends_with("  "));
        if let Some(before) = last.filter(|before| !before.trim().is_empty()) {
            painted = format!("{before}{colour}{verdict}{PLAIN}\n");
        }
    }
    marked_cells(&painted)
}

/// Colours each cell with a mark, from the blank before it to the mark.
fn marked_cells(line: &str) -> String {
    let mut pieces = line.split(MARK).peekable();
    let mut painted = String::new();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            painted += piece;
            continue;
        }
        let begin = piece.rfind("  ").map_or(0, |blank| blank + 2);
        painted += &format!("{}{RED}{}{MARK}{PLAIN}", &piece[..begin], &piece[begin..]);
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_and_marked_cells_have_a_colour_and_nothing_else_changes() {
        let text = "NOT TRUSTWORTHY: x\nPASS a\nrate  1.00  slower  2\n64MiB  1.2 !   3.4\nplain!\n";
        let shown = painted(text);
        assert_eq!(
            shown,
            "\u{1b}[31mNOT TRUSTWORTHY:\u{1b}[0m x\n\u{1b}[32mPASS\u{1b}[0m a\nrate  1.00  \u{1b}[31mslower\u{1b}[0m  2\n\
             64MiB  \u{1b}[31m1.2 !\u{1b}[0m   3.4\nplain!\n"
        );
        assert_eq!(
            painted("rate  -41  slower\n  slower\n"),
            format!("rate  -41  {RED}slower{PLAIN}\n  slower\n")
        );
        let mut bare = shown;
        for escape in [GREEN, YELLOW, RED, PLAIN] {
            bare = bare.replace(escape, "");
        }
        assert_eq!(bare, text);
    }
}
