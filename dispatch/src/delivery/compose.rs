//! From a template version and variables to what is sent.
//!
//! Small templates are rendered in place under a small budget. A template that is large, is MJML or outgrows that budget
//! goes to one of two threads of low priority, tenants in turn; it waits for the thread without a place at work, so that
//! hostile templates delay their own tenant alone.

use std::sync::Arc;

use orqestra_commands::{Directory, RecipientContact, RenderedContent, TemplateVersion};
use orqestra_domain::notification::TemplateRef;
use orqestra_domain::tenant::TenantRecord;
use orqestra_domain::{
    Cause, Channel, EmailAddress, EventTypeName, PhoneNumber, PushCategories, TemplateId, TenantId,
};
use orqestra_event_log::Clock;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::heavy::Threads;
use super::turn::Turn;
use crate::provider::smtp::header::one_line;
use crate::template::{
    CompiledTemplate, Escape, RenderError, RenderLimits, TemplateError, Variables, is_mjml, plain_text,
};

/// Source bytes up to which a template is parsed and rendered in place.
const SMALL_SOURCE: usize = 8 * 1024;
/// Steps of a render in place: about a millisecond.
const SMALL_STEPS: u64 = 20_000;
/// Output of a render in place, bytes.
const SMALL_OUTPUT: usize = 64 * 1024;
/// Threads for heavy renders.
const HEAVY: usize = 2;
/// Most bytes of rendered content.
const MOST_CONTENT: usize = 512 * 1024;
/// Most names of missing variables that are recorded.
const MOST_MISSING: usize = 32;
/// Bytes of source whose parsed form is kept.
const CACHED_SOURCE: u64 = 2 * 1024 * 1024;
/// About how many templates these are.
const CACHED: usize = 2_000;

/// What is sent, and what is recorded with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composed {
    pub(crate) content: RenderedContent,
    pub(crate) missing: Vec<String>,
    pub(crate) category: Option<String>,
}

/// Why there is nothing to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotComposed {
    /// The template gives no text: the coded cause of a dead letter.
    Failed(Cause),
    /// More text than may be sent.
    TooLarge,
}

impl From<RenderError> for NotComposed {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::TooLarge => Self::TooLarge,
            RenderError::TooManySteps => Self::Failed(Cause::TooManySteps),
            RenderError::Failed { .. } => Self::Failed(Cause::RenderFailed),
            RenderError::InvalidMjml { .. } => Self::Failed(Cause::InvalidMjml),
            RenderError::MjmlTooComplex { .. } => Self::Failed(Cause::MjmlTooComplex),
        }
    }
}

type CacheKey = (TenantId, TemplateId, u32);

struct Compiled {
    channel: Channel,
    subject: Option<CompiledTemplate>,
    title: Option<CompiledTemplate>,
    body: CompiledTemplate,
    source_bytes: usize,
    is_small: bool,
}

#[derive(Clone)]
struct BySource;

impl Weighter<CacheKey, Arc<Compiled>> for BySource {
    fn weight(&self, _: &CacheKey, compiled: &Arc<Compiled>) -> u64 {
        // An entry costs about a kilobyte beside its source.
        u64::try_from(compiled.source_bytes).unwrap_or(u64::MAX).saturating_add(1_024)
    }
}

/// Composes messages.
pub(crate) struct Composer {
    directory: Directory,
    clock: Arc<dyn Clock>,
    compiled: Cache<CacheKey, Arc<Compiled>, BySource>,
    heavy: Threads,
}

impl Composer {
    pub(crate) fn new(directory: Directory, clock: Arc<dyn Clock>) -> Self {
        let compiled = Cache::with_weighter(CACHED, CACHED_SOURCE, BySource);
        Self { directory, clock, compiled, heavy: Threads::start(HEAVY) }
    }

