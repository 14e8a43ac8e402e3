use clap::Args;
use domain::Position;
use relay::{Copied, Copying, NotCopied, access};

use super::Parts;
use crate::ops::options::wrong;
use crate::ops::progress::Progress;
use crate::ops::{Failure, output};

#[derive(Debug, Args)]
pub(super) struct History {
    /// Last position to publish (default: the newest)
    #[arg(long, requires = "from", value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// Stream to publish to, created if missing
    #[arg(long, requires = "from")]
    stream: Option<String>,
    /// Prefix of the subjects, in place of the installation's own (default: `replay.` and the
    /// stream's name)
    #[arg(long, requires = "from")]
    subject_prefix: Option<String>,
}

impl History {
    pub(super) async fn run(&self, parts: &Parts, from: i64) -> Result<(), Failure> {
        let (from, head) = (Position::new(from), parts.log.head().await?);
        let to = self.to.map_or(head, Position::new).min(head);
        let (stream, subject_prefix) = self.names()?;
        let copying = Copying { stream, subject_prefix, from, to };
        copying.check(&parts.settings).map_err(usage)?;
        parts.require_master_key()?;
        if from > head {
            return Err(Failure::Usage(format!("the log ends with position {head}")));
        }
        let mut progress = None;
        let total = (to - from + 1).max(0).unsigned_abs();
        let copied = copying.run(&parts.reached.client, &parts.settings, &parts.log, |position| {
            let done = (position - from + 1).max(0).unsigned_abs();
            let progress = progress.get_or_insert_with(|| Progress::new("published", total, done));
            progress.set(done);
        });
        let copied = copied.await;
        if let Some(progress) = progress {
            progress.finish();
        }
        let Copied { after, to, ahead } = copied.map_err(usage)?;
        let Copying { stream, subject_prefix, .. } = &copying;
        let published = match after < to {
            true => format!("positions {} to {to} are published", after + 1),
            false => format!("positions up to {to} had been published"),
        };
        let numbers = match ahead {
            0 => "their numbers are their positions".to_owned(),
            ahead => format!("the number of each is its position less {ahead}"),
        };
        output::line(format_args!("{stream}: {published} to {subject_prefix}.v1.>; {numbers}"))
    }

    /// The stream's name and the prefix of its subjects. Either is enough: the other follows from
    /// it.
    fn names(&self) -> Result<(String, String), Failure> {
        let stream = match (&self.stream, &self.subject_prefix) {
            (Some(stream), _) => stream.clone(),
            (None, Some(prefix)) => prefix.replace('.', "_").to_uppercase(),
            (None, None) => {
                return Err(Failure::Usage(
                    "--from publishes for a new consumer: expected --stream or --subject-prefix"
                        .to_owned(),
                ));
            }
        };
        let prefix = match &self.subject_prefix {
            Some(prefix) => prefix.clone(),
            None => format!("{}.{}", access::HISTORY, stream.to_lowercase()),
        };
        if !is_token(&stream) {
            return Err(wrong("--stream", &stream, "letters, digits, _ and -"));
        }
        if !prefix.split('.').all(is_token) {
            let expected = "letters, digits, _ and -, with dots between";
            return Err(wrong("--subject-prefix", &prefix, expected));
        }
        Ok((stream, prefix))
    }
}

fn is_token(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.chars().all(plain)
}

fn usage(why: NotCopied) -> Failure {
    match why {
        NotCopied::Own { .. } => Failure::Usage(why.to_string()),
        why => why.into(),
    }
}
