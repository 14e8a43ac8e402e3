use std::ops::ControlFlow;

use chrono::SecondsFormat;
use clap::Args;
use domain::{AccountId, Position};
use event_store::{RecordedEvent, Search};
use serde_json::Value;

use crate::ops::database::Database;
use crate::ops::format::{Layout, Printer};
use crate::ops::time::{self, When};
use crate::ops::{Failure, Options, conversation};

#[derive(Debug, Args)]
pub(in crate::ops) struct Log {
    /// Only events of this conversation and of its memberships; identified by its UUID, its id in
    /// any dialect (a number, or 22 letters and digits), or its uid
    conversation: Option<String>,
    /// Only events caused by the user with this uid
    #[arg(long)]
    actor: Option<String>,
    /// Only events that name the user with this uid as author, member or subject
    #[arg(long)]
    user: Option<String>,
    /// Only events of this type, such as MessagePosted
    #[arg(long = "type")]
    event_type: Option<String>,
    /// Only events of this account (default: all; 1 for --user and a conversation's number or uid)
    #[arg(long)]
    account: Option<AccountId>,
    /// Only events recorded at this time or later, such as 2026-01-31T14:03:00Z, "2026-01-31
    /// 14:03", 2026-01-31, "2 days ago" or yesterday
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Only events recorded before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only events after this position
    #[arg(long, default_value_t = Position::START)]
    after: Position,
    /// Only events up to and including this position
    #[arg(long)]
    to: Option<Position>,
    /// Only events caused by the request with this id
    #[arg(long)]
    request_id: Option<String>,
    /// Maximum number of events to print; 0 for all
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
    /// Keep printing new events as they are recorded, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    layout: Layout,
}

const HEADER: &[&str] = &[
    "position",
    "recorded_at",
    "account",
    "event_type",
    "aggregate_type",
    "aggregate_id",
    "sequence",
    "actor",
    "request_id",
    "event",
];
/// What people look for first; the rest is one --wide away.
const BRIEF_HEADER: &[&str] = &["position", "recorded_at", "event_type", "actor", "event"];
const PAGE: i64 = 1000;

impl Log {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let printed = tokio::select! {
            printed = self.print(&database, &options) => printed,
            _ = tokio::signal::ctrl_c() => Ok(()),
        };
        database.close().await?;
        printed
    }

    async fn print(&self, database: &Database, options: &Options) -> Result<(), Failure> {
        let log = database.log(options).await?;
        let account = self.account.unwrap_or(AccountId::FIRST);
        let conversation = match &self.conversation {
            Some(named) => Some(conversation::find(&database.pool, account, named).await?),
            None => None,
        };
        let now = time::now();
        let search = Search {
            conversation,
            actor: self.actor.clone(),
            user: self.user.as_ref().map(|uid| domain::user_id(account, uid)),
            event_type: self.event_type.clone(),
            account: self.account,
            since: self.since.map(|when| when.resolve(now)).transpose()?,
            until: self.until.map(|when| when.resolve(now)).transpose()?,
            to: self.to,
            request_id: self.request_id.clone(),
        };
        let (header, row): (_, fn(&RecordedEvent) -> Vec<Value>) = match self.layout.is_brief() {
            true => (BRIEF_HEADER, brief_row),
            false => (HEADER, row),
        };
        let mut printer = Printer::one_line(self.layout, header);
        let mut after = self.after;
        let mut left = if self.limit == 0 { i64::MAX } else { self.limit };
        loop {
            // The head is read before the search, so that the wait below does not miss events that
            // are recorded between the two.
            let head = log.head().await?;
            let events = log.search(&search, after, PAGE.min(left)).await?.events;
            let rows = events.iter().map(row).collect();
            if let ControlFlow::Break(()) = printer.print(rows)? {
                return Ok(());
            }
            left -= events.len() as i64;
            match events.last() {
                Some(last) => after = last.position,
                None if self.follow => log.changed_after(after.max(head)).await,
                None => break,
            }
            if left == 0 {
                break;
            }
        }
        printer.finish()
    }
}

fn brief_row(event: &RecordedEvent) -> Vec<Value> {
    vec![
        event.position.get().into(),
        event.recorded_at.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
        event.event_type.clone().into(),
        event.metadata_value("actor").unwrap_or_default().into(),
        event.reveal_as_value(),
    ]
}

fn row(event: &RecordedEvent) -> Vec<Value> {
    vec![
        event.position.get().into(),
        event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
        event.account.get().into(),
        event.event_type.clone().into(),
        event.aggregate_type.clone().into(),
        event.aggregate_id.to_string().into(),
        event.sequence.into(),
        event.metadata_value("actor").unwrap_or_default().into(),
        event.metadata_value("request_id").unwrap_or_default().into(),
        event.reveal_as_value(),
    ]
}
