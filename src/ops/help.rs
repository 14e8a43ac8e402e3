//! Which verbs use which parts of the configuration. All of it is accepted everywhere, for it may
//! stand before the verb and in the environment; a verb's help names only what it uses.

use clap::{Command, CommandFactory};

use super::Arguments;

const DATABASE: &[&str] = &["data_dir", "database_url", "database_url_file"];
const MASTER_KEY: &[&str] = &["master_key", "master_key_file"];
const SIGNING: &[&str] = &[
    "data_dir",
    "jwt_secret",
    "jwt_secret_file",
    "jwt_audience",
    "jwt_issuer",
    "jwt_account_claim",
    "jwt_role_claim",
];

const NATS: &[&str] = &[
    "nats_url",
    "nats_url_file",
    "nats_ca_file",
    "nats_cert_file",
    "nats_key_file",
    "nats_subject_prefix",
    "nats_stream",
    "nats_payload",
];

/// By verb, or by verb and subcommand. Verbs that are not listed use all of it.
const USED: &[(&[&str], &[&[&str]])] = &[
    (&["migrate"], &[DATABASE]),
    (&["token"], &[SIGNING]),
    (&["openapi"], &[]),
    (&["asyncapi"], &[]),
    (&["audit"], &[DATABASE, MASTER_KEY]),
    (&["audit", "log"], &[DATABASE, MASTER_KEY]),
    (&["audit", "state"], &[DATABASE, MASTER_KEY]),
    (&["audit", "diff"], &[DATABASE, MASTER_KEY]),
    (&["audit", "verify"], &[DATABASE, MASTER_KEY]),
    (&["audit", "quarantine"], &[DATABASE, MASTER_KEY]),
    (&["audit", "export"], &[DATABASE]),
    (&["audit", "import"], &[DATABASE]),
    (&["replay"], &[DATABASE, MASTER_KEY, NATS]),
    (&["replay", "projection"], &[DATABASE, MASTER_KEY]),
    (&["replay", "verify"], &[DATABASE, MASTER_KEY]),
    (&["replay", "what-if"], &[DATABASE, MASTER_KEY]),
    (&["replay", "nats"], &[DATABASE, MASTER_KEY, NATS]),
    (&["projection"], &[DATABASE]),
    (&["projection", "status"], &[DATABASE]),
    (&["projection", "retry"], &[DATABASE]),
    (&["keys"], &[DATABASE, MASTER_KEY]),
    (&["keys", "generate"], &[]),
    (&["keys", "rotate"], &[DATABASE, MASTER_KEY]),
];

/// The command line, each verb's help without what the verb does not use.
pub(super) fn command() -> Command {
    USED.iter().fold(Arguments::command(), |command, (path, used)| {
        let unused: Vec<_> = command
            .get_arguments()
            .filter(|option| option.is_global_set())
            .filter(|option| !used.iter().any(|part| part.contains(&option.get_id().as_str())))
            .cloned()
            .collect();
        within(command, path, &|verb| {
            // An option that the verb declares itself is not inherited, and a used one is inherited
            // as it is.
            unused.iter().fold(verb, |verb, option| match has(&verb, option) {
                true => verb,
                false => verb.arg(option.clone().hide(true)),
            })
        })
    })
}

fn has(verb: &Command, option: &clap::Arg) -> bool {
    verb.get_arguments().any(|own| own.get_id() == option.get_id())
}

fn within(command: Command, path: &[&str], change: &dyn Fn(Command) -> Command) -> Command {
    match path {
        [] => change(command),
        [verb, rest @ ..] => command.mut_subcommand(verb, |verb| within(verb, rest, change)),
    }
}
