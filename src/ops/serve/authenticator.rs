use api::token::Authenticator;

use crate::ops::{Failure, Options, token};

/// The verifier of access tokens, and the secret if tokens can be issued with it here.
pub(super) fn authenticator(
    options: &Options,
    quick_start: bool,
) -> Result<(Authenticator, Option<String>), Failure> {
    let rules = options.tokens.rules()?;
    if let Some(pem) = &options.jwt_public_key {
        return Ok((Authenticator::from_public_key_pem(pem, rules)?, None));
    }
    if let Some(url) = &options.jwks_url {
        return Ok((Authenticator::from_jwks_url(url, rules)?, None));
    }
    let secret = match &options.jwt_secret {
        Some(secret) => secret.clone(),
        None if quick_start => token::kept_or_new_secret(&options.data_dir())?,
        None => {
            return Err(Failure::Usage(
                "COLLOQUY_JWT_SECRET is unset: expected a secret of 32 bytes or more, \
                 COLLOQUY_JWT_PUBLIC_KEY, COLLOQUY_JWKS_URL, or --quick-start"
                    .to_owned(),
            ));
        }
    };
    Ok((Authenticator::hs256(&secret, rules)?, Some(secret)))
}
