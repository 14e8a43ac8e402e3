use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{
    HumanCount, HumanDuration, ProgressBar, ProgressFinish, ProgressState, ProgressStyle,
};

/// A progress bar on standard error, if that is a terminal. `from` of the `total` were done before.
pub(super) fn bar(doing: &'static str, total: u64, from: u64) -> ProgressBar {
    let speed = move |state: &ProgressState, shown: &mut dyn Write| {
        let total = state.len().unwrap_or(total);
        let _ = shown.write_str(&speed(state.pos(), total, from, state.elapsed()));
    };
    let template = "{msg} {bar:30} {human_pos}/{human_len} {speed}";
    let style = ProgressStyle::with_template(template).expect("a fixed template");
    shown(ProgressBar::new(total), doing, style.with_key("speed", speed)).with_position(from)
}

/// The average rate per second since the beginning, and the estimated time left.
fn speed(done: u64, total: u64, from: u64, elapsed: Duration) -> String {
    let rate = done.saturating_sub(from) as f64 / elapsed.as_secs_f64().max(0.001);
    let shown = format!("{}/s", HumanCount(rate as u64));
    if rate < 1.0 {
        return shown;
    }
    let left = Duration::from_secs_f64(total.saturating_sub(done) as f64 / rate);
    format!("{shown}, {} left", HumanDuration(left))
}

/// The bar disappears when it is dropped.
fn shown(bar: ProgressBar, doing: &'static str, style: ProgressStyle) -> ProgressBar {
    bar.with_message(doing).with_style(style).with_finish(ProgressFinish::AndClear)
}

/// Interval of progress lines, when there is no bar.
const A_LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of long work: a bar on standard error when that is a terminal, else a line every five
/// seconds.
pub(super) struct Progress {
    doing: &'static str,
    bar: ProgressBar,
    begun: Instant,
    told: Instant,
    /// How much was done before it began.
    from: u64,
    with_lines: bool,
}

impl Progress {
    pub(super) fn new(doing: &'static str, total: u64, from: u64) -> Self {
        let begun = Instant::now();
        let with_lines = !stderr().is_terminal();
        Self { doing, bar: bar(doing, total, from), begun, told: begun, from, with_lines }
    }

    pub(super) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        if !self.with_lines || self.told.elapsed() < A_LINE_EVERY {
            return;
        }
        self.told = Instant::now();
        let total = self.bar.length().unwrap_or(done).max(done);
        super::output::tell(format_args!(
            "{}: {} of {}, {}",
            self.doing,
            HumanCount(done),
            HumanCount(total),
            speed(done, total, self.from, self.begun.elapsed())
        ));
    }

    /// Counting is complete; from now on something else is waited for.
    pub(super) fn wait_for(&mut self, what: &'static str) {
        if self.with_lines && self.told.elapsed() >= A_LINE_EVERY {
            self.told = Instant::now();
            super::output::tell(what);
        }
        if self.doing != what {
            self.doing = what;
            self.bar.finish_and_clear();
            let style = ProgressStyle::with_template("{msg}, {elapsed}").expect("a fixed template");
            self.bar = shown(ProgressBar::new_spinner(), what, style);
            self.bar.enable_steady_tick(Duration::from_secs(1));
        }
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::speed;

    #[test]
    fn speed_counts_what_was_done_since_the_beginning() {
        for (done, total, from, seconds, expected) in [
            (3_000, 9_000, 1_000, 2, "1,000/s, 6 seconds left"),
            (9_000, 9_000, 1_000, 8, "1,000/s, 0 seconds left"),
            (1_000, 9_000, 1_000, 0, "0/s"),
            (10, 9_000, 0, 60, "0/s"),
        ] {
            assert_eq!(speed(done, total, from, Duration::from_secs(seconds)), expected);
        }
    }
}
