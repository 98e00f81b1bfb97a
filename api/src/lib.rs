//! REST: what tenants' backends, operators and probes call.
//!
//! Values are parsed at the edge and carried as types from there on; every refusal has one status and one stable code;
//! whatever is amiss inside stays inside. No SQL and no rules live here.
//!
//! To add an endpoint: a file with its path, types, handler and `utoipa` lines, a line in `router`, one in `openapi`,
//! and a test each for the good case, bad input, no and wrong credentials, and another tenant's id.

mod admin;
mod answers;
mod app;
mod auth;
mod body;
mod callbacks;
mod candidates;
mod demo;
mod digits;
mod envelope;
mod error;
mod fields;
mod large;
pub mod limits;
mod observe;
mod openapi;
mod page;
mod probe;
mod process;
mod public_url;
mod reading;
mod realtime;
mod request;
mod router;
pub mod server;
mod shares;
mod turns;
mod v1;
mod view;

pub use app::{App, AppParts, SandboxReader};
pub use auth::admin::AdminToken;
pub use auth::proxies::{InvalidNetwork, TrustedProxies};
pub use candidates::OfDeliveries;
pub use demo::DemoPage;
pub use openapi::document;
pub use probe::ProbesAt;
pub use probe::readyz::{Degraded, Readiness, ReadinessReport, Subscription};
pub use process::{Metrics, Process, ProcessParts};
pub use public_url::{InvalidPublicUrl, PublicUrl};
pub use realtime::origin::{AllowedOrigins, InvalidOrigin};
pub use request::percent_encoded;
pub use router::router;
