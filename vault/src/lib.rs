//! Keys, sealing and opening of fields, look-up hashes.
//!
//! What is personal or secret is sealed here before it reaches the log. The master key wraps data keys, a data
//! key seals fields, and destroying a data key destroys what it sealed. The vault never touches the log: a new
//! key is handed out as a [`NewKey`] and stored by the append that first uses it.
//!
//! The formats are frozen by the files in `vectors/`. A format is changed by a new tag or version byte beside
//! the old one, never in place.

mod api_key;
mod cache;
mod claim;
mod entropy;
mod index;
mod key;
mod master;
mod reader;
mod rotate;
mod seal;
mod secret;
mod vault;

pub use api_key::{hash_api_key, new_api_key};
pub use claim::ClaimError;
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use index::{CallerIdRef, IdempotencyRef, IndexKey};
pub use key::{DataKey, KeyScope, NewKey};
pub use master::{InvalidMasterKey, MasterKey, UnwrapError};
pub use reader::{Corruption, KeyError, ReadFailure};
pub use rotate::RotateError;
pub use seal::{FieldContext, OpenError};
pub use secret::{InstallationSecret, SecretError};
pub use vault::Vault;
