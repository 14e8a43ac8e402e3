/// Clients put `html` and `plain` into pages as they come.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Blank lines part paragraphs; other line ends become breaks.
pub(super) fn html(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p>{}</p>", escape(paragraph).replace('\n', "<br>")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_in_both_renderings() {
        assert_eq!(
            html("<b>&\n\"x\"\n\nit's"),
            "<p>&lt;b&gt;&amp;<br>&quot;x&quot;</p><p>it&#39;s</p>"
        );
        assert_eq!(escape("<script>"), "&lt;script&gt;");
    }
}
