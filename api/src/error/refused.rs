//! The error that a caller is told of for each refusal of a command: one exhaustive table an aggregate.

use orqestra_commands::CommandError;
use orqestra_domain::evidence::EvidenceRefusal;
use orqestra_domain::notification::NotificationRefusal;
use orqestra_domain::recipient::RecipientRefusal;
use orqestra_domain::redrive::RedriveRefusal;
use orqestra_domain::suppression::SuppressionRefusal;
use orqestra_domain::template::TemplateRefusal;
use orqestra_domain::tenant::TenantRefusal;

use super::{ApiError, Conflict, Thing};
use crate::fields::FieldError;

impl<R: std::error::Error + Into<ApiError>> From<CommandError<R>> for ApiError {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::UnknownTenant => Self::NotFound(Thing::Tenant),
            CommandError::IdempotencyMismatch(what) => Self::Reused(what),
            CommandError::RecipientForgotten => Self::Conflict(Conflict::RecipientForgotten),
            CommandError::TooLarge => Self::EventTooLarge,
            CommandError::Overloaded { retry_after } => Self::Overloaded(retry_after.as_secs().max(1)),
            CommandError::Contended | CommandError::RightsChanged => Self::Contended,
            CommandError::Unavailable(why) => Self::Unavailable(format!("the log is unavailable: {why}")),
            CommandError::Newer(why) => {
                Self::Outdated(format!("a newer program wrote what is needed: {why}"))
            }
            CommandError::Failed(why) => Self::Internal(format!("the log refused: {why}")),
            CommandError::Corrupt(what) => Self::Internal(format!("what is stored cannot be read: {what}")),
        }
    }
}

impl From<NotificationRefusal> for ApiError {
    fn from(refusal: NotificationRefusal) -> Self {
        match refusal {
            NotificationRefusal::AlreadyAccepted => Self::Conflict(Conflict::AlreadyAccepted),
            NotificationRefusal::NotAccepted | NotificationRefusal::NotInInbox => {
                Self::NotFound(Thing::Notification)
            }
            NotificationRefusal::NotPlanned | NotificationRefusal::NoSuchAttempt => {
                Self::NotFound(Thing::Delivery)
            }
            NotificationRefusal::Forgotten => Self::Conflict(Conflict::RecipientForgotten),
            NotificationRefusal::NothingToResolve => Self::Conflict(Conflict::NothingToResolve),
            NotificationRefusal::AttemptTaken
            | NotificationRefusal::OtherProvider
            | NotificationRefusal::SandboxOnly
            | NotificationRefusal::NothingToHold
            | NotificationRefusal::NotDue
            | NotificationRefusal::NotRendered
            | NotificationRefusal::OutcomeKnown
            | NotificationRefusal::NotADeadLetter
            | NotificationRefusal::Expired
            | NotificationRefusal::Suppressed
            | NotificationRefusal::NoTemplate
            | NotificationRefusal::TooManyAttempts
            | NotificationRefusal::NotStuck
            | NotificationRefusal::StillRunning => Self::Conflict(Conflict::DeliveryBusy),
        }
    }
}

impl From<TenantRefusal> for ApiError {
    fn from(refusal: TenantRefusal) -> Self {
        match refusal {
            TenantRefusal::AlreadyRegistered => Self::Conflict(Conflict::TenantExists),
            TenantRefusal::NotRegistered => Self::NotFound(Thing::Tenant),
            TenantRefusal::NoSuchKey => Self::NotFound(Thing::ApiKey),
            // Ids of keys are made here.
            TenantRefusal::KeyIdTaken => Self::Internal("the id of an API key came twice".to_owned()),
            TenantRefusal::ApiKeyTaken { .. } => Self::Conflict(Conflict::ApiKeyTaken),
            TenantRefusal::WrongChannel { channel, entries } => {
                let wrong = |(at, kind): (usize, String)| {
                    FieldError::new(
                        format!("[{at}].kind"),
                        format!("must carry {channel}, which {kind} does not"),
                    )
                };
                Self::Invalid(entries.into_iter().map(wrong).collect())
            }
            TenantRefusal::NoSender => Self::Invalid(vec![FieldError::new(
                "[0].from",
                "is required, since neither another provider of the list nor the tenant has a sender",
            )]),
            TenantRefusal::CategoryInUse => Self::Invalid(vec![FieldError::new(
                "pushCategories",
                "must keep every category that a template of the tenant names",
            )]),
        }
    }
}

impl From<TemplateRefusal> for ApiError {
    fn from(refusal: TemplateRefusal) -> Self {
        match refusal {
            TemplateRefusal::OtherTemplate => Self::Internal(refusal.to_string()),
            TemplateRefusal::NotPublished => Self::NotFound(Thing::Template),
            TemplateRefusal::OtherCategory => {
                Self::Invalid(vec![FieldError::new("category", "must be one of the tenant's pushCategories")])
            }
            TemplateRefusal::FieldOfNoUse { field, channel } => {
                Self::Invalid(vec![FieldError::of_no_use(field, channel)])
            }
        }
    }
}

impl From<EvidenceRefusal> for ApiError {
    fn from(refusal: EvidenceRefusal) -> Self {
        match refusal {
            // Each reading and each test has an id that is made for it.
            EvidenceRefusal::AlreadyRecorded => Self::Internal(refusal.to_string()),
        }
    }
}

impl From<SuppressionRefusal> for ApiError {
    fn from(refusal: SuppressionRefusal) -> Self {
        match refusal {
            SuppressionRefusal::NotSuppressed => Self::NotFound(Thing::Suppression),
            SuppressionRefusal::NoAddress(_) => {
                Self::Invalid(vec![FieldError::new("channel", "must be one of EMAIL, SMS")])
            }
            // An address has one look-up form, of one channel.
            SuppressionRefusal::OtherAddress => Self::Internal(refusal.to_string()),
        }
    }
}

impl From<RedriveRefusal> for ApiError {
    fn from(refusal: RedriveRefusal) -> Self {
        match refusal {
            // Each redrive has an id that is made for it.
            RedriveRefusal::AlreadyRequested => Self::Internal(refusal.to_string()),
            RedriveRefusal::NotRequested => Self::NotFound(Thing::Redrive),
            RedriveRefusal::AlreadyEnded => Self::Conflict(Conflict::RedriveEnded),
        }
    }
}

impl From<RecipientRefusal> for ApiError {
    fn from(refusal: RecipientRefusal) -> Self {
        match refusal {}
    }
}
