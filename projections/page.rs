use domain::PublicId;

/// One page of a list, with the list's total.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the requested order.
    pub items: Vec<T>,
    /// Size of the whole filtered list; `None` if it was not requested.
    pub total: Option<i64>,
}

/// Where a page begins in a list that is ordered by number, highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// At the top.
    Top,
    /// Below the item with this number.
    After(PublicId),
    /// Just above the item with this number.
    Before(PublicId),
}

/// One page of such a list.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// Highest number first.
    pub items: Vec<T>,
    /// Whether there are more items in the requested direction.
    pub has_more: bool,
}

impl Cursor {
    /// The SQL condition for the items in the cursor's direction. `column` holds their numbers; the
    /// statement's parameter `$<bound>` is [`Cursor::number`].
    pub(crate) fn condition(self, column: &str, bound: u8) -> String {
        match self {
            Self::Top | Self::After(_) => format!("{column} < ${bound}"),
            Self::Before(_) => format!("{column} > ${bound}"),
        }
    }

    /// The SQL sort direction that puts the items nearest to the cursor first.
    pub(crate) fn direction(self) -> &'static str {
        match self {
            Self::Top | Self::After(_) => "desc",
            Self::Before(_) => "asc",
        }
    }

    pub(crate) fn number(self) -> PublicId {
        match self {
            Self::Top => PublicId::MAX,
            Self::After(number) | Self::Before(number) => number,
        }
    }

    /// Makes a slice of what was read with a limit of `limit + 1`, nearest first.
    pub(crate) fn slice<T>(self, mut nearest: Vec<T>, limit: i64) -> Slice<T> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = nearest.len() > limit;
        nearest.truncate(limit);
        if matches!(self, Self::Before(_)) {
            nearest.reverse();
        }
        Slice { items: nearest, has_more }
    }
}
