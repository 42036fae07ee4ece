//! The command that submits a run to Slurm.

/// Parameters of a run for Slurm.
#[derive(Debug)]
pub struct Submission<'a> {
    /// Number of hosts; Slurm calls them nodes.
    pub hosts: u32,
    /// Ranks per host; Slurm calls them tasks.
    pub ranks_per_host: usize,
    /// Fewest PUs of any rank, a number that every rank can have.
    pub pus_per_rank: u32,
    /// Predicted time of the run in ns; `None` when unknown.
    pub wall_ns: Option<f64>,
    /// The job and its overrides, as after `numamark run`.
    pub arguments: &'a [String],
}

const COLUMNS: usize = 80;
/// Seconds added to the time of the run: the launcher, a cold file system, and the minute between USR1 and the
/// time limit.
const AROUND_S: f64 = 120.0;
/// Share added to the time of the run, because another host or another day may be slower.
const MARGIN_SHARE: f64 = 0.25;

/// One command, broken after arguments when it is longer than 80 columns.
pub fn submission(submission: &Submission<'_>) -> String {
    let mut words = vec![
        "sbatch".to_owned(),
        format!("--nodes={}", submission.hosts),
        format!("--ntasks-per-node={}", submission.ranks_per_host),
        format!("--cpus-per-task={}", submission.pus_per_rank),
    ];
    words.extend(submission.wall_ns.map(|ns| format!("--time={}", time_limit(ns))));
    words.push("slurm/run.sbatch".to_owned());
    words.extend(submission.arguments.iter().map(|argument| quoted(argument)));
    let mut text = "\n".to_owned();
    let mut line = String::new();
    for word in words {
        // Three columns: the space before the word, and a space and a backslash at the end.
        if !line.is_empty() && line.chars().count() + 3 + word.chars().count() > COLUMNS {
            text += &format!("{line} \\\n");
            line = "  ".to_owned();
        } else if !line.is_empty() {
            line.push(' ');
        }
        line += &word;
    }
    text + &line + "\n"
}

/// Time limit as `HH:MM:00`, rounded up to minutes as Slurm does anyway. Days are given in hours.
fn time_limit(wall_ns: f64) -> String {
    let seconds = wall_ns / 1e9 * (1.0 + MARGIN_SHARE) + AROUND_S;
    let minutes = (seconds / 60.0).ceil() as u64;
    format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
}

/// Quotes an argument for a shell.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=,:+@%".contains(c);
    match !argument.is_empty() && argument.chars().all(plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_can_be_pasted_and_leaves_a_margin() {
        let arguments = ["jobs/a b.toml", "--sweep", "rank.workers=1..16*2", "--set", "name=it's"];
        let text = submission(&Submission {
            hosts: 4,
            ranks_per_host: 16,
            pus_per_rank: 23,
            wall_ns: Some(600e9),
            arguments: &arguments.map(str::to_owned),
        });
        // 600 s, plus a quarter, plus two minutes: 14 min 30 s.
        assert_eq!(
            text,
            "\nsbatch --nodes=4 --ntasks-per-node=16 --cpus-per-task=23 --time=00:15:00 \\\n  \
             slurm/run.sbatch 'jobs/a b.toml' --sweep 'rank.workers=1..16*2' --set \\\n  'name=it'\\''s'\n"
        );
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
    }

    #[test]
    fn hours_are_not_days_and_what_is_not_known_is_not_limited() {
        assert_eq!(time_limit(24.0 * 3600e9), "30:02:00");
        let text = submission(&Submission {
            hosts: 1,
            ranks_per_host: 1,
            pus_per_rank: 2,
            wall_ns: None,
            arguments: &[],
        });
        assert!(!text.contains("--time"), "{text}");
    }
}
