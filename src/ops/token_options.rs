use api::token::Rules;
use clap::Args;

use super::Failure;
use super::options::wrong;

const LEEWAY_S_MAX: u32 = 600;

/// What access tokens must claim, under every kind of key.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenOptions {
    /// Audience that `aud` of access tokens must contain; if unset, `aud` is ignored
    #[arg(long, global = true, env = "COLLOQUY_JWT_AUDIENCE")]
    jwt_audience: Option<String>,
    /// Issuer that `iss` of access tokens must equal; if unset, `iss` is ignored
    #[arg(long, global = true, env = "COLLOQUY_JWT_ISSUER")]
    jwt_issuer: Option<String>,
    /// Claim of access tokens that contains the account
    #[arg(long, global = true, env = "COLLOQUY_JWT_ACCOUNT_CLAIM", default_value = "account")]
    jwt_account_claim: String,
    /// Claim of access tokens that contains the role
    #[arg(long, global = true, env = "COLLOQUY_JWT_ROLE_CLAIM", default_value = "role")]
    jwt_role_claim: String,
    /// Tolerated clock skew of the issuer of access tokens, in seconds, up to 600
    #[arg(long, global = true, env = "COLLOQUY_JWT_LEEWAY_S", default_value = "30")]
    jwt_leeway_s: String,
}

impl TokenOptions {
    pub(super) fn rules(&self) -> Result<Rules, Failure> {
        let given = |variable: &str, value: &Option<String>, accepted: &str| match value {
            Some(text) if text.trim().is_empty() => Err(wrong(variable, text, accepted)),
            value => Ok(value.clone()),
        };
        let claim = |variable: &str, name: &str| match name {
            "" | "sub" | "exp" | "nbf" | "iat" | "iss" | "aud" | "name" => {
                Err(wrong(variable, name, "the name of a claim of its own"))
            }
            name => Ok(name.to_owned()),
        };
        let leeway_s = self.jwt_leeway_s.parse().ok().filter(|leeway_s| *leeway_s <= LEEWAY_S_MAX);
        let rules = Rules {
            audience: given("COLLOQUY_JWT_AUDIENCE", &self.jwt_audience, "an audience")?,
            issuer: given("COLLOQUY_JWT_ISSUER", &self.jwt_issuer, "an issuer")?,
            account_claim: claim("COLLOQUY_JWT_ACCOUNT_CLAIM", &self.jwt_account_claim)?,
            role_claim: claim("COLLOQUY_JWT_ROLE_CLAIM", &self.jwt_role_claim)?,
            leeway_s: leeway_s.ok_or_else(|| {
                wrong("COLLOQUY_JWT_LEEWAY_S", &self.jwt_leeway_s, "0 to 600 seconds")
            })?,
        };
        if rules.account_claim == rules.role_claim {
            let taken = "another claim than COLLOQUY_JWT_ACCOUNT_CLAIM";
            return Err(wrong("COLLOQUY_JWT_ROLE_CLAIM", &rules.role_claim, taken));
        }
        Ok(rules)
    }

    /// The values in force, for `colloquy config`.
    pub(super) fn rows(&self) -> [(&'static str, String); 5] {
        let unset = |value: &Option<String>| {
            value.clone().unwrap_or_else(|| "(unset: not looked at)".to_owned())
        };
        [
            ("COLLOQUY_JWT_AUDIENCE", unset(&self.jwt_audience)),
            ("COLLOQUY_JWT_ISSUER", unset(&self.jwt_issuer)),
            ("COLLOQUY_JWT_ACCOUNT_CLAIM", self.jwt_account_claim.clone()),
            ("COLLOQUY_JWT_ROLE_CLAIM", self.jwt_role_claim.clone()),
            ("COLLOQUY_JWT_LEEWAY_S", self.jwt_leeway_s.clone()),
        ]
    }
}
