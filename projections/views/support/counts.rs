use super::{Counts, Desk, Filter};
use crate::{Error, Views};

impl Views {
    /// The four counts of a list.
    pub async fn support_counts(&self, desk: &Desk, filter: &Filter) -> Result<Counts, Error> {
        todo!("{desk:?} {filter:?}")
    }
}
