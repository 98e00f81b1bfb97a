//! The read models against a real PostgreSQL: events come through the log, rows through the subscriptions.

mod deliveries;
mod forgetting;
mod history;
mod parking;
mod properties;
mod read_your_writes;
mod rebuilding;
mod support;
mod zz_tmp;
