use domain::{AccountId, ContactId, InboxId, PublicId};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use super::rows::{Columns, contact, contact_columns};
use super::{Contact, ContactLink, DESK, LinkSought};
use crate::{Error, Page, Views};

const LINK_COLUMNS: &str = "l.uuid, l.contact, l.inbox, l.source_id, l.chosen";

impl Views {
    /// A page of contacts by number, newest first; those with `q` in their name, e-mail address,
    /// phone number or identifier.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_contacts(
        &self,
        account: AccountId,
        q: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<Page<Contact>, Error> {
        self.progress.require(DESK)?;
        let (list_sql, count_sql) = (contacts_sql(q.is_some()), count_sql(q.is_some()));
        let rows = self.ask("list contacts", || async {
            let page = sqlx::query(&list_sql).bind(account).bind(limit).bind(offset);
            let page = if let Some(q) = q { page.bind(q) } else { page };
            page.fetch_all(&self.readers).await
        });
        let items = contacts(&rows.await?)?;
        let total = self.ask("count contacts", || async {
            let count = sqlx::query_scalar(&count_sql).bind(account);
            let count = if let Some(q) = q { count.bind(q) } else { count };
            count.fetch_optional(&self.readers).await
        });
        let total = total.await?.unwrap_or(0);
        Ok(Page { items, total: Some(total) })
    }

    /// The contact with a public number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_contact(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<Contact>, Error> {
        self.progress.require(DESK)?;
        let sql = format!(
            "select {} from contacts k where k.account_id = $1 and k.number = $2",
            contact_columns("k")
        );
        let rows = self.ask("look up a contact", || async {
            sqlx::query(&sql).bind(account).bind(number).fetch_all(&self.readers).await
        });
        Ok(contacts(&rows.await?)?.pop())
    }

    /// The contact's links to inboxes, the newest first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn links_of_contact(&self, contact: ContactId) -> Result<Vec<ContactLink>, Error> {
        self.progress.require(DESK)?;
        let sql = format!(
            "select {LINK_COLUMNS} from contact_links l where l.contact = $1 \
             order by l.position desc"
        );
        let rows = self.ask("list the links of a contact", || async {
            sqlx::query(&sql).bind(contact).fetch_all(&self.readers).await
        });
        links(&rows.await?)
    }

    /// The newest link that matches.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn link_sought(
        &self,
        account: AccountId,
        sought: &LinkSought,
    ) -> Result<Option<ContactLink>, Error> {
        self.progress.require(DESK)?;
        let rows = self.ask("look for a link", || async {
            sought_sql(account, sought).build().fetch_all(&self.readers).await
        });
        Ok(links(&rows.await?)?.pop())
    }

    /// The link with this source id in this inbox.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn link(
        &self,
        account: AccountId,
        inbox: InboxId,
        source_id: &str,
    ) -> Result<Option<ContactLink>, Error> {
        self.progress.require(DESK)?;
        let sql = format!("select {LINK_COLUMNS} from contact_links l where l.uuid = $1");
        let rows = self.ask("look up a link", || async {
            sqlx::query(&sql)
                .bind(domain::contact_link_id(account, inbox, source_id))
                .fetch_all(&self.readers)
                .await
        });
        Ok(links(&rows.await?)?.pop())
    }
}

/// The condition that a contact contains the text in `$n`: found through the index, and then
/// compared with each value, since a match must not span two of them.
fn found(n: u8) -> String {
    let q = format!("fold_contact(${n})");
    let text = "contact_text(k.name, k.email, k.phone_number, k.identifier)";
    let fields = ["name", "email", "phone_number", "identifier"];
    let fields = fields.map(|field| format!("strpos(fold_contact(k.{field}), {q}) > 0"));
    format!(
        "k.account_id::text = $1::text
         and fold_contact({text})
             like '%' || replace(replace(replace({q}, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'
         and ({})",
        fields.join(" or ")
    )
}

/// Parameters: account, limit, offset, q. A search is done first, by its index, and only what it
/// finds is sorted.
pub(in crate::views) fn contacts_sql(searched: bool) -> String {
    let (with, of) = match searched {
        true => (
            format!("with found as materialized (select k.* from contacts k where {})", found(4)),
            "found",
        ),
        false => (String::new(), "contacts"),
    };
    format!(
        "{with}
         select {}
         from {of} k
         where k.account_id = $1
         order by k.number desc
         limit $2 offset $3",
        contact_columns("k")
    )
}

/// Parameters: account and q.
pub(in crate::views) fn count_sql(searched: bool) -> String {
    match searched {
        true => format!("select count(*) from contacts k where {}", found(2)),
        false => "select contacts from contact_counts where account_id = $1".to_owned(),
    }
}

/// Parameters: account and source id, then inbox and contact if they are given.
pub(in crate::views) fn sought_sql(
    account: AccountId,
    sought: &LinkSought,
) -> QueryBuilder<'_, Postgres> {
    let mut sql = QueryBuilder::new(format!("select {LINK_COLUMNS} from contact_links l"));
    sql.push(" where l.account_id = ").push_bind(account);
    sql.push(" and l.source_id = ").push_bind(&sought.source_id);
    if let Some(inbox) = sought.inbox {
        sql.push(" and l.inbox = ").push_bind(inbox);
    }
    if let Some(contact) = sought.contact {
        sql.push(" and l.contact = ").push_bind(contact);
    }
    sql.push(" order by l.position desc limit 1");
    sql
}

fn contacts(rows: &[PgRow]) -> Result<Vec<Contact>, Error> {
    let read = rows.iter().map(|row| contact(&mut Columns::of(row)));
    read.collect::<Result<_, _>>().map_err(Error::database("read contacts"))
}

fn links(rows: &[PgRow]) -> Result<Vec<ContactLink>, Error> {
    let read = rows.iter().map(|row| {
        let mut columns = Columns::of(row);
        Ok(ContactLink {
            uuid: columns.next()?,
            contact: columns.next()?,
            inbox: columns.next()?,
            source_id: columns.next()?,
            chosen: columns.next()?,
        })
    });
    read.collect::<Result<_, _>>().map_err(Error::database("read links"))
}
