use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::MEDIA_TYPE;
use super::query::Query;
use crate::edge::failure::Failure;

/// The specification's version, which is in every document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JsonApi {
    version: &'static str,
}

impl Default for JsonApi {
    fn default() -> Self {
        Self { version: "1.1" }
    }
}

/// The target of a relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) r#type: &'static str,
    pub(crate) id: Uuid,
    /// The key to load it by, which may differ from its id.
    pub(crate) key: Uuid,
}

/// A resource: named attributes and relationships, in the order in which they are sent.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) r#type: &'static str,
    pub(crate) id: Uuid,
    pub(crate) attributes: Vec<(&'static str, Value)>,
    pub(crate) relationships: Vec<(&'static str, Option<Link>)>,
    /// Its path.
    pub(crate) url: String,
}

impl Resource {
    fn name(&self) -> (&'static str, Uuid) {
        (self.r#type, self.id)
    }

    /// Renders only the requested fields.
    fn render(&self, fields: &BTreeMap<String, BTreeSet<String>>) -> Rendered {
        let wanted = fields.get(self.r#type);
        let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.contains(name));
        let attributes = self.attributes.iter().filter(|(name, _)| is_wanted(name));
        let relationships = self.relationships.iter().filter(|(name, _)| is_wanted(name));
        Rendered {
            id: self.id,
            r#type: self.r#type,
            attributes: Ordered(attributes.cloned().collect()),
            relationships: Ordered(
                relationships
                    .map(|(name, link)| {
                        let data = link
                            .as_ref()
                            .map(|link| Identifier { r#type: link.r#type, id: link.id });
                        (*name, Linkage { data })
                    })
                    .collect(),
            ),
            links: SelfLink { own: self.url.clone() },
        }
    }
}

/// An object that preserves the order of its members.
#[derive(Debug)]
struct Ordered<T>(Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Debug, Serialize)]
struct Rendered {
    id: Uuid,
    r#type: &'static str,
    attributes: Ordered<Value>,
    #[serde(skip_serializing_if = "has_none")]
    relationships: Ordered<Linkage>,
    links: SelfLink,
}

fn has_none(relationships: &Ordered<Linkage>) -> bool {
    relationships.0.is_empty()
}

#[derive(Debug, Serialize)]
struct Linkage {
    data: Option<Identifier>,
}

#[derive(Debug, Serialize)]
struct Identifier {
    r#type: &'static str,
    id: Uuid,
}

#[derive(Debug, Serialize)]
struct SelfLink {
    #[serde(rename = "self")]
    own: String,
}

#[derive(Debug, Serialize)]
struct PageLinks {
    #[serde(rename = "self")]
    own: String,
    first: String,
    last: String,
    prev: Option<String>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Meta {
    total: i64,
}

#[derive(Debug, Serialize)]
struct Body<D> {
    jsonapi: JsonApi,
    data: D,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Vec<Rendered>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<PageLinks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// A response: one resource or a page of them, with the included resources.
#[derive(Debug)]
pub(crate) struct Document {
    status: StatusCode,
    body: Vec<u8>,
    location: Option<String>,
}

/// Loads linked resources, one type at a time.
pub(crate) trait Load {
    /// The resources of a type with these keys, as far as the caller may see them.
    async fn load(&self, r#type: &'static str, keys: &[Uuid]) -> Result<Vec<Resource>, Failure>;
}

impl Document {
    /// A single resource; with status 201 its URL is sent as `Location`.
    pub(crate) async fn one(
        status: StatusCode,
        resource: Resource,
        query: &Query,
        load: &impl Load,
    ) -> Result<Self, Failure> {
        let included = included(std::slice::from_ref(&resource), query, load).await?;
        let location = (status == StatusCode::CREATED).then(|| resource.url.clone());
        let body = Body {
            jsonapi: JsonApi::default(),
            data: resource.render(&query.fields),
            included,
            links: None,
            meta: None,
        };
        Ok(Self { status, body: encode(&body), location })
    }

    /// A document without a resource, where one was before.
    pub(crate) fn none() -> Self {
        let body =
            Body { jsonapi: JsonApi::default(), data: (), included: None, links: None, meta: None };
        Self { status: StatusCode::OK, body: encode(&body), location: None }
    }

    /// A page of a collection with `total` resources.
    pub(crate) async fn page(
        resources: Vec<Resource>,
        total: i64,
        query: &Query,
        load: &impl Load,
    ) -> Result<Self, Failure> {
        let included = included(&resources, query, load).await?;
        let (number, last) = (query.page.number, query.page.last(total));
        let links = PageLinks {
            own: query.link(number),
            first: query.link(1),
            last: query.link(last),
            prev: (number > 1).then(|| query.link((number - 1).min(last))),
            next: (number < last).then(|| query.link(number + 1)),
        };
        let data: Vec<Rendered> =
            resources.iter().map(|resource| resource.render(&query.fields)).collect();
        let body = Body {
            jsonapi: JsonApi::default(),
            data,
            included,
            links: Some(links),
            meta: Some(Meta { total }),
        };
        Ok(Self { status: StatusCode::OK, body: encode(&body), location: None })
    }
}

fn encode(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("its maps have strings for keys")
}

/// Every resource on the requested paths, once, without the primary data.
async fn included(
    primary: &[Resource],
    query: &Query,
    load: &impl Load,
) -> Result<Option<Vec<Rendered>>, Failure> {
    let Some(paths) = &query.include else { return Ok(None) };
    let mut known: BTreeMap<(&str, Uuid), Resource> =
        primary.iter().map(|resource| (resource.name(), resource.clone())).collect();
    let mut order: Vec<(&str, Uuid)> = Vec::new();
    for path in paths {
        let mut here: Vec<(&str, Uuid)> = primary.iter().map(Resource::name).collect();
        for step in path.split('.') {
            let links: Vec<Link> = here
                .iter()
                .filter_map(|name| known.get(name))
                .flat_map(|resource| &resource.relationships)
                .filter(|(name, _)| *name == step)
                .filter_map(|(_, link)| link.clone())
                .collect();
            let missing: BTreeMap<&'static str, BTreeSet<Uuid>> = links
                .iter()
                .filter(|link| !known.contains_key(&(link.r#type, link.id)))
                .fold(BTreeMap::new(), |mut missing, link| {
                    missing.entry(link.r#type).or_default().insert(link.key);
                    missing
                });
            for (r#type, keys) in missing {
                let keys: Vec<Uuid> = keys.into_iter().collect();
                for resource in load.load(r#type, &keys).await? {
                    order.push(resource.name());
                    known.insert(resource.name(), resource);
                }
            }
            here = links.iter().map(|link| (link.r#type, link.id)).collect();
        }
    }
    Ok(Some(order.iter().map(|name| known[name].render(&query.fields)).collect()))
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        if let Some(location) = self.location.and_then(|url| HeaderValue::try_from(url).ok()) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}
