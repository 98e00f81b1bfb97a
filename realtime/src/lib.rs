//! Realtime: tokens that let a recipient's front end connect, and the names of the channels it may read.
//!
//! The right to a channel comes from its name, `<category>#<user>`, which Centrifugo opens for that user alone;
//! so the token carries no list of channels. Tenants are kept apart by the token's tenant claim. This room reads no
//! clock and never touches the log.

mod channel;
mod token;

pub use channel::{DEFAULT_CATEGORIES, InvalidUser, RealtimeUser};
pub use token::{Claims, EmptySecret, IssuedToken, RealtimeTokens, TOKEN_SECONDS, TokenError};
