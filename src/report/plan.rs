//! The plan of a job as text: cases, time, memory and files, before anything runs.

use std::collections::BTreeMap;

use super::text::{NOT_AVAILABLE, parts, percent};
use crate::generator::Stores;
use crate::plan::{Case, Plan, Prediction, Seat};
use crate::record::{Expected, Parameter};
use crate::screen::{words, wrapped};
use crate::units::{count, counted, human_bytes, human_span, index};
use crate::word::Word;

/// Everything that is known about a run before it runs.
#[derive(Debug)]
pub struct Planned<'a> {
    /// Name of the job.
    pub name: &'a str,
    /// Seat and plan of each rank of one host. At least one.
    pub ranks: &'a [(Seat, Plan)],
    /// Number of hosts, all alike.
    pub hosts: u32,
    /// Prediction from a miniature of the run; `None` when nothing was tried.
    pub prediction: Option<&'a Prediction>,
    /// Everything that cannot be predicted, one sentence each.
    pub unknown: &'a [String],
}

/// Placeholder for a figure that a case does not have.
const ABSENT: &str = "-";
const COLUMNS: usize = 80;
const HEADERS: [(&str, usize); 7] = [
    ("workers", 8),
    ("blocks", 7),
    ("busy", 6),
    ("working set", 12),
    ("of L3", 7),
    ("memory", 9),
    ("time", 9),
];
/// Columns of the labels before the paragraphs below the table.
const LABEL_COLUMNS: usize = 9;

/// The plan of all ranks, in 80 columns.
pub fn plan(planned: &Planned<'_>) -> String {
    let mut text = headline(planned);
    let (_, first) = &planned.ranks[0];
    let figures: Vec<[String; 7]> = (0..first.cases.len()).map(|index| figures(planned, index)).collect();
    // A column without any figure, as of blocks in a job without chunks, leaves its room to the ids.
    let shown = |column: &usize| figures.iter().any(|figures| figures[*column] != ABSENT);
    let shown: Vec<usize> = (0..HEADERS.len()).filter(shown).collect();
    text += &row("case", &HEADERS.map(|(name, _)| name.to_owned()), &shown);
    text += &format!("{}\n", "-".repeat(COLUMNS));
    for (case, figures) in first.cases.iter().zip(&figures) {
        text += &row(&case.id, figures, &shown);
    }
    text.push('\n');
    text += &paragraphs("data", &data(planned, first));
    text += &paragraphs("stores", &stores(first));
    text += &paragraphs("memory", &memory(planned));
    text += &paragraphs("time", &[time(planned, first)]);
    text += &paragraphs("files", &[files(planned)]);
    text += &paragraphs("unknown", planned.unknown);
    text
}

fn headline(planned: &Planned<'_>) -> String {
    let (_, first) = &planned.ranks[0];
    let counted = |number: usize, noun: &str| counted(count(number), noun);
    let (hosts, ranks) = (index(planned.hosts), planned.ranks.len());
    let on = match hosts {
        1 => String::new(),
        hosts => format!(" ({hosts} hosts x {ranks})"),
    };
    format!(
        "{}: {} x {} on {}{on}\n\n",
        planned.name,
        counted(first.cases.len(), "case"),
        match first.stop {
            Some(_) => format!("at most {}", counted(index(first.repetitions), "repetition")),
            None => counted(index(first.repetitions), "repetition"),
        },
        counted(hosts * ranks, "rank"),
    )
}

/// The figures of a case, over all ranks.
fn figures(planned: &Planned<'_>, index: usize) -> [String; 7] {
    let (_, first) = &planned.ranks[0];
    let of_ranks: Vec<&Case> = planned.ranks.iter().map(|(_, plan)| &plan.cases[index]).collect();
    let time = match (planned.prediction, first.asked_ns()) {
        (Some(prediction), _) => human_span(prediction.repetition_ns[index]),
        // The job asks for the same time in every repetition.
        (None, Some(ns)) => format!(">{}", human_span(ns as f64 / first.turns.len() as f64)),
        (None, None) => NOT_AVAILABLE.to_owned(),
    };
    cells(&of_ranks, time)
}

/// Id and the shown ones of the figures; an id that is too long is put on a line of its own.
fn row(id: &str, cells: &[String; 7], shown: &[usize]) -> String {
    let widths = shown.iter().map(|column| HEADERS[*column].1);
    let left = COLUMNS - widths.clone().sum::<usize>();
    let figures: String =
        shown.iter().zip(widths).map(|(column, width)| format!("{:>width$}", cells[*column])).collect();
    let line = match id.chars().count() < left {
        true => format!("{id:<left$}{figures}"),
        false => format!("{}\n{:left$}{figures}", broken(id), ""),
    };
    format!("{}\n", line.trim_end())
}

