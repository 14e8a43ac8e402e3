use axum::extract::Path;
use axum::http::StatusCode;
use domain::contact::{Command, Contact, Profile};
use domain::contact_claim::{self, ContactClaim};
use domain::{AccountId, Text};
use event_store::Together;
use projections::views::support::Contact as View;
use serde_json::json;

use super::profile;
use super::shown::{OneContact, Shown};
use crate::chatwoot::request::{ATTEMPTS_MAX, Chatwoot, number_in_path};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The changes to a contact. Fields left out or null stay, a blank text clears its field, and
    /// attributes are added to the existing ones.
    ContactChange = profile::schema(json!({ "name": "Ana" }))
}

/// Change a contact. Fields left out stay.
#[utoipa::path(method(put, patch), path = "/{account_id}/contacts/{id}",
    operation_id = "chatwoot.contacts",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The contact")),
    request_body = Option<ContactChange>,
    responses((status = 200, description = "The contact", body = OneContact),
              (status = 422, description = "A value cannot be used, or is another contact's")))]
pub(super) async fn update(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let number = number_in_path(&id)?;
    let profile = profile::read(&request.body()?)?;
    for _ in 0..ATTEMPTS_MAX {
        let known = request.contact(number).await?;
        match request.execute_together(change(request.account(), &known, &profile)).await {
            // The contact's unique values changed meanwhile: read them again.
            Err(failure) if failure.status == StatusCode::CONFLICT => {
                request.wait_for_head().await?
            }
            Err(failure) => return Err(failure),
            Ok(_) => return Ok(Shown::find(&request, number).await?.render()),
        }
    }
    Err(Failure::unavailable("too many writers; try again"))
}

/// The change to the contact, together with the unique values that it claims and releases.
fn change(account: AccountId, known: &View, profile: &Profile) -> Together<Failure> {
    let contact = known.uuid;
    let before = Profile {
        email: known.email.clone().map(Text::from),
        phone_number: known.phone_number.clone().map(Text::from),
        identifier: known.identifier.clone().map(Text::from),
        ..Profile::default()
    };
    let expect = Command::ExpectIdentities {
        email: before.email.clone(),
        phone_number: before.phone_number.clone(),
        identifier: before.identifier.clone(),
    };
    let update = Command::UpdateContact { profile: profile.clone() };
    let mut together = Together::of::<Contact>(contact, vec![expect, update]);
    let values = profile::identities(&before).into_iter().zip(profile::identities(profile));
    for ((identity, before), (_, after)) in values {
        let Some(after) = after else { continue };
        let claim = |value: Option<&str>| {
            value.filter(|value| !value.is_empty()).map(|value| identity.claim(account, value))
        };
        let (before, after) = (claim(before), claim(Some(after)));
        if before == after {
            continue;
        }
        if let Some(after) = after {
            let command = contact_claim::Command::Claim { contact, identity };
            together = together.and::<ContactClaim>(after, vec![command]);
        }
        if let Some(before) = before {
            let command = contact_claim::Command::Release { contact };
            together = together.and::<ContactClaim>(before, vec![command]);
        }
    }
    together
}
