use crate::edge::failure::Failure;
use crate::weavy::objects::{Rendered, User};
use crate::weavy::query::{List, PagingParameters};
use crate::weavy::request::Weavy;

/// List users, by name.
#[utoipa::path(get, path = "/users",
    operation_id = "weavy.users.list",
    params(("q" = Option<String>, Query, description = "Part of the name or uid"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<User>),
              (status = 403, description = "Not a service token")))]
pub(super) async fn list(request: Weavy) -> Result<Rendered, Failure> {
    request.service()?;
    let query = request.query();
    let paging = query.paging()?;
    let top = if paging.count_only { 0 } else { paging.top };
    let q = query.text("q")?;
    let page = request.views().users(request.account(), q, None, top, paging.skip).await?;
    let known = request.presence();
    Ok(Rendered::new(&List::new(&page, &paging, |user| User::new(user, known))))
}
