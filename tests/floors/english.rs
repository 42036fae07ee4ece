//! The law that comments name their subject: few questions at the beginning of a doc comment, few pronouns for things.

use crate::laws::Breach;
use crate::tree::Tree;

/// Of a hundred doc comments at most this many begin with one of [`QUESTIONS`].
const QUESTIONS_IN_A_HUNDRED_MAX: usize = 1;
const QUESTIONS: [&str; 7] = ["What", "How", "Of", "Whether", "Whose", "Where", "Who"];
/// In a thousand lines of comments at most this many of [`PRONOUNS`].
const PRONOUNS_IN_A_THOUSAND_MAX: usize = 4;
const PRONOUNS: [&str; 4] = ["who", "whose", "whom", "whoever"];

/// Comments of all Rust code, counted.
#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub doc_comments: usize,
    pub questions: Vec<(String, usize)>,
    pub lines: usize,
    pub pronouns: Vec<(String, usize)>,
}

/// Counts the comments that begin a line. Comments behind code are few, and short.
pub fn counts(tree: &Tree) -> Counts {
    let mut counts = Counts::default();
    for file in tree.files.iter().filter(|file| file.name.ends_with(".rs")) {
        let mut before = "";
        for (index, line) in file.text.lines().enumerate() {
            let line = line.trim_start();
            let marks = ["///", "//!", "//"].into_iter().find(|marks| line.starts_with(marks));
            let (Some(marks), at) = (marks, (file.name.clone(), index + 1)) else {
                before = "";
                continue;
            };
            counts.lines += 1;
            let mut words =
                line[marks.len()..].split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            if marks != "//" && marks != before {
                counts.doc_comments += 1;
                let first = words.clone().next().filter(|_| line[marks.len()..].starts_with([' ', '\t']));
                if first.is_some_and(|first| QUESTIONS.contains(&first)) {
                    counts.questions.push(at.clone());
                }
            }
            counts.pronouns.extend(
                words
                    .by_ref()
                    .filter(|word| PRONOUNS.contains(&word.to_lowercase().as_str()))
                    .map(|_| at.clone()),
            );
            before = marks;
        }
    }
    counts
}

/// Every question and pronoun, when there are too many of them.
pub fn riddles(tree: &Tree) -> Vec<Breach> {
    let counts = counts(tree);
    let mut breaches = Vec::new();
    let mut tell = |places: &[(String, usize)], most: usize, of: usize, what: &str| {
        if places.len() > most {
            let place = |(file, line): &(String, usize)| Breach::new(file.clone(), *line, what.to_owned());
            breaches.extend(places.iter().map(place));
            let sum = format!("{} of {of}: at most {most}", places.len());
            breaches.push(Breach::new("in all".to_owned(), places.len(), sum));
        }
    };
    let questions_max = counts.doc_comments * QUESTIONS_IN_A_HUNDRED_MAX / 100;
    tell(&counts.questions, questions_max, counts.doc_comments, "begins with a question: name the subject");
    let pronouns_max = counts.lines * PRONOUNS_IN_A_THOUSAND_MAX / 1000;
    tell(&counts.pronouns, pronouns_max, counts.lines, "who, whose: name the thing");
    breaches
}