/// An id in lines of at most 80 columns, broken before a parameter.
fn broken(id: &str) -> String {
    wrapped(parts(id).iter().map(String::as_str), "", "  ", COLUMNS).join("\n")
}

fn cells(of_ranks: &[&Case], time: String) -> [String; 7] {
    let expected = |figure: &dyn Fn(&Expected) -> u64| {
        let values: Vec<u64> =
            of_ranks.iter().filter_map(|case| case.expected.as_ref().map(figure)).collect();
        span(&values, |value| value.to_string())
    };
    let sets: Vec<u64> =
        of_ranks.iter().filter_map(|case| Some(case.expected.as_ref()?.working_set_bytes)).collect();
    let arenas: Vec<u64> = of_ranks.iter().map(|case| case.arena_bytes()).collect();
    let workers: Vec<u64> = of_ranks.iter().map(|case| case.workers.into()).collect();
    let share = |case: &&Case| {
        let expected = case.expected.as_ref()?;
        Some(expected.l3_bytes.map(|l3_bytes| expected.working_set_bytes as f64 / l3_bytes as f64))
    };
    // The rank with the largest share of its cache decides.
    let of_l3 = match of_ranks.iter().filter_map(share).reduce(|a, b| Some(a?.max(b?))) {
        None => ABSENT.to_owned(),
        Some(None) => NOT_AVAILABLE.to_owned(),
        Some(Some(share)) if share >= 10.0 => format!("{share:.0} x"),
        Some(Some(share)) => percent(share),
    };
    [
        span(&workers, |value| value.to_string()),
        expected(&|expected| expected.blocks_per_chunk.into()),
        expected(&|expected| expected.busy_workers.into()),
        span(&sets, human_bytes),
        of_l3,
        match arenas.iter().max() {
            None | Some(0) => ABSENT.to_owned(),
            Some(most) => human_bytes(*most),
        },
        time,
    ]
}

/// The common value of the ranks, or their smallest and largest.
fn span(values: &[u64], shown: impl Fn(u64) -> String) -> String {
    match (values.iter().min(), values.iter().max()) {
        (Some(least), Some(most)) if least == most => shown(*most),
        (Some(least), Some(most)) => format!("{}-{}", shown(*least), shown(*most)),
        _ => ABSENT.to_owned(),
    }
}

/// The amount of data generated by all ranks; empty for a job that generates none.
fn data(planned: &Planned<'_>, plan: &Plan) -> Vec<String> {
    if plan.cases.iter().all(|case| case.expected.is_none()) {
        return Vec::new();
    }
    vec![match (plan.data_set_bytes(), planned.prediction) {
        (Some(bytes), _) => format!("{} generated by all ranks, without warm-ups", human_bytes(bytes)),
        (None, Some(prediction)) => format!(
            "about {} generated by all ranks, without warm-ups",
            human_bytes(prediction.generated_bytes as u64)
        ),
        (None, None) => "not known: the cases were not tried".to_owned(),
    }]
}

/// The stores that `stores = "auto"` resolved to; empty when no case has it.
fn stores(plan: &Plan) -> Vec<String> {
    let auto = ("stores", Parameter::Word("auto".to_owned()));
    let open: Vec<&Case> = plan.cases.iter().filter(|case| case.parameters.contains(&auto)).collect();
    let of = |stores: Stores| -> Vec<&str> {
        let resolved = |case: &Case| case.expected.as_ref()?.stores.as_deref().and_then(Stores::from_word);
        open.iter().filter(|case| resolved(case) == Some(stores)).map(|case| case.id.as_str()).collect()
    };
    let sentence = |stores: Stores| match of(stores) {
        cases if cases.is_empty() => None,
        cases if cases.len() == open.len() => Some(format!("auto means {stores} in every case")),
        cases => Some(format!("auto means {stores} in {}", cases.join(", "))),
    };
    Stores::ALL.iter().copied().filter_map(sentence).collect()
}

