//! Where each epoch of the log began. After a restore positions are used anew, and what was said of them before is void.

use crate::position::Position;

/// The epochs of a log with the first position of each, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Epochs(Vec<(i64, Position)>);

impl Epochs {
    pub(crate) fn new(rows: Vec<(i64, i64)>) -> Self {
        Self(rows.into_iter().map(|(epoch, first)| (epoch, Position::new(first))).collect())
    }

    /// Returns the first position of an epoch; that of the log where it is not recorded.
    pub(crate) fn first_position(&self, epoch: i64) -> Position {
        let recorded = self.0.iter().find(|(recorded, _)| *recorded == epoch);
        recorded.map_or(Position::new(1), |(_, first)| *first)
    }

    /// Returns the position from which on what was said in an epoch is void; `None` where all of it holds.
    pub(crate) fn void_from(&self, epoch: i64) -> Option<Position> {
        self.0.iter().filter(|(later, _)| *later > epoch).map(|(_, first)| *first).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_epoch_said_is_void_from_the_least_position_that_a_later_one_began_at() {
        let epochs = Epochs::new(vec![(1, 1), (2, 150), (3, 120), (4, 200)]);
        let void_from = |epoch| epochs.void_from(epoch).map(Position::get);
        assert_eq!([1, 2, 3, 4, 5].map(void_from), [Some(120), Some(120), Some(200), None, None]);
        assert_eq!([3, 9].map(|epoch| epochs.first_position(epoch).get()), [120, 1]);
    }
}