    /// Renders a template version, the tenant's own or the platform's, with these variables for a tenant.
    pub(crate) async fn compose(
        &self,
        tenant: &TenantRecord,
        template: &TemplateRef,
        event_type: &EventTypeName,
        variables: Variables,
        turn: &mut Turn,
    ) -> Result<Composed, NotComposed> {
        let Some(version) = self.directory.template_version(template) else {
            return Err(NotComposed::Failed(Cause::TemplateMissing));
        };
        let compiled = self.compiled(&version, turn).await?;
        let limits = RenderLimits::at(self.clock.now().as_datetime());
        let mut composed = None;
        if compiled.is_small {
            let small = RenderLimits { steps: SMALL_STEPS, output_bytes: SMALL_OUTPUT, ..limits.clone() };
            composed = compiled.render(&variables, &small, Effort::Small).ok();
        }
        let mut composed = match composed {
            Some(composed) => composed,
            None => self.heavily(turn, move || compiled.render(&variables, &limits, Effort::Full)).await??,
        };
        if version.channel == Channel::Push {
            let derived = || category_of(event_type, &tenant.push_categories());
            composed.category = Some(version.content.category.clone().unwrap_or_else(derived));
        }
        let RenderedContent { subject, title, body, text } = &mut composed.content;
        let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let needed = size(subject) + size(title) + body.len();
        if needed + size(text) > MOST_CONTENT {
            *text = None;
        }
        if needed > MOST_CONTENT { Err(NotComposed::TooLarge) } else { Ok(composed) }
    }

    async fn compiled(
        &self,
        version: &Arc<TemplateVersion>,
        turn: &mut Turn,
    ) -> Result<Arc<Compiled>, NotComposed> {
        let TemplateRef { tenant_id, template_id, version: number } = version.template;
        let place = (tenant_id, template_id, number);
        if let Some(compiled) = self.compiled.get(&place) {
            return Ok(compiled);
        }
        let parsed = if source_bytes(version) <= SMALL_SOURCE {
            Compiled::parse(version)
        } else {
            let version = Arc::clone(version);
            self.heavily(turn, move || Compiled::parse(&version)).await?
        };
        let compiled = Arc::new(parsed.map_err(|error| {
            tracing::warn!(tenant.id = %tenant_id, template.id = %template_id, template.version = number,
                error = %error, "a saved template cannot be parsed");
            NotComposed::Failed(Cause::TemplateInvalid)
        })?);
        self.compiled.insert(place, Arc::clone(&compiled));
        Ok(compiled)
    }

    /// Does work on a thread for heavy renders, without a place at work meanwhile.
    pub(super) async fn heavily<T: Send + 'static>(
        &self,
        turn: &mut Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotComposed> {
        turn.rest();
        let done = self.heavy.run(turn.tenant(), work).await;
        turn.resume().await;
        done.map_err(|_| NotComposed::Failed(Cause::RenderFailed))
    }
}

/// How far a render may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// Liquid only.
    Small,
    /// Everything.
    Full,
}

fn source_bytes(version: &TemplateVersion) -> usize {
    let content = &version.content;
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    content.body.len() + size(&content.subject) + size(&content.title)
}

impl Compiled {
    fn parse(version: &TemplateVersion) -> Result<Self, TemplateError> {
        let content = &version.content;
        let escape = match version.channel {
            Channel::Email => Escape::Html,
            Channel::Sms | Channel::Push => Escape::None,
        };
        let plain = |source: &Option<String>| {
            source.as_ref().map(|source| CompiledTemplate::parse(source, Escape::None)).transpose()
        };
        let source_bytes = source_bytes(version);
        Ok(Self {
            channel: version.channel,
            subject: plain(&content.subject)?,
            title: plain(&content.title)?,
            body: CompiledTemplate::parse(&content.body, escape)?,
            source_bytes,
            is_small: source_bytes <= SMALL_SOURCE && !is_mjml(&content.body),
        })
    }

