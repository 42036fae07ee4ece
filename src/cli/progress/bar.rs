//! The bar, drawn by indicatif. Its ticking thread is never started: it would run inside timed regions.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Drawings per second above which indicatif drops some. High, because a dropped drawing would leave the bar wrong for
/// a whole repetition.
const DRAWS_PER_SECOND: u8 = u8::MAX;

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
        self.0.set_style(style("[{bar:20.=> }] {pos}/{len}  {wide_msg}"));
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

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("a template of this file");
    style.progress_chars("=> ")
}
