//! How PostgreSQL is to plan within a transaction: looking up rows one by one, or reading tables whole.
//!
//! Settings end with their transaction.

use sqlx::PgConnection;

/// How often a statement is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plans {
    /// Once a session, for what cannot go wrong by it: the planning costs as much as a small batch.
    Kept,
    /// Once a session or for each batch, whichever PostgreSQL expects to cost less.
    ByCost,
}

impl Plans {
    const fn mode(self) -> &'static str {
        match self {
            Self::Kept => "force_generic_plan",
            Self::ByCost => "auto",
        }
    }
}

/// Keeps each look-up of this transaction one probe of an index. A statement planned while its table was small would
/// otherwise scan it whole, and the plan would outlive the small table.
pub(crate) async fn look_up_by_index(conn: &mut PgConnection, plans: Plans) -> Result<(), sqlx::Error> {
    sqlx::query(
        "select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
         set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true), \
         set_config('plan_cache_mode', $1, true)",
    )
    .bind(plans.mode())
    .execute(conn)
    .await
    .map(drop)
}

/// Lets it plan as the server is set up to, for statements that read tables whole.
pub(crate) async fn as_usual(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "set local enable_seqscan to default; set local enable_hashjoin to default; \
         set local enable_mergejoin to default; set local plan_cache_mode to default; set local work_mem = '64MB'",
    )
    .execute(conn)
    .await
    .map(drop)
}
