use super::{Desk, Filter, SupportConversation};
use crate::{Error, Views};

impl Views {
    /// A page of the support conversations that the caller sees.
    pub async fn support_list(
        &self,
        desk: &Desk,
        filter: &Filter,
    ) -> Result<Vec<SupportConversation>, Error> {
        todo!("{desk:?} {filter:?}")
    }

    /// Those of a contact that the caller sees, newest activity first.
    pub async fn support_list_of_contact(
        &self,
        desk: &Desk,
        contact: domain::ContactId,
        limit: i64,
    ) -> Result<Vec<SupportConversation>, Error> {
        todo!("{desk:?} {contact:?} {limit}")
    }
}
