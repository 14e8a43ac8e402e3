use std::path::Path;

use clap::Args;

use super::{Failure, Options, output, secret_file};

#[derive(Debug, Args)]
pub(super) struct Token {
    /// The user's uid in the host system
    #[arg(long)]
    user: String,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// The tenant
    #[arg(long, default_value_t = 1)]
    account: i64,
    /// What the user may do
    #[arg(long, default_value = "member",
          value_parser = ["member", "agent", "administrator", "bot", "service"])]
    role: String,
    /// Seconds until the token runs out
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
                    "COLLOQUY_JWT_SECRET is unset and the data folder keeps none: expected 32 bytes or more"
                        .to_owned(),
                )
            })?,
        };
        output::line(self.issue(&secret)?)
    }

    fn issue(&self, secret: &str) -> Result<String, Failure> {
        issue(secret, &self.user, self.name.as_deref(), self.account, &self.role, self.expires_in)
    }
}

/// A signed token for a user.
#[expect(clippy::disallowed_methods, reason = "a token's life begins now")]
pub(super) fn issue(
    secret: &str,
    user: &str,
    name: Option<&str>,
    account: i64,
    role: &str,
    expires_in_s: u32,
) -> Result<String, Failure> {
    if user.is_empty() || user.chars().count() > domain::user::UID_LENGTH_MAX {
        return Err(Failure::Usage(format!(
            "--user is {user:?}: expected 1 to {} characters",
            domain::user::UID_LENGTH_MAX
        )));
    }
    let claims = api::token::Claims {
        sub: user.to_owned(),
        exp: chrono::Utc::now().timestamp() + i64::from(expires_in_s),
        name: name.map(str::to_owned),
        account,
        role: role.parse()?,
    };
    Ok(api::token::issue(secret, &claims)?)
}

const SECRET_FILE: &str = "jwt-secret";

/// The secret that an earlier quick start kept.
pub(super) fn kept_secret(data_dir: &Path) -> Result<Option<String>, Failure> {
    secret_file::read(&data_dir.join(SECRET_FILE))
}

/// Keeps the secret of a quick start for the next one.
pub(super) fn keep_secret(data_dir: &Path, secret: &str) -> Result<(), Failure> {
    secret_file::keep(&data_dir.join(SECRET_FILE), secret)
}
