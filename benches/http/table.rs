//! Prints the table as Markdown for `docs/benchmarks.md`, each line as soon as it is measured.

pub fn print_head() {
    print("", "measured", "beside", "ratio", "aim", "not 2xx");
    print("---", "---", "---", "---", "---", "---");
}

/// Prints a rate beside another one of the same run.
pub fn print_rates(what: &str, rate: f64, beside: (&str, f64), aim: f64, failed: &str) {
    let (name, other) = beside;
    let ratio = format!("{:.2}", rate / other);
    let (rate, beside) = (format!("{rate:.0}/s"), format!("{name}: {other:.0}/s"));
    print(what, &rate, &beside, &ratio, &format!(">= {aim:.1}"), failed);
}

/// Prints a value with a target of its own.
pub fn print_value(what: &str, value: &str, aim: &str, failed: &str) {
    print(what, value, "", "", aim, failed);
}

pub fn print(what: &str, measured: &str, beside: &str, ratio: &str, aim: &str, failed: &str) {
    println!("| {what:<48} | {measured:>10} | {beside:<32} | {ratio:>5} | {aim:>9} | {failed} |");
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
