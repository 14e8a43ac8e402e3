use std::error::Error;

/// An error and its causes as one line, each cause once: many errors repeat their source in their
/// own words. Errors are logged as this line, because a JSON log would drop the causes of an error
/// value.
pub fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = inner.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Self>>,
    }

    fn told(texts: &[&'static str]) -> Told {
        let (first, rest) = texts.split_first().unwrap();
        Told { text: first, source: (!rest.is_empty()).then(|| Box::new(told(rest))) }
    }

    #[test]
    fn every_cause_is_told_once() {
        for (texts, line) in [
            (&["cannot append"][..], "cannot append"),
            (
                &["cannot append", "no connection", "refused"],
                "cannot append: no connection: refused",
            ),
            (&["no connection: refused", "refused"], "no connection: refused"),
            (&["cannot append", "i/o: refused", "refused"], "cannot append: i/o: refused"),
        ] {
            assert_eq!(causes(&told(texts)), line);
        }
    }
}
