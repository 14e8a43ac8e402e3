use std::path::Path;

use api::token::{Claims, Rules};
use clap::Args;
use domain::AccountId;
use embedded::private_file;
use rand::distr::{Alphanumeric, SampleString};

use super::{Failure, Options, output};

#[derive(Debug, Args)]
pub(super) struct Token {
    /// Uid of the user in the host system
    #[arg(long)]
    user: String,
    /// Display name of the user
    #[arg(long)]
    name: Option<String>,
    /// Account (tenant) of the user
    #[arg(long, default_value_t = AccountId::FIRST)]
    account: AccountId,
    /// Role of the user
    #[arg(long, default_value = "member",
          value_parser = ["member", "agent", "administrator", "bot", "service"])]
    role: String,
    /// Seconds until the token expires
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..))]
    expires_in: u32,
}

impl Token {
    pub(super) fn run(self, options: &Options) -> Result<(), Failure> {
        options.check()?;
        let secret = match &options.jwt_secret {
            Some(secret) => secret.clone(),
            None => kept_secret(&options.data_dir())?.ok_or_else(|| {
                Failure::Usage(
                    "COLLOQUY_JWT_SECRET is unset and the data folder keeps none: expected 32 \
                     bytes or more"
                        .to_owned(),
                )
            })?,
        };
        let rules = options.tokens.rules()?;
        let (user, name) = (&self.user, self.name.as_deref());
        let token = issue(&secret, &rules, user, name, self.account, &self.role, self.expires_in)?;
        output::line(token)
    }
}

/// A signed token for a user.
#[expect(clippy::disallowed_methods, reason = "a token's life begins now")]
pub(super) fn issue(
    secret: &str,
    rules: &Rules,
    user: &str,
    name: Option<&str>,
    account: AccountId,
    role: &str,
    expires_in_s: u32,
) -> Result<String, Failure> {
    if user.is_empty() || user.chars().count() > domain::user::UID_LENGTH_MAX {
        return Err(Failure::Usage(format!(
            "--user is {user:?}: expected 1 to {} characters",
            domain::user::UID_LENGTH_MAX
        )));
    }
    if user == domain::user::SYSTEM_UID {
        return Err(Failure::Usage(format!(
            "--user is {user:?}: expected another one, this is what the log calls the system itself"
        )));
    }
    let now = chrono::Utc::now();
    let claims = Claims {
        sub: user.to_owned(),
        exp: (now.timestamp() + i64::from(expires_in_s)) as f64,
        // To the millisecond, so that it is known which of two tokens of the same second is newer.
        iat: Some(now.timestamp_millis() as f64 / 1e3),
        name: name.map(str::to_owned),
        account,
        role: role.parse()?,
    };
    Ok(api::token::issue(secret, &claims, rules)?)
}

const SECRET_FILE: &str = "jwt-secret";

/// The secret that an earlier quick start kept.
pub(super) fn kept_secret(data_dir: &Path) -> Result<Option<String>, Failure> {
    Ok(private_file::read(&data_dir.join(SECRET_FILE))?)
}

/// As [`kept_secret`]; if there is none, a new secret is made and kept for the next quick start.
pub(super) fn kept_or_new_secret(data_dir: &Path) -> Result<String, Failure> {
    if let Some(secret) = kept_secret(data_dir)? {
        return Ok(secret);
    }
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 48);
    private_file::keep_first(&data_dir.join(SECRET_FILE), &secret)?;
    // If two nodes start at once, the file has the secret of the first.
    Ok(kept_secret(data_dir)?.unwrap_or(secret))
}
