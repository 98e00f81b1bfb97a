//! What the hub asks: whose connection a token's is, and what was published while its client was away.
//!
//! A tenant that is switched off gets no connection. The look-back is a read of the inbox, and waits its tenant's turn.

use futures::FutureExt;
use futures::future::BoxFuture;
use orqestra_domain::UserId;
use orqestra_event_log::Position;
use orqestra_projections::inbox::Missed;
use orqestra_realtime::{Claims, Host, NotAdmitted, Publication, Push, Recipient, Unavailable};

use crate::app::App;
use crate::error::ApiError;

impl Host for App {
    fn admit<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<Recipient, NotAdmitted>> {
        async move {
            let directory = self.commands.directory();
            directory.fresh().await.map_err(|_| NotAdmitted::Unavailable)?;
            directory.readable(claims.tenant).map_err(|_| NotAdmitted::Unavailable)?;
            let tenant = directory.tenant(claims.tenant).filter(|tenant| tenant.record.active);
            let tenant = tenant.ok_or(NotAdmitted::Refused)?;
            let reference = match claims.recipient {
                Some(reference) => reference,
                None if claims.sub.is_plain() => {
                    let user = UserId::parse(claims.sub.as_str()).map_err(|_| NotAdmitted::Refused)?;
                    tenant.index.recipient_ref(&user)
                }
                None => return Err(NotAdmitted::Refused),
            };
            Ok(Recipient { tenant: claims.tenant, reference })
        }
        .boxed()
    }

    fn missed<'a>(
        &'a self,
        recipient: Recipient,
        category: &'a str,
        after: u64,
        up_to: u64,
    ) -> BoxFuture<'a, Result<Option<Vec<Publication>>, Unavailable>> {
        async move {
            let missed = look_back(self, recipient, category, after, up_to).await;
            let (outcome, told) = match missed {
                Ok(Missed::All(items)) => {
                    let publications = items.into_iter().map(|(position, item)| {
                        let push = Push {
                            id: item.id,
                            title: &item.title,
                            body: &item.body,
                            category,
                            event_type: &item.event_type,
                            created_at: item.created_at,
                        };
                        push.publication(u64::try_from(position.get()).unwrap_or(0))
                    });
                    ("recovered", Ok(Some(publications.collect())))
                }
                Ok(Missed::TooMuch) => ("not_recovered", Ok(None)),
                Ok(Missed::NotYet) => ("not_yet", Err(Unavailable)),
                Err(error) => {
                    tracing::debug!(tenant.id = %recipient.tenant, error = ?error, "a client was not told what it missed");
                    ("failed", Err(Unavailable))
                }
            };
            metrics::counter!("orqestra_realtime_recoveries_total", "outcome" => outcome).increment(1);
            told
        }
        .boxed()
    }
}

async fn look_back(
    app: &App,
    recipient: Recipient,
    category: &str,
    after: u64,
    up_to: u64,
) -> Result<Missed, ApiError> {
    let position = |offset: u64| Position::new(i64::try_from(offset).unwrap_or(i64::MAX));
    let _turn = app.look_backs().take(recipient.tenant).await?;
    let between = (position(after), position(up_to));
    let now = app.process.clock.now();
    let missed = app.inbox.missed(recipient.tenant, &recipient.reference, category, between, now).await;
    missed.map_err(ApiError::from)
}
