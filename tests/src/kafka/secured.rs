//! Listeners that ask who a client is: one by SASL over TLS, one by a client's certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The name that the broker knows, and its password.
pub const USERNAME: &str = "relay";
/// See [`USERNAME`].
pub const PASSWORD: &str = "the-password-of-the-relay";

/// What a client needs of a broker that asks who it is.
#[derive(Clone, Debug)]
pub struct Secured {
    /// SASL over TLS, with SCRAM-SHA-512 and PLAIN.
    pub by_password: String,
    /// TLS with a client's certificate.
    pub by_certificate: String,
    /// The certificate of broker and client, signed by its own key, in PEM.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Secured {
    /// Makes a certificate for listeners on two ports.
    pub(super) fn on([password, certificate]: [u16; 2], folder: &Path) -> Result<Self> {
        let [cert, key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
        let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let mut command = Command::new("openssl");
        command.args(request).args(["-days", "2", "-subj", "/CN=kafka.test"]);
        command.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
        let made = command.arg("-keyout").arg(&key).arg("-out").arg(&cert).output();
        let made = made.context("starting openssl")?;
        ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        // Kafka reads both from one file.
        fs::write(folder.join("both.pem"), fs::read_to_string(&key)? + &fs::read_to_string(&cert)?)?;
        Ok(Self {
            by_password: format!("127.0.0.1:{password}"),
            by_certificate: format!("127.0.0.1:{certificate}"),
            certificate: cert,
            key,
        })
    }

    /// The broker's addresses on these listeners, as its settings have them.
    pub(super) fn listeners(&self) -> [String; 2] {
        [format!("PASSWORD://{}", self.by_password), format!("CERTIFICATE://{}", self.by_certificate)]
    }

    /// The settings of these listeners.
    pub(super) fn settings(&self, folder: &Path) -> String {
        let (both, trusted) = (folder.join("both.pem"), &self.certificate);
        let module = "org.apache.kafka.common.security";
        let tls = |name: &str| {
            format!(
                "listener.name.{name}.ssl.keystore.type=PEM\nlistener.name.{name}.ssl.keystore.location={}\n\
                 listener.name.{name}.ssl.truststore.type=PEM\nlistener.name.{name}.ssl.truststore.location={}\n",
                both.display(),
                trusted.display()
            )
        };
        format!(
            "{}{}listener.name.certificate.ssl.client.auth=required\n\
             listener.name.password.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN\n\
             listener.name.password.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;\n\
             listener.name.password.plain.sasl.jaas.config={module}.plain.PlainLoginModule required \
             user_{USERNAME}=\"{PASSWORD}\";\n",
            tls("password"),
            tls("certificate"),
        )
    }

    /// What makes the name known to SCRAM when the broker's files are made.
    pub(super) fn scram() -> [String; 2] {
        ["--add-scram".to_owned(), format!("SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]")]
    }
}
