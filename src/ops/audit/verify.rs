use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use domain::Position;
use event_store::{
    Difference, Digest, Exported, Keys, MissingKeys, Quarantined, Transfer, Verifier, WithKeys,
    from_hex, to_hex,
};
use futures::TryStreamExt;
use serde_json::Value;

use super::export::Heading;
use crate::ops::database::Database;
use crate::ops::format::{Format, Layout, Printer};
use crate::ops::{Failure, Options, master_key, output, progress};

#[derive(Debug, Args)]
pub(in crate::ops) struct Verify {
    /// First position to verify; earlier events are taken to be unaltered
    #[arg(long, default_value_t = Position::START.next(), value_parser = super::position())]
    from: Position,
    /// Last position to verify; if unset, the log must end where its head says
    #[arg(long, value_parser = super::position())]
    to: Option<Position>,
    /// Digest noted earlier, which the event at that position must have: detects a tail that was
    /// cut off or rewritten. May be repeated
    #[arg(long, value_name = "POSITION:DIGEST")]
    expect: Vec<Expected>,
    /// Verify an exported file instead of a database
    #[arg(long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    layout: Layout,
}

/// A digest that an auditor noted earlier.
#[derive(Debug, Clone)]
struct Expected {
    position: Position,
    digest: Digest,
}

/// The quarantined events among those that were checked, by position.
type AllQuarantined = Vec<(Position, Quarantined)>;

/// The result for a log in which nothing differs.
struct Verified {
    verifier: Verifier,
    /// How many encrypted events were imported without keys.
    imported: u64,
}

/// Checks that the log ends where its head says.
fn at_the_head(verifier: &Verifier, head: Position, head_digest: &str) -> Result<(), Difference> {
    let last = verifier.position();
    let (position, what) = if last < head {
        (last + 1, format!("the event is missing: the head of the log says {head}"))
    } else if last > head {
        (head + 1, format!("the event is beyond the head of the log, {head}"))
    } else if to_hex(verifier.digest()) != head_digest {
        (head, format!("the head of the log has another digest, {head_digest}"))
    } else {
        return Ok(());
    };
    Err(Difference { position, what })
}

impl std::str::FromStr for Expected {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once(':')
            .and_then(|(position, digest)| {
                Some(Self { position: position.parse().ok()?, digest: from_hex(digest)? })
            })
            .ok_or("expected POSITION:DIGEST, the digest in 64 hexadecimal digits")
    }
}