    fn render(
        &self,
        variables: &Variables,
        limits: &RenderLimits,
        effort: Effort,
    ) -> Result<Composed, RenderError> {
        let mut missing: Vec<String> = Vec::new();
        let mut text_of = |template: &CompiledTemplate| {
            let rendered = template.render(variables, limits)?;
            for name in &rendered.missing {
                if missing.len() < MOST_MISSING && !missing.contains(name) {
                    missing.push(name.clone());
                }
            }
            Ok::<_, RenderError>(rendered)
        };
        let subject = self.subject.as_ref().map(&mut text_of).transpose()?;
        let title = self.title.as_ref().map(&mut text_of).transpose()?;
        let body = text_of(&self.body)?;
        let (subject, title) =
            (subject.map(|subject| one_line(&subject.text)), title.map(|title| one_line(&title.text)));
        let content = match self.channel {
            Channel::Email => {
                if effort == Effort::Small && is_mjml(&body.text) {
                    return Err(RenderError::TooManySteps);
                }
                let body = body.email_html()?;
                let text = Some(plain_text(&body)).filter(|text| !text.is_empty());
                RenderedContent { subject, title: None, body, text }
            }
            Channel::Sms => RenderedContent { subject: None, title: None, body: body.text, text: None },
            Channel::Push => RenderedContent { subject: None, title, body: body.text, text: None },
        };
        Ok(Composed { content, missing, category: None })
    }
}

/// What a template may name: all variables, and the routing fields where no variable has their name.
pub(crate) fn with_routing(mut variables: Variables, contact: &RecipientContact) -> Variables {
    let routing = [
        ("userId", Some(contact.user_id.as_str())),
        ("recipientEmail", contact.email.as_ref().map(EmailAddress::as_str)),
        ("recipientPhone", contact.phone.as_ref().map(PhoneNumber::as_str)),
    ];
    for (name, value) in routing {
        if let Some(value) = value {
            variables.add_text(name, value);
        }
    }
    variables
}

/// The category named like the event type's first part or its plural; for everything else the usual first one, or
/// the tenant's first where it does not have that.
fn category_of(event_type: &EventTypeName, categories: &[&str]) -> String {
    let first = event_type.first_part();
    let plurals = [first.to_owned(), format!("{first}s"), format!("{}ies", first.trim_end_matches('y'))];
    let named = categories.iter().find(|category| plurals.iter().any(|plural| plural == *category));
    let general = || categories.iter().find(|category| **category == PushCategories::USUAL[0]);
    named.or_else(general).or(categories.first()).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use orqestra_domain::UserId;

    use super::*;

    #[test]
    fn a_push_goes_to_the_category_named_like_its_event_type_or_to_the_general_one() {
        let of = |name: &str| {
            category_of(&EventTypeName::parse(name).unwrap(), &["orders", "global_system", "parties"])
        };
        assert_eq!(of("order.confirmed"), "orders");
        assert_eq!(of("orders.confirmed"), "orders");
        assert_eq!(of("party.planned"), "parties");
        assert_eq!(of("invoice.paid"), "global_system");
        assert_eq!(of("global.info"), "global_system");
        assert_eq!(category_of(&EventTypeName::parse("invoice.paid").unwrap(), &["news", "orders"]), "news");
    }

    #[test]
    fn a_variable_wins_over_the_routing_field_of_its_name() {
        let contact = RecipientContact {
            user_id: UserId::parse("u-1").unwrap(),
            email: Some(EmailAddress::parse("user@example.com").unwrap()),
            phone: None,
            event_id: None,
        };
        let all = with_routing(Variables::read(br#"{"userId": "mine"}"#).unwrap(), &contact);
        let template = "{{ userId }} {{ recipientEmail }} {{ recipientPhone }}";
        let template = CompiledTemplate::parse(template, Escape::None).unwrap();
        let rendered = template.render(&all, &RenderLimits::default()).unwrap();
        assert_eq!(
            (&*rendered.text, &rendered.missing[..]),
            ("mine user@example.com ", &["recipientPhone".to_owned()][..])
        );
    }
}
