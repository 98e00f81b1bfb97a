//! The lines that `up` prints once it runs: tenant, addresses, three commands to paste, and a fourth by this program.
//!
//! A secret that was configured is never printed; one that the data folder made is printed to a terminal alone. Elsewhere
//! stands where it is kept, and the commands read it from there.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use orqestra_api::{DemoPage, percent_encoded};
use orqestra_domain::Channel;
use orqestra_domain::provider::SANDBOX;
use orqestra_domain::tenant::TenantRecord;

use crate::keep::{ADMIN_TOKEN_FILE, DEMO_TENANT_FILE};
use crate::settings::{Bootstrap, Settings};

/// What the banner tells.
pub(crate) struct Facts<'a> {
    pub(crate) address: SocketAddr,
    /// Where readiness and metrics are served.
    pub(crate) probes: SocketAddr,
    pub(crate) tenant: &'a Bootstrap,
    /// The tenant as it stands, where this program can read it.
    pub(crate) record: Option<&'a TenantRecord>,
    pub(crate) api_key: Secret<'a>,
    pub(crate) admin_token: Secret<'a>,
    pub(crate) demo: DemoPage,
    pub(crate) database: Option<&'a Path>,
    pub(crate) adopted: bool,
    pub(crate) data: &'a Path,
    /// This program, as a shell finds it.
    pub(crate) program: &'a Path,
}

/// A secret, as the banner may tell of it.
#[derive(Clone, Copy)]
pub(crate) enum Secret<'a> {
    /// The settings gave it; the name of the environment's variable.
    Configured(&'static str),
    /// The data folder keeps it.
    Kept {
        /// Only where a terminal shows it.
        shown: Option<&'a str>,
        /// The file's name.
        file: &'static str,
        /// The shell's command that reads it, before the file's path.
        read: &'static str,
    },
}

impl<'a> Secret<'a> {
    /// The first tenant's key.
    pub(crate) fn api_key(settings: &Settings, key: &'a str, terminal: bool) -> Self {
        if settings.bootstrap.is_some() {
            return Self::Configured("ORQESTRA_BOOTSTRAP_API_KEY");
        }
        let read = r#"sed -n 's/.*"apiKey": "\(.*\)".*/\1/p'"#;
        Self::Kept { shown: terminal.then_some(key), file: DEMO_TENANT_FILE, read }
    }

    /// The admin token.
    pub(crate) fn admin_token(settings: &Settings, token: &'a str, terminal: bool) -> Self {
        if settings.admin_token.is_some() {
            return Self::Configured("ORQESTRA_ADMIN_TOKEN");
        }
        Self::Kept { shown: terminal.then_some(token), file: ADMIN_TOKEN_FILE, read: "cat" }
    }

    /// For people.
    fn told(self, data: &Path) -> String {
        match self {
            Self::Configured(variable) => format!("as configured ({variable})"),
            Self::Kept { shown: Some(secret), .. } => secret.to_owned(),
            Self::Kept { shown: None, file, .. } => format!("kept in {}", data.join(file).display()),
        }
    }

    /// For a shell, inside double quotes.
    fn in_quotes(self, data: &Path) -> String {
        match self {
            Self::Configured(variable) => format!("${variable}"),
            Self::Kept { shown: Some(secret), .. } => secret.to_owned(),
            Self::Kept { shown: None, file, read } => format!("$({read} '{}')", data.join(file).display()),
        }
    }
}

/// A line on each channel that goes by providers: the carriers of its messages. One line for both channels where they are the same.
fn carried(record: Option<&TenantRecord>) -> Vec<String> {
    let [email, sms] = [Channel::Email, Channel::Sms].map(|channel| {
        let Some(list) = record.and_then(|record| record.providers.get(&channel)) else {
            return "kept in the sandbox until the tenant has a provider of its own".to_owned();
        };
        let kinds: Vec<_> = list.iter().map(|provider| provider.config.name()).collect();
        match &kinds[..] {
            [] => "skipped: the tenant's list of providers is empty".to_owned(),
            kinds if kinds.iter().all(|kind| *kind == SANDBOX) => "kept in the sandbox".to_owned(),
            kinds => format!("sent by {}", kinds.join(", ")),
        }
    });
    if email == sms {
        vec![format!("  EMAIL, SMS   {email}")]
    } else {
        vec![format!("  EMAIL        {email}"), format!("  SMS          {sms}")]
    }
}

