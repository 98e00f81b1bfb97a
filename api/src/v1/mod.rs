//! What tenants' backends call. One file an endpoint.

pub(crate) mod event;
pub(crate) mod history;
pub(crate) mod mark_read;
pub(crate) mod realtime_token;
pub(crate) mod trigger;
