//! What the engine is compared with: the limit, in parts, and the stock store behind the same API.

pub(crate) mod append;
pub(crate) mod batch;
pub(crate) mod echo;
pub(crate) mod pgbench;
pub(crate) mod serve;
pub(crate) mod signature;
pub(crate) mod stock;
