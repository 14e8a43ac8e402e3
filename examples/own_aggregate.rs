//! An aggregate of your own on this log: a ticket, run by cqrs-es's own framework. Its events are
//! numbered with all others, what is private in them is encrypted, and the relay publishes them.
//!
//! `cargo run --example own_aggregate`

#![allow(clippy::disallowed_methods, reason = "a program is an edge of its own")]

use std::collections::HashMap;
use std::time::Duration;

use anyhow::ensure;
use async_nats::RequestErrorKind;
use cqrs_es::CqrsFramework;
use domain::{Decider, Position, StoredEvent, Text};
use event_store::{Commands, Keys, Log, MasterKey, Settings};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Ticket {
    is_open: bool,
}

#[derive(Debug, Clone)]
enum Command {
    OpenTicket { subject: String },
    CloseTicket,
}

/// The subject is `Text`: it is encrypted in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    TicketOpened { subject: Text },
    TicketClosed,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the ticket is open already")]
struct AlreadyOpen;

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::TicketOpened { .. } => "TicketOpened",
            Self::TicketClosed => "TicketClosed",
        }
    }
}

impl Decider for Ticket {
    const TYPE: &'static str = "ticket";
    const STATE_SCHEMA: i32 = 1;
    type Id = Uuid;
    type Command = Command;
    type Event = Event;
    type Refusal = AlreadyOpen;

    fn decide(&self, command: Command) -> Result<Vec<Event>, AlreadyOpen> {
        match command {
            Command::OpenTicket { .. } if self.is_open => Err(AlreadyOpen),
            Command::OpenTicket { subject } => {
                Ok(vec![Event::TicketOpened { subject: subject.as_str().into() }])
            }
            Command::CloseTicket if self.is_open => Ok(vec![Event::TicketClosed]),
            Command::CloseTicket => Ok(vec![]),
        }
    }

    fn evolve(&mut self, event: &Event) {
        self.is_open = matches!(event, Event::TicketOpened { .. });
    }

    fn name(command: &Command) -> &'static str {
        match command {
            Command::OpenTicket { .. } => "OpenTicket",
            Command::CloseTicket => "CloseTicket",
        }
    }
}

domain::aggregate!(Ticket, Event);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let nats_url = embedded::testing::nats_url().await;
    let pool = embedded::testing::database().await.pool().await;
    event_store::migrate(&pool).await?;
    let log = Log::new(pool.clone(), Keys::open(&pool, MasterKey::generate()).await?);
    let stop = CancellationToken::new();
    let commands = Commands::start(log.clone(), &Settings::default(), stop.clone());

    let tickets = CqrsFramework::<Ticket, _>::new(commands.store().clone(), vec![], ());
    let id = Uuid::now_v7().to_string();
    // Every command names its account and its actor.
    let metadata = HashMap::from([("account", "7"), ("actor", "ann")].map(owned));
    let open = Command::OpenTicket { subject: "The door squeaks".to_owned() };
    tickets.execute_with_metadata(&id, open.clone(), metadata.clone()).await?;
    ensure!(tickets.execute_with_metadata(&id, open, metadata.clone()).await.is_err());
    tickets.execute_with_metadata(&id, Command::CloseTicket, metadata).await?;

    for event in log.read(Position::START, 10).await? {
        println!("{} {} {}", event.position, event.event_type, event.reveal()?);
    }
    let stored: String = sqlx::query_scalar("select string_agg(payload::text, ' ') from events")
        .fetch_one(&pool)
        .await?;
    ensure!(!stored.contains("squeaks"), "{stored}");

    let mut published = subscribe(&nats_url).await?;
    let relay = tokio::spawn(publish(log, nats_url, stop.clone()));
    for expected in ["example.v1.7.directory.TicketOpened", "example.v1.7.directory.TicketClosed"] {
        let message = tokio::time::timeout(Duration::from_secs(30), published.next()).await?;
        let subject = message.map(|message| message.subject.to_string());
        ensure!(subject.as_deref() == Some(expected), "{subject:?}");
        println!("published: {expected}");
    }
    stop.cancel();
    Ok(relay.await?)
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

async fn subscribe(url: &str) -> anyhow::Result<async_nats::Subscriber> {
    let client = async_nats::connect(url).await?;
    let subscriber = client.subscribe("example.v1.>").await?;
    // NATS handles a connection's messages in order: this reply comes after the subscription was
    // made.
    let unheard = client.request("nobody", "".into()).await;
    ensure!(unheard.is_err_and(|error| error.kind() == RequestErrorKind::NoResponders));
    Ok(subscriber)
}

async fn publish(log: Log, url: String, stop: CancellationToken) {
    let settings = relay::Settings {
        nats: relay::NatsOptions::new(&url).expect("a private server has a good URL"),
        stream: "EXAMPLE".to_owned(),
        subject_prefix: "example".to_owned(),
        payload: relay::Payload::Full,
        in_flight_max: 1000,
        look_every: Duration::from_secs(5),
    };
    let (status, _) = watch::channel(relay::Status::default());
    relay::run(log, settings, Uuid::new_v4(), status, stop).await;
}
