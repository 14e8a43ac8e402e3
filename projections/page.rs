/// Some of the items that were asked for, and how many there are.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the order that was asked for.
    pub items: Vec<T>,
    /// Of the whole filtered list; none when it was not asked for.
    pub total: Option<i64>,
}
