use domain::Position;

use super::Standing;
use crate::changes::Lane;
use crate::model::Model;
use crate::{Generation, conversations, memberships};

/// Models that are filled over a connection of their own, which follows the one that fills the
/// others: the others are committed first, and may be some batches ahead.
///
/// Memberships read conversations as of the same batch, so one connection writes both.
/// Conversations read messages only when one was deleted, to find the newest ones left, and none
/// newer than the batch. Messages that later batches delete may already be missing then; the newest
/// ones are looked up again when those batches are applied. So both come out as if they had been
/// written together with the messages. No other model reads another one's rows.
pub(crate) const FOLLOWING: &[&str] = &[conversations::NAME, memberships::NAME];

/// The models of a generation, by the connection that fills them.
pub(super) struct Lanes<'a> {
    pub(super) leading: Vec<&'a Model>,
    pub(super) following: Vec<&'a Model>,
}

impl<'a> Lanes<'a> {
    pub(super) fn of(generation: &'a Generation) -> Self {
        let (following, leading) =
            generation.models.iter().partition(|model| FOLLOWING.contains(&model.name));
        Self { leading, following }
    }

    pub(super) fn models(&self, lane: Lane) -> &[&'a Model] {
        match lane {
            Lane::Leading => &self.leading,
            Lane::Following => &self.following,
        }
    }

    /// The positions of the leading and of the following models, if filling can resume from there.
    pub(super) fn fronts(&self, standing: &Standing) -> Option<(Position, Position)> {
        let (leading, following) = (at(&self.leading, standing), at(&self.following, standing));
        let leading = leading.or(following)??;
        let following = following.unwrap_or(Some(leading))?;
        (following <= leading && standing.stopped.is_empty()).then_some((leading, following))
    }
}

/// The common position of some models: `Some(None)` if they have several, `None` if there are no
/// models.
fn at(models: &[&Model], standing: &Standing) -> Option<Option<Position>> {
    let mut positions = models.iter().map(|model| standing.positions[model.name]);
    let first = positions.next()?;
    Some(positions.all(|position| position == first).then_some(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MODELS;

    #[test]
    fn no_model_leads_that_builds_on_one_that_follows() {
        let generation = Generation::of(MODELS);
        for model in Lanes::of(&generation).leading {
            let follows = |name| FOLLOWING.contains(name);
            assert!(!model.builds_on.iter().any(follows), "{}", model.name);
        }
    }
}