/// The banner.
pub(crate) fn text(facts: &Facts<'_>) -> String {
    let Facts { address, probes, tenant, record, api_key, admin_token, .. } = facts;
    let Facts { demo, database, adopted, data, program, .. } = facts;
    let (id, name) = (tenant.id, &tenant.name);
    let (key, token) = (api_key.in_quotes(data), admin_token.in_quotes(data));
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("writing to a String cannot fail");
    line("");
    line(&format!("  Orqestra runs at http://{address}"));
    line("");
    line(&format!("  tenant       {id} ({name})"));
    line(&format!("  API key      {}", api_key.told(data)));
    line(&format!("  admin token  {}", admin_token.told(data)));
    if *demo == DemoPage::Served {
        // What stands after # stays in the browser. Without a key the page asks for it.
        let key = match api_key {
            Secret::Kept { shown: Some(key), .. } => format!("key={}&", percent_encoded(key)),
            Secret::Kept { shown: None, .. } | Secret::Configured(_) => String::new(),
        };
        line(&format!("  demo page    http://{address}/demo#{key}tenant={id}"));
    }
    line(&format!("  OpenAPI      http://{address}/openapi.json"));
    line(&format!("  health       http://{probes}/readyz   metrics http://{probes}/metrics"));
    match (database, adopted) {
        (Some(home), false) => line(&format!("  database     private PostgreSQL in {}", home.display())),
        (Some(home), true) => {
            line(&format!("  database     private PostgreSQL in {}, found running", home.display()));
        }
        (None, _) => line("  database     ORQESTRA_DATABASE_URL"),
    }
    line(&format!("  data folder  {}", data.display()));
    for carried in carried(*record) {
        line(&carried);
    }
    line("");
    line("  Try it:");
    line("");
    if tenant.webhook_secret.is_some() {
        line("  (this tenant has a webhook secret: triggers need X-Orqestra-Signature)");
    }
    line(&format!(
        "  curl -s http://{address}/api/v1/events/trigger -H 'content-type: application/json' -H \"x-api-key: {key}\" \\\n    \
         -d '{{\"eventType\":\"order.confirmed\",\"payload\":{{\"userId\":\"u-1\",\"recipientEmail\":\"user@example.com\",\
         \"recipientPhone\":\"+254712345678\"}},\"variables\":{{\"title\":\"Order Confirmed\",\"orderNumber\":\"ORD-2026-1234\",\
         \"amount\":\"$49.99\"}}}}'"
    ));
    line("");
    line(&format!("  curl -s http://{address}/api/v1/notifications/{id}/u-1 -H \"x-api-key: {key}\""));
    line("");
    line(&format!(
        "  curl -s 'http://{address}/admin/v1/sandbox/messages?tenantId={id}' -H \"authorization: Bearer {token}\""
    ));
    line("");
    line("  Or by this program, which waits and tells what became of each channel:");
    line("");
    line(&format!(
        "  ORQESTRA_API_KEY=\"{key}\" {} trigger order.confirmed --user u-1 --email user@example.com \
         --var title='Order Confirmed' --var orderNumber=ORD-2026-1234 --var amount='$49.99' --wait --url http://{address}",
        program.display()
    ));
    line("");
    line("  Ctrl-C ends it; nothing is lost.");
    line("");
    out
}

#[cfg(test)]
mod tests {
    use orqestra_domain::provider::{ProviderConfig, ProviderEntry};
    use orqestra_domain::tenant::{Tenant, TenantEvent};
    use serde_json::json;

    use super::*;

    fn smtp() -> ProviderEntry {
        let smtp = json!({"instance": "0190b5a0-0000-7000-8000-000000000001", "kind": "smtp", "host": "127.0.0.1", "port": 25,
            "tls": "none", "from": "a@example.org"});
        let entry: ProviderEntry = serde_json::from_value(smtp).unwrap();
        assert!(matches!(entry.config, ProviderConfig::Smtp(_)));
        entry
    }

    fn record() -> TenantRecord {
        let registered = json!({"TenantRegistered": {"name": "Shop", "limits": {"ratePerMinute": 1}, "at": "2026-11-30T10:00:00Z"}});
        let registered: TenantEvent = serde_json::from_value(registered).unwrap();
        Tenant::default().evolve(&registered).record().unwrap().clone()
    }

    #[test]
    fn each_channel_is_told_as_its_providers_stand() {
        let sandbox = "kept in the sandbox until the tenant has a provider of its own";
        assert_eq!(carried(None), [format!("  EMAIL, SMS   {sandbox}")]);
        let mut record = record();
        assert_eq!(carried(Some(&record)), [format!("  EMAIL, SMS   {sandbox}")]);
        record.providers.insert(Channel::Email, vec![smtp(), ProviderEntry::SANDBOX]);
        assert_eq!(
            carried(Some(&record)),
            ["  EMAIL        sent by smtp, sandbox".to_owned(), format!("  SMS          {sandbox}")]
        );
        record.providers.insert(Channel::Email, Vec::new());
        record.providers.insert(Channel::Sms, vec![ProviderEntry::SANDBOX]);
        assert_eq!(
            carried(Some(&record)),
            [
                "  EMAIL        skipped: the tenant's list of providers is empty",
                "  SMS          kept in the sandbox"
            ]
        );
    }
}
