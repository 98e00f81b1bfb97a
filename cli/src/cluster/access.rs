//! Access to the private cluster: by the passwords that the data folder keeps. To be the server's user, or
//! root, is not enough.
//!
//! Invariant: the server is told verifiers, never a password, so that no statement, log or backup of it holds one.

use std::fmt;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use orqestra_vault::Entropy;
use sha2::{Digest as _, Sha256};

use super::{APP, OWNER, SUPERUSER};
use crate::database::password_of;
use crate::keep::random_text;

/// The access rules, written anew at each start. They have no line for TCP, and the server listens on none.
pub(super) const RULES: &str = "\
# Written by orqestra at each start; for rules of your own name another file by hba_file in local.conf.
# The passwords are in postgres.pass of the data folder.
local all all scram-sha-256
";
/// As many as PostgreSQL itself uses. The passwords are random, so more would slow down clients and no attacker.
const ITERATIONS: u32 = 4_096;

/// The passwords of the cluster's roles.
#[derive(Clone)]
pub(super) struct Passwords(String);

impl Passwords {
    /// New ones, as the data folder keeps them: in the form of libpq's password files.
    pub(super) fn make(entropy: &dyn Entropy) -> String {
        let line = |role: &str| format!("*:*:*:{role}:{}\n", random_text(entropy));
        [SUPERUSER, OWNER, APP].map(line).concat()
    }

    /// Those that the data folder keeps.
    pub(super) fn of(text: String) -> anyhow::Result<Self> {
        for role in [SUPERUSER, OWNER, APP] {
            // They stand in addresses as they are.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            password_of(role, &text)
                .filter(|password| password.len() >= 32 && password.bytes().all(plain))
                .with_context(|| {
                    format!("postgres.pass in the data folder has no password for {role} as it was written: remove it, and the next `orqestra up` makes new ones")
                })?;
        }
        Ok(Self(text))
    }

    pub(super) fn of_role(&self, role: &str) -> &str {
        password_of(role, &self.0).expect("each role's was looked for when they were read")
    }

    /// The verifier by which the server knows a role's password (RFC 5803). The salt follows from the password, so that it is the same
    /// each time.
    pub(super) fn verifier(&self, role: &str) -> String {
        let password = self.of_role(role);
        let salt = &mac(password.as_bytes(), &[b"salt of ", role.as_bytes()])[..16];
        verifier(password, salt, ITERATIONS)
    }
}

/// None of them is shown.
impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

fn verifier(password: &str, salt: &[u8], iterations: u32) -> String {
    let mut round = mac(password.as_bytes(), &[salt, &1_u32.to_be_bytes()]);
    let mut salted = round;
    for _ in 1..iterations {
        round = mac(password.as_bytes(), &[&round]);
        salted.iter_mut().zip(round).for_each(|(all, one)| *all ^= one);
    }
    let stored = Sha256::digest(mac(&salted, &[b"Client Key"]));
    let server = mac(&salted, &[b"Server Key"]);
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("SCRAM-SHA-256${iterations}:{}${}:{}", text(salt), text(&stored), text(&server))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use orqestra_vault::OsEntropy;

    use super::*;

    #[test]
    fn a_verifier_is_the_one_that_postgresql_makes() {
        // RFC 7677, section 3: user `user`, password `pencil`. The server's key there signs `v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=`.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let told = verifier("pencil", &salt, 4_096);
        let (head, keys) = told.rsplit_once('$').unwrap();
        assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
        let server = STANDARD.decode(keys.split_once(':').unwrap().1).unwrap();
        let exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let signed = mac(&server, &[exchange.as_bytes()]);
        assert_eq!(STANDARD.encode(signed), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn each_role_has_a_password_of_its_own_and_a_file_without_one_is_refused() {
        let text = Passwords::make(&OsEntropy);
        let passwords = Passwords::of(text.clone()).unwrap();
        let all = [SUPERUSER, OWNER, APP].map(|role| passwords.of_role(role).to_owned());
        assert!(all[0] != all[1] && all[1] != all[2] && all.iter().all(|password| password.len() == 43));
        assert_eq!(passwords.verifier(APP), passwords.verifier(APP));
        assert_ne!(passwords.verifier(APP), passwords.verifier(OWNER));
        assert!(!format!("{passwords:?}").contains(&all[0]));
        for broken in [text.replace(&all[2], ""), text.replace(&all[2], "a'b"), text.replace(OWNER, "x")] {
            let said = Passwords::of(broken).unwrap_err().to_string();
            assert!(
                said.starts_with("postgres.pass in the data folder") && !said.contains(&all[0]),
                "{said}"
            );
        }
    }
}
