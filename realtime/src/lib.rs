//! Realtime: tokens that let a recipient's front end connect, the names of the channels it may read, and the hub that
//! speaks Centrifugo's client protocol with it.
//!
//! The right to a channel comes from its name, `<category>#<user>`, which Centrifugo opens for that user alone;
//! so the token carries no list of channels. Tenants are kept apart by the token's tenant claim. This room reads no
//! clock and never touches the log.

mod channel;
mod hub;
mod protocol;
mod publication;
mod token;

pub use channel::{INBOX, InvalidUser, RealtimeUser};
pub use hub::{
    Host, Hub, MAX_CONNECTIONS, MAX_USER_CONNECTIONS, NotAdmitted, Now, Place, Published, Recipient,
    Unavailable,
};
pub use publication::{Content, InboxChange, Publication, Push};
pub use token::{Claims, EmptySecret, IssuedToken, RealtimeTokens, TOKEN_SECONDS, TokenError};
