//! Which of a projection's tables are meant: those that are read, or those being rebuilt beside them.
//!
//! Table names come from here and from SQL files alone, never from outside.

/// Live tables or their shadows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// The tables that queries read and the subscription writes.
    Live,
    /// The same, while other writers are kept out of them.
    Held,
    /// The tables of a rebuild.
    Shadow,
}

impl Generation {
    /// What follows a table's name.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Live | Self::Held => "",
            Self::Shadow => "_rebuild",
        }
    }

    /// The statement for these tables: `{g}` stands behind each table's name in it.
    pub(crate) fn sql(self, statement: &'static str) -> String {
        statement.replace("{g}", self.suffix())
    }
}
