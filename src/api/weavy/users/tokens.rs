//! Access tokens of a user, for the host system: issued where tokens are signed with a secret, and
//! revoked whoever issued them.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::user::Command;
use projections::KNOWN_WITHIN;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::profile;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::token::{Claims, Role};
use crate::weavy::request::Weavy;

const EXPIRES_IN_DEFAULT_S: i64 = 3600;
const EXPIRES_IN_MAX_S: i64 = 30 * 24 * 3600;

schema! {
    /// The token's lifetime, and the user's profile, from the host system; fields left out stay.
    TokenRequest = {
        let mut request = profile::schema(json!({ "name": "Bob", "expires_in": 3600 }));
        request["properties"]["expires_in"] = json!({
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": EXPIRES_IN_MAX_S,
            "default": EXPIRES_IN_DEFAULT_S,
            "description": "Seconds until the token runs out",
        });
        request
    }
}

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedToken {
    access_token: String,
    /// Seconds until the token expires.
    expires_in: i64,
}

/// Issue an access token for a user, who is registered if need be.
#[utoipa::path(post, path = "/users/{user}/tokens",
    operation_id = "weavy.users.issue_token",
    params(("user" = String, Path, description = "The uid")),
    request_body = TokenRequest,
    responses((status = 200, description = "The token", body = IssuedToken),
              (status = 400, description = "A value cannot be used"),
              (status = 403, description = "Not a service token, or an identity provider makes the \
                                            tokens")))]
pub(super) async fn issue(
    Path(uid): Path<String>,
    request: Weavy,
) -> Result<Json<IssuedToken>, Failure> {
    request.service()?;
    let issuer = request.services.issuer.as_ref().ok_or_else(|| {
        Failure::forbidden(
            "tokens are made by the identity provider: without COLLOQUY_JWT_SECRET there are none \
             to be had here",
        )
    })?;
    let body = request.body()?;
    let expires_in = match body.get("expires_in") {
        None => EXPIRES_IN_DEFAULT_S,
        Some(given) => {
            let given = given.as_i64().filter(|given| (1..=EXPIRES_IN_MAX_S).contains(given));
            let wrong = format!("expires_in must be a whole number from 1 to {EXPIRES_IN_MAX_S}");
            given.ok_or_else(|| Failure::bad_request(wrong))?
        }
    };
    let outcome = profile::upsert(&request, &uid, profile::read(&body)?).await?;
    request.wait_for(&outcome).await?;
    let user = request.views().user_by_uid(request.account(), &uid).await?;
    let user = user.ok_or_else(Failure::not_found)?;
    // Later than all revoked tokens, even if this node's clock is behind.
    let revoked = request.services.revocations.until(user.uuid);
    let now = request.context.metadata.occurred_at;
    let issued_at = revoked.map_or(now, |until| now.max(until + TimeDelta::milliseconds(1)));
    let claims = Claims {
        sub: uid,
        exp: (now.timestamp() + expires_in) as f64,
        iat: Some(issued_at.timestamp_micros() as f64 / 1e6),
        name: user.name.clone(),
        account: request.account(),
        role: role(user.role.as_deref()),
    };
    let access_token = issuer.issue(&claims).map_err(|error| {
        tracing::error!(error = event_store::causes(&error), "a token could not be made");
        Failure::from(StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(Json(IssuedToken { access_token, expires_in }))
}

/// The role in the directory; no user becomes the host system by being registered with its role.
fn role(known: Option<&str>) -> Role {
    let known = known.and_then(|role| role.parse().ok());
    known.filter(|role| *role != Role::Service).unwrap_or_default()
}

/// Revoke all access tokens of a user that were issued until now.
#[utoipa::path(delete, path = "/users/{user}/tokens",
    operation_id = "weavy.users.revoke_tokens",
    params(("user" = String, Path, description = "The uid")),
    responses((status = 204, description = "No node takes any of them"),
              (status = 403, description = "Not a service token"),
              (status = 404, description = "Unknown")))]
pub(super) async fn revoke(Path(uid): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    request.service()?;
    let issued_until = stored(request.context.metadata.occurred_at);
    profile::execute(&request, &uid, Command::RevokeTokens { issued_until }).await?;
    // After this pause every node that accepts tokens has read the revocation in the log.
    tokio::time::sleep(KNOWN_WITHIN).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Rounded up to the microseconds that the database keeps.
fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    (at + TimeDelta::nanoseconds(999)).trunc_subsecs(6)
}
