use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, when that is a terminal.
pub(super) fn bar(total: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} {per_sec} {eta} left")
            .expect("a fixed template");
    ProgressBar::new(total).with_style(style)
}
