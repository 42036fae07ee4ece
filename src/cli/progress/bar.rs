//! The bar, drawn by indicatif. Its ticking thread is never started: it would run inside timed regions.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Drawings per second above which indicatif drops some. High, because a dropped drawing would leave the bar wrong for
/// a whole repetition.
const DRAWS_PER_SECOND: u8 = u8::MAX;

/// Narrowest and widest bar, in columns.
const BAR_COLUMNS: std::ops::RangeInclusive<usize> = 6..=20;

/// One line at the bottom of the terminal. It is cleared when it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// Nothing is drawn before the first stage or repetition.
    pub fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
        Bar(bar)
    }

    /// Shows the stage before or after the rounds.
    pub fn stage(&self, name: &str) {
        self.0.set_style(style("{wide_msg}"));
        self.0.set_message(format!("{name} .."));
    }

    /// Shows that `index` of `count` repetitions are over.
    pub fn at(&self, index: usize, count: usize, message: &str) {
        let columns = crate::cli::screen::columns_of_stderr();
        let bar = bar_columns(columns, format!("[] {index}/{count}  {message}").chars().count());
        self.0.set_style(style(&format!("[{{bar:{bar}.=> }}] {{pos}}/{{len}}  {{wide_msg}}")));
        self.0.set_length(count as u64);
        self.0.set_position(index as u64);
        self.0.set_message(message.to_owned());
    }

    /// Prints a line that stays. indicatif's `println` is not used: it pads the line with blanks instead of ending it.
    pub fn line_above(&self, line: &str) {
        self.0.suspend(|| super::line_on_stderr(line));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Columns of the bar on a terminal of `columns`, beside text of `beside`: a long text is cut only when the bar cannot give
/// way any more.
fn bar_columns(columns: usize, beside: usize) -> usize {
    columns.saturating_sub(beside).clamp(*BAR_COLUMNS.start(), *BAR_COLUMNS.end())
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("a template of this file");
    style.progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_gives_way_to_its_text() {
        let text = "[] 3/12  15 s left  13.2 GiB/s so far  generate, repetition 2 of 6";
        let bar = bar_columns(80, text.len());
        assert_eq!(bar + text.len(), 80);
        assert_eq!(bar_columns(160, text.len()), 20);
        assert_eq!(bar_columns(40, text.len()), 6);
    }
}
