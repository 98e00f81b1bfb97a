//! What the routes work with. Built once by the composition root; cheap to clone.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use orqestra_commands::{Actor, AdminName, Commands};
use orqestra_dispatch::callback::Receipts;
use orqestra_dispatch::redrive::RedriveReader;
use orqestra_dispatch::sandbox::{Asked, SandboxError, SandboxPage};
use orqestra_dispatch::{PrivateHosts, ProviderTester};
use orqestra_domain::TenantId;
use orqestra_projections::{DeliveryStatus, EventLookup, Inbox, Suppressions};
use orqestra_realtime::{Hub, RealtimeTokens};

use crate::answers::Answers;
use crate::auth::admin::AdminToken;
use crate::auth::backoff::WrongTokens;
use crate::auth::proxies::TrustedProxies;
use crate::demo::DemoPage;
use crate::large::LargeBodies;
use crate::limits::Limits;
use crate::openapi;
use crate::probe::ProbesAt;
use crate::process::Process;
use crate::public_url::PublicUrl;
use crate::reading::Bodies;
use crate::realtime::origin::AllowedOrigins;
use crate::turns::Turns;

/// Reads a page of a tenant's messages of the sandbox; `None` where it begins after a message that the tenant does not have.
pub type SandboxReader = Arc<
    dyn Fn(TenantId, Asked) -> BoxFuture<'static, Result<Option<SandboxPage>, SandboxError>> + Send + Sync,
>;

/// What an [`App`] is made of.
pub struct AppParts {
    /// The door to the log, with the directory of tenants.
    pub commands: Commands,
    /// The recipients' history.
    pub inbox: Inbox,
    /// The states of deliveries: for the tenant of a delivery, and for the channels of found events.
    pub deliveries: DeliveryStatus,
    /// The look-up of events by person, address or id.
    pub event_lookup: EventLookup,
    /// The tenants' suppressed addresses, to look through.
    pub suppressions: Suppressions,
    /// The sandbox's messages.
    pub sandbox: SandboxReader,
    /// What sends test messages, by the providers of this process.
    pub provider_tests: ProviderTester,
    /// What records providers' receipts.
    pub receipts: Receipts,
    /// The states of redrives.
    pub redrives: RedriveReader,
    /// What issues realtime tokens.
    pub tokens: Arc<RealtimeTokens>,
    /// The hub whose connections are opened here.
    pub hub: Hub,
    /// The pages that may connect, beside those of the host itself.
    pub allowed_origins: AllowedOrigins,
    /// The tenants' limits.
    pub limits: Limits,
    /// What opens the admin routes; nothing does if absent.
    pub admin_token: Option<AdminToken>,
    /// The name of the token's holder, in the metadata of what they change.
    pub admin_name: AdminName,
    /// The proxies that are believed whom a request is from.
    pub trusted_proxies: TrustedProxies,
    /// Whether the demo page is there.
    pub demo: DemoPage,
    /// Whether a provider may be a host of this machine or of a private network.
    pub private_hosts: PrivateHosts,
    /// Where readiness and metrics are served.
    pub probes: ProbesAt,
    /// The address that the description names; the one that it is asked at, where none is known.
    pub public_url: Option<PublicUrl>,
    /// What it serves with beside the rooms.
    pub process: Process,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
}

/// The state of the router.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: AppParts,
    turns: Turns,
    answers: Answers,
    look_backs: Turns,
    counts: Turns,
    callbacks: Turns,
    large: LargeBodies,
    bodies: Bodies,
    wrong_tokens: WrongTokens,
    description: OnceLock<String>,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            turns: Turns::pages(),
            answers: Answers::default(),
            look_backs: Turns::look_backs(),
            counts: Turns::counts(),
            callbacks: Turns::callbacks(),
            large: LargeBodies::default(),
            bodies: Bodies::default(),
            wrong_tokens: WrongTokens::default(),
            description: OnceLock::new(),
        }))
    }

    /// Who gives a command that the admin token let pass.
    pub(crate) fn operator(&self) -> Actor {
        Actor::Admin(self.admin_name.clone())
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.0.answers
    }

    pub(crate) fn large(&self) -> &LargeBodies {
        &self.0.large
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    pub(crate) fn wrong_tokens(&self) -> &WrongTokens {
        &self.0.wrong_tokens
    }

    /// The description of the routes.
    pub(crate) fn description(&self) -> String {
        self.0.description.get_or_init(|| openapi::document(self.public_url.as_ref())).clone()
    }

    pub(crate) fn look_backs(&self) -> &Turns {
        &self.0.look_backs
    }

    /// Whose turn it is to have a callback recorded.
    pub(crate) fn callbacks(&self) -> &Turns {
        &self.0.callbacks
    }

    /// Whose turn it is to have its channel counted.
    pub(crate) fn counts(&self) -> &Turns {
        &self.0.counts
    }
}

impl std::ops::Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0.parts
    }
}
