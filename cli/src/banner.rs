//! What `up` prints once it runs: tenant, keys, addresses, three commands to paste, and the same by this program.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use orqestra_api::{DemoPage, percent_encoded};

use crate::settings::Bootstrap;

/// What the banner tells.
pub(crate) struct Facts<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) tenant: &'a Bootstrap,
    pub(crate) admin_token: &'a str,
    pub(crate) demo: DemoPage,
    pub(crate) database: Option<&'a Path>,
    pub(crate) adopted: bool,
    pub(crate) data: &'a Path,
    /// This program, as a shell finds it.
    pub(crate) program: &'a Path,
}

/// The banner.
pub(crate) fn text(facts: &Facts<'_>) -> String {
    let Facts { address, tenant, admin_token, demo, database, adopted, data, program } = facts;
    let (id, name, key) = (tenant.id, &tenant.name, &tenant.api_key);
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("writing to a String cannot fail");
    line("");
    line(&format!("  Orqestra runs at http://{address}"));
    line("");
    line(&format!("  tenant       {id} ({name})"));
    line(&format!("  API key      {key}"));
    line(&format!("  admin token  {admin_token}"));
    if *demo == DemoPage::Served {
        // What stands after # stays in the browser.
        let key = percent_encoded(key);
        line(&format!("  demo page    http://{address}/demo#key={key}&tenant={id}"));
    }
    line(&format!("  OpenAPI      http://{address}/openapi.json"));
    line(&format!("  health       http://{address}/readyz   metrics http://{address}/metrics"));
    match (database, adopted) {
        (Some(home), false) => line(&format!("  database     private PostgreSQL in {}", home.display())),
        (Some(home), true) => {
            line(&format!("  database     private PostgreSQL in {}, found running", home.display()));
        }
        (None, _) => line("  database     ORQESTRA_DATABASE_URL"),
    }
    line(&format!("  data folder  {}", data.display()));
    line("  EMAIL, SMS   kept in the sandbox until the tenant has a provider of its own");
    line("");
    line("  Try it:");
    line("");
    if tenant.webhook_secret.is_some() {
        line("  (this tenant has a webhook secret: triggers need X-Orqestra-Signature)");
    }
    line(&format!(
        "  curl -s http://{address}/api/v1/events/trigger -H 'content-type: application/json' -H 'x-api-key: {key}' \\\n    \
         -d '{{\"eventType\":\"order.confirmed\",\"payload\":{{\"userId\":\"u-1\",\"recipientEmail\":\"user@example.com\",\
         \"recipientPhone\":\"+254712345678\"}},\"variables\":{{\"title\":\"Order Confirmed\",\"orderNumber\":\"ORD-2026-1234\",\
         \"amount\":\"$49.99\"}}}}'"
    ));
    line("");
    line(&format!("  curl -s http://{address}/api/v1/notifications/{id}/u-1 -H 'x-api-key: {key}'"));
    line("");
    line(&format!(
        "  curl -s 'http://{address}/admin/v1/sandbox/messages?tenantId={id}' -H 'authorization: Bearer {admin_token}'"
    ));
    line("");
    line("  Or by this program, which waits and tells what became of each channel:");
    line("");
    line(&format!(
        "  ORQESTRA_API_KEY='{key}' {} trigger order.confirmed --user u-1 --email user@example.com \
         --var title='Order Confirmed' --var orderNumber=ORD-2026-1234 --var amount='$49.99' --wait --url http://{address}",
        program.display()
    ));
    line("");
    line("  Ctrl-C ends it; nothing is lost.");
    line("");
    out
}
