//! What operators call, with the admin token. One file an endpoint.

pub(crate) mod change_tenant;
pub(crate) mod dead_letters;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod explanation;
pub(crate) mod provider_bodies;
pub(crate) mod provider_settings;
pub(crate) mod provider_test;
pub(crate) mod providers;
pub(crate) mod redrive;
pub(crate) mod resolve;
pub(crate) mod sandbox;
pub(crate) mod suppression;
pub(crate) mod suppression_lookup;
pub(crate) mod suppressions;
pub(crate) mod switch_template;
pub(crate) mod template;
pub(crate) mod templates;
pub(crate) mod tenant;
pub(crate) mod tenants;
pub(crate) mod unknown;
