//! How PostgreSQL is to plan within a transaction: looking up rows one by one, or reading tables whole.
//!
//! Settings end with their transaction.

use sqlx::PgConnection;

/// Keeps each look-up of this transaction one probe of an index. A statement planned while its table was small would
/// otherwise scan it whole, and the plan would outlive the small table.
pub(crate) async fn look_up_by_index(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
         set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)",
    )
    .execute(conn)
    .await
    .map(drop)
}

/// Lets it plan as the server is set up to, for statements that read tables whole.
pub(crate) async fn as_usual(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "set local enable_seqscan to default; set local enable_hashjoin to default; \
         set local enable_mergejoin to default; set local work_mem = '64MB'",
    )
    .execute(conn)
    .await
    .map(drop)
}
