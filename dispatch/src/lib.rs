//! Reactors: what was accepted is rendered, claimed, sent and recorded.
//!
//! Every send is claimed by an event first, by whoever's append is taken; what is due is a fold of the log and may be
//! rebuilt at will; a replay or a rebuild cannot reach a provider. Nothing here serves HTTP or reads a read model.
//!
//! To add a provider: see `provider/http/mod.rs` for one that is reached over HTTP. Another one is a module under
//! `provider/` with its table of answers, an arm in `carriers::Providers`, a variant in the domain's `ProviderConfig`, and a
//! test for each row of the table.

pub mod callback;
pub mod candidates;
mod delivery;
mod due;
mod hosts;
mod provider;
mod push_feed;
mod queue;
mod reactor;
mod recover;
pub mod redrive;
mod settings;
pub mod template;
mod trial;
mod waiting;

pub use due::rebuild::{RebuildError, RebuildReport, rebuild_due};
pub use due::store::DueError;
pub use due::{Due, DueKey, DueKind, DueRow};
pub use hosts::{HostRefused, PrivateHosts};
pub use provider::carriers::{MakeProvider, Providers};
pub use provider::names::NameServers;
pub use provider::sandbox;
pub use provider::smtp::{Smtp, SmtpLimits};
pub use provider::{Message, NotTaken, Provider, Reach, Scope, SendError, Sent};
pub use push_feed::{FeedEnded, PushFeed};
pub use reactor::{Dispatch, DispatchDeps, DispatchError};
pub use recover::{HoldError, hold_open_attempts};
pub use settings::{DispatchSettings, InvalidSetting, SWEEP_GRACE};
pub use trial::{NotTested, ProviderTest, ProviderTester, TestOutcome, Tested};
pub use waiting::WaitReason;

/// The name of the subscription that learns what is due; its progress tells how far dispatch has read.
pub const SUBSCRIPTION: &str = due::subscriber::NAME;

/// The name of the subscription that lets redrives run.
pub const REDRIVES: &str = redrive::subscriber::NAME;
