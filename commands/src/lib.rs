//! The only door to the log: one file a command.
//!
//! A command loads (or recalls) its aggregate, lets it decide, seals what is personal and appends with what goes
//! with it: the idempotency claim, new data keys, the keys it relies on. A version conflict is reloaded and decided
//! again; a refusal is the aggregate's word. Nothing here speaks HTTP, calls a provider or reads a read model.
//!
//! To add a command: a file with its input type and one method on [`Commands`], tests for each yes and each refusal
//! in the domain, and one through the log in `tests/it`.

mod caller_id;
mod change_tenant;
mod content;
mod context;
mod deliver_push;
pub mod directory;
mod error;
mod execute;
mod explain;
mod fingerprint;
mod forget_recipient;
mod hold_delivery;
mod hot;
mod keys;
mod lift_suppression;
mod mark_outcome_unknown;
mod mark_read;
mod put_template;
mod record_failure;
mod record_reading;
mod record_receipt;
mod record_success;
mod redrive;
mod register_tenant;
mod request_provider_test;
mod requeue_delivery;
mod resolve_outcome;
mod seed_platform;
mod set_providers;
mod skip_delivery;
mod start_attempt;
mod story;
mod suppress_address;
mod told;
mod trace;
mod trail;
mod trigger_notification;
mod unstick_delivery;
mod variables;

pub use caller_id::CallerId;
pub use change_tenant::{IssuedApiKey, TenantPatch};
pub use content::{
    RECIPIENT_FIELD, RecipientContact, RenderedContent, VARIABLES_FIELD, answer_field, content_field,
    receipt_field,
};
pub use context::{Actor, AdminName, Context, InvalidAdminName};
pub use directory::{
    Authenticated, DefaultProvider, Directory, DirectoryError, Secret, TemplateEntry, TemplateVersion,
    TenantEntry,
};
pub use error::{CommandError, MismatchOf};
pub use execute::{Commands, Committed};
pub use explain::{Explanation, Opened, ReceiptKey, Reveal, Server, Servers, Show};
pub use put_template::PutTemplate;
pub use record_reading::{Person, Reading, Reason};
pub use record_receipt::ReceiptTaken;
pub use redrive::RequestRedrive;
pub use register_tenant::{RegisterTenant, Registered};
pub use request_provider_test::{ProviderTestRequest, RequestedProviderTest, TestAddress};
pub use requeue_delivery::RequeueDelivery;
pub use seed_platform::SeedError;
pub use set_providers::{
    ClearSecret, ListedProvider, PROVIDER_PASSWORD_FIELD, PROVIDER_USERNAME_FIELD, ProviderInput, SmtpInput,
    open_credential, open_text,
};
pub use suppress_address::{Address, Suppress};
pub use trace::{CallersIds, Trace, TraceParent};
pub use trigger_notification::{AnswerKeys, IdempotencyKey, RecipientInput, Trigger, Triggered};
pub use variables::Variables;
