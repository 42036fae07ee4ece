//! Reads Rust source as tokens: enough to know which paths a file names, on which line, and whether in a test.
//! Comments, strings and lifetimes are not code and vanish.

/// A word or a sign of the source, `::` as one sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub text: String,
    pub line: usize,
    /// Inside a module that is compiled for tests only.
    pub test: bool,
    /// How many inline modules stand around it: `super` first leaves those.
    pub depth: usize,
}

/// A path as written, such as `crate::units::Bytes`; `use` trees are unfolded.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub segments: Vec<String>,
    /// The name it has from here on, when it stands in a `use`.
    pub imported_as: Option<String>,
    pub line: usize,
    pub depth: usize,
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = lexeme_length(rest);
        let lexeme = &rest[..length];
        if lexeme.chars().all(is_word) || lexeme == "::" || (length == 1 && first.is_ascii_punctuation()) {
            tokens.push(Token { text: lexeme.to_owned(), line, test: false, depth: 0 });
        }
        line += lexeme.matches('\n').count();
        rest = &rest[length..];
    }
    mark_modules(&mut tokens);
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length in bytes of what stands first: a comment, a literal, a word, or one character. `text` is not empty.
fn lexeme_length(text: &str) -> usize {
    let after =
        |start: usize, end: &str| text[start..].find(end).map_or(text.len(), |at| start + at + end.len());
    let first = text.chars().next().expect("not empty");
    let raw = text.trim_start_matches(['b', 'c']).strip_prefix('r').map(|rest| rest.trim_start_matches('#'));
    match first {
        _ if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
        _ if text.starts_with("/*") => block_comment_length(text),
        _ if raw.is_some_and(|rest| rest.starts_with('"')) => {
            let opening = text.find('"').expect("seen above");
            after(opening + 1, &format!("\"{}", "#".repeat(text[..opening].matches('#').count())))
        }
        '"' => quoted_length(text, '"'),
        _ if text.starts_with("b\"") || text.starts_with("c\"") => 1 + quoted_length(&text[1..], '"'),
        _ if text.starts_with("b'") => 1 + quoted_length(&text[1..], '\''),
        '\'' if is_lifetime(text) => 1 + word_length(&text[1..]),
        '\'' => quoted_length(text, '\''),
        _ if is_word(first) => word_length(text),
        _ if text.starts_with("::") => 2,
        _ => first.len_utf8(),
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

/// `'a` is a lifetime unless a quote closes it: `'a'`.
fn is_lifetime(text: &str) -> bool {
    let name = word_length(&text[1..]);
    name > 0 && !text[1 + name..].starts_with('\'')
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn block_comment_length(text: &str) -> usize {
    let (mut open, mut at) = (0usize, 0);
    loop {
        match text[at..].get(..2) {
            Some("/*") => (open, at) = (open + 1, at + 2),
            Some("*/") if open == 1 => return at + 2,
            Some("*/") => (open, at) = (open - 1, at + 2),
            _ if at >= text.len() => return text.len(),
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
}

/// Fills in `depth` and `test`.
fn mark_modules(tokens: &mut [Token]) {
    // Of every open brace: does it open an inline module, and one for tests?
    let mut braces: Vec<(bool, bool)> = Vec::new();
    let mut attribute_says_test = false;
    for index in 0..tokens.len() {
        tokens[index].depth = braces.iter().filter(|(module, _)| *module).count();
        tokens[index].test = braces.iter().any(|(_, test)| *test);
        let back = |steps: usize| index.checked_sub(steps).map_or("", |at| tokens[at].text.as_str());
        match tokens[index].text.as_str() {
            "cfg" if back(1) == "[" => {
                let attribute = tokens[index..].iter().take_while(|token| token.text != "]");
                attribute_says_test = attribute.into_iter().any(|token| token.text == "test");
            }
            "{" => {
                let module = back(2) == "mod";
                braces.push((module, module && attribute_says_test));
                attribute_says_test = false;
            }
            "}" => drop(braces.pop()),
            ";" => attribute_says_test = false,
            _ => {}
        }
    }
}

/// Every path of at least two segments, and all that `use` brings in.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let free = begins_path(&tokens[..at]);
        let captures = tokens.get(at + 1).is_some_and(|next| next.text == "<"); // `impl Trait + use<'a>`
        if tokens[at].text == "use" && free && !captures {
            at = use_tree(tokens, at + 1, &[], &mut paths);
        } else if tokens[at].text.starts_with(is_word) && free {
            let (segments, next) = plain_path(tokens, at);
            if segments.len() > 1 {
                paths.push(Path {
                    segments,
                    imported_as: None,
                    line: tokens[at].line,
                    depth: tokens[at].depth,
                });
            }
            at = next;
        } else {
            at += 1;
        }
    }
    paths
}

/// Whether a path may begin after these tokens: not in its middle, not at a field. `::a` begins one, `T::a` does not.
fn begins_path(before: &[Token]) -> bool {
    let back = |steps: usize| before.len().checked_sub(steps).map_or("", |at| before[at].text.as_str());
    match back(1) {
        "." => false,
        "::" if back(2) == ">" => ["-", "="].contains(&back(3)), // an arrow, not the end of `Vec<T>`
        "::" => !back(2).starts_with(is_word),
        _ => true,
    }
}

/// `a::b::c` from `at`, and where it ends.
fn plain_path(tokens: &[Token], mut at: usize) -> (Vec<String>, usize) {
    let mut segments = vec![tokens[at].text.clone()];
    at += 1;
    while at + 1 < tokens.len() && tokens[at].text == "::" && tokens[at + 1].text.starts_with(is_word) {
        segments.push(tokens[at + 1].text.clone());
        at += 2;
    }
    (segments, at)
}

/// One tree of a `use` that begins at `at` below `prefix`; returns where it ends (at its `,`, `}` or `;`).
fn use_tree(tokens: &[Token], mut at: usize, prefix: &[String], paths: &mut Vec<Path>) -> usize {
    let mut segments = prefix.to_vec();
    let mut imported_as = None;
    let mut grouped = false;
    while at < tokens.len() {
        let token = &tokens[at];
        match token.text.as_str() {
            "," | "}" | ";" => break,
            "{" => {
                grouped = true;
                while at < tokens.len() && tokens[at].text != "}" {
                    at = use_tree(tokens, at + 1, &segments, paths);
                }
            }
            "as" => imported_as = tokens.get(at + 1).map(|name| name.text.clone()),
            text if text.starts_with(is_word) && imported_as.is_none() => segments.push(text.to_owned()),
            _ => {}
        }
        at += 1;
    }
    if !grouped && segments.len() > prefix.len() {
        let token = &tokens[at.min(tokens.len()) - 1];
        imported_as = imported_as.or_else(|| segments.iter().rev().find(|name| *name != "self").cloned());
        paths.push(Path { segments, imported_as, line: token.line, depth: token.depth });
    }
    at
}
