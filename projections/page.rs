use domain::PublicId;

/// Some of the items that were asked for, and how many there are.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the order that was asked for.
    pub items: Vec<T>,
    /// Of the whole filtered list; none when it was not asked for.
    pub total: Option<i64>,
}

/// Where a part of a list begins, for lists that are ordered by a number, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// At the top.
    Top,
    /// Below the item with this number.
    After(PublicId),
    /// Just above the item with this number.
    Before(PublicId),
}

/// Part of such a list.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// The highest first.
    pub items: Vec<T>,
    /// There is more in the direction that was asked for.
    pub has_more: bool,
}

impl Cursor {
    /// What of the list is in its direction, and the way there, for `column` and the statement's
    /// parameter `$<bound>`, which is [`Cursor::number`].
    pub(crate) fn condition(self, column: &str, bound: u8) -> String {
        match self {
            Self::Top | Self::After(_) => format!("{column} < ${bound}"),
            Self::Before(_) => format!("{column} > ${bound}"),
        }
    }

    /// The order in which the nearest items come first.
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

    /// Makes a slice of what was read with one item more than `limit` asked for.
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
