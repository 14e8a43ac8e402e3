//! One file per command-line verb. Exit status: 0 done, 1 failed, 2 wrong usage, 3 a check found a
//! difference.

mod audit;
mod config;
mod conversation;
mod database;
mod descriptors;
mod doctor;
mod format;
mod given_file;
mod help;
mod keys;
mod lag;
mod master_key;
mod migrate;
mod openapi;
mod options;
mod output;
mod private_nats;
mod progress;
mod projection;
mod readiness;
mod replay;
mod serve;
mod shown_url;
mod telemetry;
mod time;
mod token;
mod token_options;

use std::process::ExitCode;

use clap::{FromArgMatches, Parser, Subcommand};

pub(crate) use options::Options;

/// Conversation state as a service: who is in, what is read, pinned, muted, archived, and who
/// changed it when.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    verb: Verb,
}

impl Arguments {
    /// Parses the process's arguments; exits when they are wrong, or when help is asked for.
    pub(crate) fn get() -> Self {
        let matches = help::command().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Removes PostgreSQL's environment variables (`PGHOST`, `PGOPTIONS` …) if the private database
    /// is used: they are about another server, but the driver would take its defaults from them.
    ///
    /// # Safety
    /// There must be no other thread yet.
    pub(crate) unsafe fn shield_private_database(&self) {
        if !self.options.database_is_private() {
            return;
        }
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                // SAFETY: the caller guarantees that no other thread reads the environment
                // meanwhile.
                unsafe { std::env::remove_var(name) };
            }
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve HTTP, build the read models, publish to NATS
    Serve(serve::Serve),
    /// Bring the schema of the event log up to date
    Migrate,
    /// Print an access token
    Token(token::Token),
    /// Print the configuration in force, with secrets masked
    Config(config::Config),
    /// Check what Colloquy needs: programs, servers, schema, log and stream
    Doctor(doctor::Doctor),
    /// Read, verify, export and import the event log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Compare the read models and the NATS stream with the log, and rebuild them
    #[command(subcommand)]
    Replay(replay::Replay),
    /// Show the status of the read models, and retry those that stopped
    #[command(subcommand)]
    Projection(projection::Projection),
    /// Manage the keys that encrypt text
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the OpenAPI description
    Openapi {
        /// Only this part: weavy, protocol, pulse, chatwoot, events, audit or operations
        dialect: Option<String>,
    },
    /// Print the AsyncAPI description of the events
    Asyncapi,
}

/// Why a verb ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage: one line that says what is accepted.
    Usage(String),
    /// A check found a difference; it has been printed.
    Difference,
    /// Anything else, with its causes.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Failure {
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Usage(line) => {
                output::complain(line);
                ExitCode::from(2)
            }
            Self::Difference => ExitCode::from(3),
            Self::Failed(error) if error.chain().any(output::is_closed) => ExitCode::SUCCESS,
            Self::Failed(error) => {
                output::complain(event_store::causes(&*error));
                ExitCode::FAILURE
            }
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut options = arguments.options;
    options.take_files()?;
    match arguments.verb {
        Verb::Serve(serve) => serve.run(options).await,
        Verb::Migrate => migrate::run(options).await,
        Verb::Token(token) => token.run(&options),
        Verb::Config(config) => config.run(&options),
        Verb::Doctor(doctor) => doctor.run(options).await,
        Verb::Audit(audit) => audit.run(options).await,
        Verb::Replay(replay) => replay.run(options).await,
        Verb::Projection(projection) => projection.run(options).await,
        Verb::Keys(keys) => keys.run(options).await,
        Verb::Openapi { dialect } => openapi::run(dialect.as_deref()),
        Verb::Asyncapi => openapi::run_asyncapi(),
    }
}
