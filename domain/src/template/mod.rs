//! The template of one tenant, event type and channel, over all its versions.
//!
//! Versions count from 1 and never change; a delivery names the version it was planned with.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::aggregate::aggregate;
use crate::channel::Channel;
use crate::expires_in::ExpiresIn;
use crate::text::EventTypeName;
use crate::timestamp::Timestamp;

/// What a version says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateContent {
    /// The subject line of an email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The title of a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The body.
    pub body: String,
    /// The push category; derived from the event type where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How long after its acceptance a message is of use; the installation's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<ExpiresIn>,
}

impl TemplateContent {
    /// The fields that a template for this channel has not, by their names on the wire.
    pub const fn beside(channel: Channel) -> &'static [&'static str] {
        match channel {
            Channel::Email => &["title", "category"],
            Channel::Sms => &["subject", "title", "category"],
            Channel::Push => &["subject"],
        }
    }

    /// A field that is given and that a template for this channel has not.
    fn given_beside(&self, channel: Channel) -> Option<&'static str> {
        let given = [("subject", &self.subject), ("title", &self.title), ("category", &self.category)];
        let mut beside = Self::beside(channel).iter().copied();
        beside.find(|field| given.iter().any(|(name, text)| name == field && text.is_some()))
    }
}

/// An event of a template's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateEvent {
    /// A new version stands.
    TemplatePublished(TemplatePublished),
    /// It is used again.
    TemplateActivated(TemplateSwitched),
    /// It is kept and not used.
    TemplateDeactivated(TemplateSwitched),
}

/// See [`TemplateEvent::TemplatePublished`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplatePublished {
    /// The event type it answers.
    pub event_type: EventTypeName,
    /// The channel it is for.
    pub channel: Channel,
    /// The version, from 1.
    pub version: u32,
    /// What it says.
    pub content: TemplateContent,
    /// When.
    pub at: Timestamp,
}

/// A change of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSwitched {
    /// When.
    pub at: Timestamp,
}

impl TemplateEvent {
    /// The stored event type.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TemplatePublished(_) => "TemplatePublished",
            Self::TemplateActivated(_) => "TemplateActivated",
            Self::TemplateDeactivated(_) => "TemplateDeactivated",
        }
    }
}

/// A command to a template.
#[derive(Clone, Debug)]
pub enum TemplateCommand {
    /// Make it say this; the same content again yields no new version.
    Put {
        /// The event type.
        event_type: EventTypeName,
        /// The channel.
        channel: Channel,
        /// What it is to say.
        content: TemplateContent,
        /// Whether it is to be used.
        active: bool,
        /// Now.
        at: Timestamp,
    },
    /// Use it, or keep it unused; what it says stays.
    Switch {
        /// Whether it is to be used.
        active: bool,
        /// Now.
        at: Timestamp,
    },
}

/// Why a command on a template was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRefusal {
    /// The push category is none of the tenant's.
    #[error("the push category is none of the tenant's")]
    OtherCategory,
    /// The stream belongs to another event type or channel.
    #[error("the template is for another event type or channel")]
    OtherTemplate,
    /// Nothing was ever published.
    #[error("there is no such template")]
    NotPublished,
    /// A field that the channel has no place for.
    #[error("{field} is nothing that a template for {channel} has")]
    FieldOfNoUse {
        /// Its name on the wire.
        field: &'static str,
        /// The template's channel.
        channel: Channel,
    },
}

/// A template: nothing yet, or its versions' end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    current: Option<Box<TemplatePublished>>,
    inactive: bool,
}

impl Template {
    /// The newest version, if there is one.
    pub fn current(&self) -> Option<&TemplatePublished> {
        self.current.as_deref()
    }

    /// Whether it is used.
    pub fn is_active(&self) -> bool {
        self.current.is_some() && !self.inactive
    }

    /// Decides on a command. An empty list means that all is as asked already.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn decide(&self, command: TemplateCommand) -> Result<Vec<TemplateEvent>, TemplateRefusal> {
        let (event_type, channel, content, active, at) = match command {
            TemplateCommand::Put { event_type, channel, content, active, at } => {
                (event_type, channel, content, active, at)
            }
            TemplateCommand::Switch { .. } if self.current.is_none() => {
                return Err(TemplateRefusal::NotPublished);
            }
            TemplateCommand::Switch { active, at } => {
                return Ok(self.switched(active, at).into_iter().collect());
            }
        };
        let mut events = Vec::with_capacity(2);
        if self
            .current()
            .is_some_and(|current| current.event_type != event_type || current.channel != channel)
        {
            return Err(TemplateRefusal::OtherTemplate);
        }
        if let Some(field) = content.given_beside(channel) {
            return Err(TemplateRefusal::FieldOfNoUse { field, channel });
        }
        let version = match self.current() {
            Some(current) if current.content == content => None,
            Some(current) => Some(current.version + 1),
            None => Some(1),
        };
        if let Some(version) = version {
            events.push(TemplateEvent::TemplatePublished(TemplatePublished {
                event_type,
                channel,
                version,
                content,
                at,
            }));
        }
        events.extend(self.switched(active, at));
        Ok(events)
    }

    /// What it takes to be used, or not.
    fn switched(&self, active: bool, at: Timestamp) -> Option<TemplateEvent> {
        let switched = TemplateSwitched { at };
        match (active, self.inactive) {
            (true, true) => Some(TemplateEvent::TemplateActivated(switched)),
            (false, false) => Some(TemplateEvent::TemplateDeactivated(switched)),
            (true, false) | (false, true) => None,
        }
    }

    /// Folds one event in.
    #[must_use]
    pub fn evolve(mut self, event: &TemplateEvent) -> Self {
        match event {
            TemplateEvent::TemplatePublished(published) => self.current = Some(Box::new(published.clone())),
            TemplateEvent::TemplateActivated(_) => self.inactive = false,
            TemplateEvent::TemplateDeactivated(_) => self.inactive = true,
        }
        self
    }
}

aggregate!(Template, "Template", TemplateCommand, TemplateEvent, TemplateRefusal);
