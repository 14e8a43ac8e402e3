use std::borrow::Cow;

/// Escapes markup: clients insert `html` and `plain` into pages unchanged.
fn escape(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| special(byte).is_some()) {
        true => {
            let mut escaped = String::with_capacity(text.len() + 16);
            push(&mut escaped, text, special);
            escaped.into()
        }
        false => text.into(),
    }
}

/// Blank lines separate paragraphs; other line breaks become `<br>`.
pub(super) fn html(text: &str) -> String {
    let text = match text.contains('\r') {
        true => Cow::from(text.replace("\r\n", "\n")),
        false => text.into(),
    };
    let mut html = String::with_capacity(text.len() + 32);
    for paragraph in text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()) {
        html.push_str("<p>");
        push(&mut html, paragraph, |byte| if byte == b'\n' { Some("<br>") } else { special(byte) });
        html.push_str("</p>");
    }
    html
}

/// One line, with single spaces between words.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let is_one_line =
        text.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace));
    match is_one_line {
        true => escape(text),
        false => {
            let words: Vec<&str> = text.split_whitespace().collect();
            escape(&words.join(" ")).into_owned().into()
        }
    }
}

/// The entity for a character that would be markup.
fn special(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        _ => None,
    }
}

/// Replacing single bytes is safe: they are ASCII, and so never a part of another character.
fn push(to: &mut String, text: &str, replaced: impl Fn(u8) -> Option<&'static str>) {
    let mut pushed = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(other) = replaced(byte) {
            to.push_str(&text[pushed..at]);
            to.push_str(other);
            pushed = at + 1;
        }
    }
    to.push_str(&text[pushed..]);
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
        assert_eq!(plain("<i>  \n& \u{a0}é "), "&lt;i&gt; &amp; é");
        assert_eq!(plain("a é 'b'"), "a é &#39;b&#39;");
        assert_eq!(html("a\r\nb\r\n\r\n\u{a0}"), "<p>a<br>b</p>");
    }
}
