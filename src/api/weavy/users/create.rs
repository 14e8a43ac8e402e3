use axum::Json;
use axum::http::StatusCode;
use domain::user::{Command, UID_LENGTH_MAX};
use serde_json::json;

use super::profile;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::weavy::objects::User;
use crate::weavy::request::Weavy;

schema! {
    /// A user of the host system.
    NewUser = {
        let mut user = profile::schema(json!({ "uid": "bob", "name": "Bob" }));
        user["properties"]["uid"] = parts::required_text(UID_LENGTH_MAX);
        user["required"] = json!(["uid"]);
        user
    }
}

/// Register a user.
#[utoipa::path(post, path = "/users",
    operation_id = "weavy.users.create",
    request_body = NewUser,
    responses((status = 201, description = "The user", body = User),
              (status = 400, description = "uid missing, too long or taken"),
              (status = 403, description = "Not a service token")))]
pub(super) async fn create(request: Weavy) -> Result<(StatusCode, Json<User>), Failure> {
    request.service()?;
    let body = request.body()?;
    let uid = body.text("uid")?.ok_or_else(|| Failure::bad_request("uid must be given"))?;
    let uid = uid.as_str().to_owned();
    let profile = profile::read(&body)?;
    let register = Command::RegisterUser { uid: uid.clone(), profile };
    let outcome = profile::execute(&request, &uid, register).await?;
    profile::respond(&request, &uid, StatusCode::CREATED, outcome).await
}