/// Memory needed and free: on the node with the least room, on the host, and beside the arenas.
fn memory(planned: &Planned<'_>) -> Vec<String> {
    let mut nodes: BTreeMap<&str, (u64, Option<u64>)> = BTreeMap::new();
    for (seat, plan) in planned.ranks {
        let (needed, _) = nodes.entry(&seat.node).or_insert((0, seat.free_bytes));
        *needed += plan.arena_bytes;
    }
    let total: u64 = nodes.values().map(|(needed, _)| needed).sum();
    let most = nodes.values().map(|(needed, _)| *needed).max().unwrap_or(0);
    let tightest = nodes
        .iter()
        .filter_map(|(node, (needed, free))| Some((node, *needed, (*free)?)))
        .max_by(|a, b| (a.1 as f64 / a.2 as f64).total_cmp(&(b.1 as f64 / b.2 as f64)));
    let mut lines = vec![match tightest {
        Some((node, needed, free)) if nodes.len() == 1 => {
            format!("{} on {node}, where {} are free", human_bytes(needed), human_bytes(free))
        }
        Some((node, needed, free)) => format!(
            "at most {} per node; tightest: {} of {} free on {node}",
            human_bytes(most),
            human_bytes(needed),
            human_bytes(free),
        ),
        None => format!("at most {} per node; free memory unknown", human_bytes(most)),
    }];
    let cgroup = planned.ranks.iter().find_map(|(seat, _)| seat.cgroup_bytes);
    let left = match cgroup {
        Some(bytes) => format!("; {} left in this process's cgroup", human_bytes(bytes)),
        None => String::new(),
    };
    lines.push(format!("{} per host{left}", human_bytes(total)));
    if let Some(beside) = planned.prediction.and_then(|prediction| prediction.resident_bytes) {
        lines.push(format!("{} more per process, beside the arenas", human_bytes(beside)));
    }
    lines
}

fn time(planned: &Planned<'_>, plan: &Plan) -> String {
    let at_most = if plan.stop.is_some() { "at most " } else { "" };
    if let Some(prediction) = planned.prediction {
        return format!(
            "{at_most}{}: {} until the first repetition, {} for repetitions, {} to write the result",
            human_span(prediction.wall_ns),
            human_span(prediction.begin_ns),
            human_span(prediction.wall_ns - prediction.begin_ns - prediction.finish_ns),
            human_span(prediction.finish_ns),
        );
    }
    match plan.asked_ns() {
        Some(ns) => {
            let most = plan.stop.and_then(|stop| stop.time_ns).map_or(ns, |time_ns| ns.min(time_ns));
            format!("{at_most}{} of warm-up and timed work, plus set-up and results", human_span(most as f64))
        }
        None => "as long as the machine takes to generate the data set".to_owned(),
    }
}

fn files(planned: &Planned<'_>) -> String {
    let Some(prediction) = planned.prediction else {
        return "not known: the cases were not tried".to_owned();
    };
    let Prediction { parts_bytes, rest_bytes, .. } = *prediction;
    let all = human_bytes(parts_bytes.saturating_add(rest_bytes));
    let [parts, rest] = [parts_bytes, rest_bytes].map(human_bytes);
    format!("about {all} (within a factor of two): {parts} in parts/, {rest} beside it")
}

/// Sentences beside their label. Each starts on a new line and is broken between words.
fn paragraphs(label: &str, sentences: &[String]) -> String {
    let indent = " ".repeat(LABEL_COLUMNS + 2);
    let mut text = String::new();
    for (index, sentence) in sentences.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let mut pieces = words(sentence).into_iter();
        // The label and its blanks stay with the first word.
        let first = format!("{label:<LABEL_COLUMNS$}{}", pieces.next().unwrap_or_default());
        let pieces = std::iter::once(first.as_str()).chain(pieces);
        text += &(wrapped(pieces, " ", &indent, COLUMNS).join("\n") + "\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fits_80_columns_however_many_keys_are_swept() {
        let id =
            "generate.workers=all.chunk=65536MiB.block=512MiB.kernel=avx512.stores=non-temporal.in_flight=64";
        let cells = ["1-4096", "16384", "4096", "192 MiB", "150 %", "1.50 GiB", "59.9 s"].map(str::to_owned);
        let all: Vec<usize> = (0..HEADERS.len()).collect();
        let columns = [all.as_slice(), &[0, 5, 6], &[0, 6]];
        let ids = ["larson", "generate.chunk=128MiB", &id[..60], id];
        for (id, shown) in ids.iter().flat_map(|id| columns.iter().map(move |shown| (id, shown))) {
            let text = row(id, &cells, shown);
            assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
            assert_eq!(
                text.lines().last().map(str::len),
                Some(COLUMNS),
                "the figures end at the edge: {text}"
            );
            let without_blanks: String = text.split_whitespace().collect();
            assert!(without_blanks.starts_with(id), "{text}");
        }
        // Without the columns of chunks an id of two parameters has its figures beside it.
        assert_eq!(row("mixed-lifetime.workers=1.allocator=rpmalloc", &cells, &[0, 5, 6]).lines().count(), 1);
    }

    #[test]
    fn a_paragraph_is_broken_between_words_and_its_sentences_begin_alike() {
        let sentences = ["word ".repeat(30).trim_end().to_owned(), "another".to_owned()];
        let text = paragraphs("time", &sentences);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= COLUMNS), "{text}");
        assert!(lines[0].starts_with("time     word") && lines[1].starts_with("           word"), "{text}");
        assert_eq!(lines.last(), Some(&"         another"));
    }
}
