//! The column `bucket` of a membership: everything that lists are filtered by, as one number.

use domain::conversation::Kind;

pub(crate) const PINNED: i16 = 1;
pub(crate) const UNREAD: i16 = 2;
pub(crate) const MUTED: i16 = 4;
pub(crate) const ARCHIVED: i16 = 8;
pub(crate) const EMPTY: i16 = 16;
pub(crate) const TRASHED: i16 = 32;
/// Set for large rooms, whose bucket has only the kind and the member's own flags besides.
pub(crate) const LARGE: i16 = 256;

/// The buckets that make up a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    /// The bits that are compared.
    pub(crate) mask: i16,
    /// The values that they must have.
    pub(crate) value: i16,
    /// Kinds, one bit each.
    kinds: u8,
}

impl Wanted {
    /// Conversations of these kinds, in any state.
    pub(crate) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let kinds = kinds.into_iter().fold(0, |bits, kind| bits | 1 << number(kind));
        Self { mask: 0, value: 0, kinds }
    }

    /// Adds a condition on a bit; `None` adds none.
    pub(crate) fn with(self, bit: i16, wanted: Option<bool>) -> Self {
        match wanted {
            None => self,
            Some(set) => Self {
                mask: self.mask | bit,
                value: if set { self.value | bit } else { self.value & !bit },
                ..self
            },
        }
    }

    /// Only those kinds that are among these.
    pub(crate) fn within(self, kinds: &[Kind]) -> Self {
        let within = Self::of(kinds.iter().copied());
        Self { kinds: self.kinds & within.kinds, ..self }
    }

    /// The kinds, one bit each.
    pub(crate) fn kind_bits(self) -> i16 {
        self.kinds.into()
    }

    /// The numbers of the kinds.
    pub(crate) fn kinds(self) -> Vec<i16> {
        (0..8).filter(|kind| self.kinds & (1 << kind) != 0).collect()
    }

    /// Mask and value of the bits that a large room's bucket has: the member's own flags.
    pub(crate) fn own(self) -> (i16, i16) {
        let own = PINNED | MUTED | ARCHIVED;
        (self.mask & own, self.value & own)
    }
}

/// The number of a kind in the read model's schema.
pub(crate) fn number(kind: Kind) -> i16 {
    match kind {
        Kind::Private => 0,
        Kind::Room => 1,
        Kind::Contextual => 2,
        Kind::Support => 3,
    }
}
