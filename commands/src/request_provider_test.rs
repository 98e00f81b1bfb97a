//! `RequestProviderTest`: an operator wants a test message sent, and the log says so before it leaves.
//!
//! The address stands in the event as its look-up form alone. Nothing is sent here.

use std::fmt;

use orqestra_domain::evidence::{Evidence, EvidenceCommand, EvidenceRefusal, ProviderTestRequested};
use orqestra_domain::{
    AddressRef, Channel, EmailAddress, EvidenceId, PhoneNumber, ProviderInstanceId, StreamId,
};
use orqestra_event_log::Ticket;
use orqestra_vault::DataKey;
use uuid::Uuid;

use crate::context::Context;
use crate::directory::TenantEntry;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded, tenant_key_error};
use crate::told::Beside;

/// The address of a test message, which tells its channel.
#[derive(Clone, PartialEq, Eq)]
pub enum TestAddress {
    /// Of an email.
    Email(EmailAddress),
    /// Of a text message.
    Phone(PhoneNumber),
}

impl TestAddress {
    /// The channel that carries to it.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }

    /// The address as received.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    fn reference(&self, tenant: &TenantEntry) -> AddressRef {
        match self {
            Self::Email(email) => tenant.index.address_ref(&email.normalised()),
            Self::Phone(phone) => tenant.index.address_ref(phone.as_str()),
        }
    }
}

/// Prints the channel alone: the address is personal.
impl fmt::Debug for TestAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestAddress({})", self.channel())
    }
}

/// The provider entry that is to carry a test message, and the address.
pub struct ProviderTestRequest<'a> {
    /// The kind of the provider.
    pub provider: &'a str,
    /// Its entry in the tenant's list.
    pub instance: ProviderInstanceId,
    /// The address.
    pub to: &'a TestAddress,
}

/// A test that is on record.
pub struct RequestedProviderTest {
    /// The stream of its event.
    pub id: EvidenceId,
    /// The tenant's key, for a provider that keeps the message here.
    pub key: DataKey,
}

impl Commands {
    /// Records that an operator wants a test message sent. Only then may it leave.
    ///
    /// # Errors
    /// `Corrupt` where the tenant has no key; the log's failure.
    pub async fn request_provider_test(
        &self,
        tenant: &TenantEntry,
        request: ProviderTestRequest<'_>,
        ctx: &Context,
    ) -> Result<RequestedProviderTest, CommandError<EvidenceRefusal>> {
        let key = self.vault().tenant_key(tenant.id).await.map_err(tenant_key_error)?;
        let at = self.now();
        let id = EvidenceId::from_uuid(self.ids().uuid_v7(at));
        let stream = StreamId::evidence(tenant.id, id);
        let command = EvidenceCommand::Test(ProviderTestRequested {
            channel: request.to.channel(),
            provider: request.provider.to_owned(),
            instance: request.instance,
            address_ref: request.to.reference(tenant),
            by: ctx.actor.to_string(),
            at,
        });
        let causes = |_: &[_], ids: &[Uuid]| vec![None; ids.len()];
        let beside = Beside { ctx, trace: None, recipient: None, causes: &causes };
        let ticket = Ticket { used_keys: vec![key.id()], ..Ticket::default() };
        match self.attempt(&stream, Evidence::default(), 0, command, ticket, &beside).await? {
            Ok(_) => Ok(RequestedProviderTest { id, key }),
            Err(NotRecorded::KeyDead) => Err(CommandError::Corrupt("a tenant's key is missing".to_owned())),
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyTaken(_)
                | NotRecorded::KeyRaced(_)
                | NotRecorded::Reconfigured,
            ) => Err(CommandError::Contended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_test_is_never_printed() {
        let email = TestAddress::Email(EmailAddress::parse("user@example.com").unwrap());
        assert_eq!(format!("{email:?}"), "TestAddress(EMAIL)");
        let phone = TestAddress::Phone(PhoneNumber::parse("+254712345678").unwrap());
        assert_eq!(format!("{phone:?}"), "TestAddress(SMS)");
    }
}