impl Verify {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        if let Some(path) = &self.file {
            let mut quarantined = Vec::new();
            let verified = self.file(path, &mut quarantined)?;
            return self.report(verified, &quarantined);
        }
        let database = Database::open(&options).await?;
        let mut quarantined = Vec::new();
        let keys = master_key::find(&options)?.map_or_else(Keys::none, Keys::to_open_with);
        let verified = self.database(&database, &keys, &mut quarantined).await;
        database.close().await?;
        self.report(verified?, &quarantined)
    }

    /// Verifies a database: what was verified, or the first difference. Errors of reading are the
    /// outer result's.
    async fn database(
        &self,
        database: &Database,
        keys: &Keys,
        quarantined: &mut AllQuarantined,
    ) -> Result<Result<Verified, Difference>, Failure> {
        let mut transfer = Transfer::begin(&database.pool).await?;
        let before = self.from - 1;
        let Some(digest) = transfer.digest_of(before).await? else {
            let what = "the event is missing".to_owned();
            return Ok(Err(Difference { position: before, what }));
        };
        let mut verifier = Verifier::after(before, digest);
        let (head, head_digest) = (transfer.head, to_hex(&transfer.digest));
        let to = self.to.unwrap_or(Position::END);
        let mut missing = MissingKeys::imported_up_to(transfer.imported_without_keys().await?);
        let bar = progress::bar("verifying", (head.min(to) - before).unsigned_abs(), 0);
        {
            let mut events = std::pin::pin!(transfer.events(before, to, WithKeys::Yes));
            loop {
                let next = tokio::select! {
                    next = events.try_next() => next?,
                    _ = tokio::signal::ctrl_c() => {
                        bar.abandon();
                        return Err(anyhow::anyhow!(
                            "interrupted: verified up to position {}; continue with --from {}",
                            verifier.position(), verifier.position() + 1
                        ).into());
                    }
                };
                let Some(exported) = next else { break };
                let mut checked = self.check(&mut verifier, &exported, quarantined);
                if checked.is_ok() {
                    checked = keys.check(&exported).await;
                }
                if let Err(difference) = checked {
                    bar.abandon();
                    return Ok(Err(difference));
                }
                missing.check(&exported);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        // Whether a key was erased is only known at the end: a later event may have done it.
        if self.to.is_none_or(|to| to >= head) {
            return Ok(at_the_head(&verifier, head, &head_digest)
                .and_then(|()| missing.finish())
                .map(|imported| Verified { verifier, imported }));
        }
        Ok(Ok(Verified { verifier, imported: 0 }))
    }

    fn file(
        &self,
        path: &Path,
        quarantined: &mut AllQuarantined,
    ) -> Result<Result<Verified, Difference>, Failure> {
        let file =
            std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines = BufReader::new(file).lines();
        let heading = Heading::read(lines.next().transpose()?.as_deref())?;
        let mut verifier = Verifier::after(heading.after, heading.digest()?);
        for (number, line) in lines.enumerate() {
            let exported: Exported = match serde_json::from_str(&line?) {
                Ok(exported) => exported,
                Err(error) => {
                    let what = format!("line {} cannot be read: {error}", number + 2);
                    return Ok(Err(Difference { position: verifier.position() + 1, what }));
                }
            };
            if let Err(difference) = self.check(&mut verifier, &exported, quarantined) {
                return Ok(Err(difference));
            }
        }
        if verifier.position() != heading.to {
            let what = format!("the event is missing: the file should end with {}", heading.to);
            return Ok(Err(Difference { position: verifier.position() + 1, what }));
        }
        Ok(Ok(Verified { verifier, imported: 0 }))
    }

    fn check(
        &self,
        verifier: &mut Verifier,
        exported: &Exported,
        quarantined: &mut AllQuarantined,
    ) -> Result<(), Difference> {
        verifier.check(exported)?;
        let event = &exported.event;
        quarantined.extend(exported.quarantined.clone().map(|why| (event.position, why)));
        for expected in &self.expect {
            if expected.position == event.position && expected.digest != *verifier.digest() {
                let what = format!(
                    "its digest is {}, but {} was expected: the log was written anew",
                    to_hex(verifier.digest()),
                    to_hex(&expected.digest)
                );
                return Err(Difference { position: event.position, what });
            }
        }
        Ok(())
    }

    fn report(
        &self,
        verified: Result<Verified, Difference>,
        quarantined: &[(Position, Quarantined)],
    ) -> Result<(), Failure> {
        let verified = verified.and_then(|verified| {
            let last = verified.verifier.position();
            let cut = self.expect.iter().find(|expected| expected.position > last);
            match cut {
                Some(expected) => Err(Difference {
                    position: last + 1,
                    what: format!(
                        "the event is missing: position {} was expected",
                        expected.position
                    ),
                }),
                None => Ok(verified),
            }
        });
        let (row, result) = match &verified {
            Ok(Verified { verifier, imported }) => {
                let (position, digest) = (verifier.position(), to_hex(verifier.digest()));
                let note = (*imported > 0).then(|| {
                    format!("imported without keys: the text of {imported} events is sealed")
                });
                if self.layout.format == Format::Table {
                    output::line(format_args!("verified: positions {} to {position}", self.from))?;
                    if let Some(note) = note {
                        output::line(note)?;
                    }
                    print_quarantined(quarantined)?;
                    return output::line(format_args!(
                        "to check the log against it later, keep: --expect {position}:{digest}"
                    ));
                }
                (vec!["right".into(), position.get().into(), digest.into(), note.into()], Ok(()))
            }
            Err(difference) => {
                if self.layout.format == Format::Table {
                    output::line(format_args!("WRONG at {difference}"))?;
                    print_quarantined(quarantined)?;
                    return Err(Failure::Difference);
                }
                let Difference { position, what } = difference;
                let row =
                    vec!["WRONG".into(), position.get().into(), Value::Null, what.clone().into()];
                (row, Err(Failure::Difference))
            }
        };
        let mut printer = Printer::new(self.layout, &["verdict", "position", "digest", "what"]);
        let quarantined = quarantined.iter().map(|(position, why)| {
            vec!["quarantined".into(), position.get().into(), Value::Null, described(why).into()]
        });
        let _ = printer.print(std::iter::once(row).chain(quarantined).collect())?;
        printer.finish()?;
        result
    }
}

fn print_quarantined(quarantined: &[(Position, Quarantined)]) -> Result<(), Failure> {
    quarantined.iter().try_for_each(|(position, why)| {
        let described = described(why);
        output::line(format_args!("quarantined: position {position}, {described}"))
    })
}

fn described(Quarantined { at, by, reason }: &Quarantined) -> String {
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    format!("by {by} at {at}: {reason}")
}
