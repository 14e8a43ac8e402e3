use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

/// A bar on standard error, when that is a terminal.
pub(super) fn bar(total: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} {per_sec} {eta} left")
            .expect("a fixed template");
    ProgressBar::new(total).with_style(style)
}

/// Where nobody watches a bar.
const A_LINE_EVERY: Duration = Duration::from_secs(5);

/// How far long work has come: a bar on standard error when that is a terminal, else a line every
/// few seconds.
pub(super) struct Progress {
    doing: &'static str,
    bar: ProgressBar,
    begun: Instant,
    told: Instant,
    /// Where it began to count.
    from: u64,
    with_lines: bool,
}

impl Progress {
    pub(super) fn new(doing: &'static str, total: u64) -> Self {
        let begun = Instant::now();
        let with_lines = !stderr().is_terminal();
        Self { doing, bar: bar(total), begun, told: begun, from: 0, with_lines }
    }

    /// It goes on from here.
    pub(super) fn begin_at(&mut self, done: u64) {
        self.from = done;
        self.bar.set_position(done);
        self.bar.reset_eta();
    }

    pub(super) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        if !self.with_lines || self.told.elapsed() < A_LINE_EVERY {
            return;
        }
        self.told = Instant::now();
        let total = self.bar.length().unwrap_or(done).max(done);
        let rate = done.saturating_sub(self.from) as f64 / self.begun.elapsed().as_secs_f64();
        let left = match rate > 0.0 {
            true => {
                let left = Duration::from_secs_f64((total - done) as f64 / rate);
                format!(", {} left", HumanDuration(left))
            }
            false => String::new(),
        };
        super::output::tell(format_args!(
            "{}: {} of {}, {rate:.0}/s{left}",
            self.doing,
            HumanCount(done),
            HumanCount(total)
        ));
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
