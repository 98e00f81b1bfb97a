//! What the hub asks: whose connection a token's is, how a channel is numbered, and what was published while its client was away.
//!
//! A tenant that is switched off gets no connection. The look-back is a read of the inbox, and waits its tenant's turn.

use futures::FutureExt;
use futures::future::BoxFuture;
use orqestra_domain::UserId;
use orqestra_event_log::Position;
use orqestra_projections::inbox::{InboxChannel, Missed, Standing};
use orqestra_realtime::{Claims, Host, NotAdmitted, Publication, Published, Push, Recipient, Unavailable};

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

    fn published<'a>(
        &'a self,
        recipient: Recipient,
        category: &'a str,
        known: Option<(&'a str, u64)>,
        up_to: u64,
    ) -> BoxFuture<'a, Result<Published, Unavailable>> {
        async move {
            let published = look_back(self, recipient, category, known, up_to).await;
            let outcome = match &published {
                Ok(Some(Published { missed: Some(_), .. })) => "recovered",
                Ok(Some(_)) => "not_recovered",
                Ok(None) => "not_yet",
                Err(error) => {
                    tracing::debug!(tenant.id = %recipient.tenant, error = ?error, "a client was not told what it missed");
                    "failed"
                }
            };
            if known.is_some() {
                metrics::counter!("orqestra_realtime_recoveries_total", "outcome" => outcome).increment(1);
            }
            published.ok().flatten().ok_or(Unavailable)
        }
        .boxed()
    }
}

/// How a channel stands, and what of it a client missed; `None` where that cannot be told yet.
async fn look_back(
    app: &App,
    recipient: Recipient,
    category: &str,
    known: Option<(&str, u64)>,
    up_to: u64,
) -> Result<Option<Published>, ApiError> {
    let _turn = match known {
        Some(_) => app.look_backs().take(recipient.tenant).await?,
        None => app.counts().take(recipient.tenant).await?,
    };
    let channel = InboxChannel { tenant: recipient.tenant, recipient: &recipient.reference, category };
    let position = Position::new(i64::try_from(up_to).unwrap_or(i64::MAX));
    let Some(standing) = app.inbox.standing(&channel, position).await? else { return Ok(None) };
    // The hub has still to learn of the forgetting, and of which numbers begin anew.
    if standing.forgotten.is_some_and(|forgotten| forgotten > position) {
        return Ok(None);
    }
    let Some(epoch) = epoch(app, recipient, &standing) else { return Ok(None) };
    let missed = match known {
        Some((of, number)) if *of == *epoch => missed(app, &channel, number, &standing).await?,
        Some(_) | None => Some(None),
    };
    let told = |missed| Published { epoch, number: standing.number, missed };
    Ok(missed.map(told))
}

/// What tells a channel's numbers from those of another log, of this one before its end was lost, and of before the recipient was
/// forgotten. Numbers are counted since the version that tells no positions, whose epochs had no word before them.
fn epoch(app: &App, recipient: Recipient, standing: &Standing) -> Option<String> {
    let log = app.commands.log();
    let epoch = format!("channel-{}-{}", log.log_id().simple(), log.epoch());
    let Some(forgotten) = standing.forgotten else { return Some(epoch) };
    let tenant = app.commands.directory().tenant(recipient.tenant)?;
    Some(format!("{epoch}-{}", tenant.index.forgetting_mark(&recipient.reference, forgotten.get())))
}

/// What a client missed that knows a channel up to a number: `Some(None)` where that cannot be told completely, `None` where it
/// cannot be told yet.
async fn missed(
    app: &App,
    channel: &InboxChannel<'_>,
    number: u64,
    standing: &Standing,
) -> Result<Option<Option<Vec<Publication>>>, ApiError> {
    if number > standing.number {
        // Another hub is further, or the number is none of this channel's.
        let head = *app.commands.log().head().borrow();
        let further = app.inbox.standing(channel, head).await?;
        return Ok(further.map(|further| (number <= further.number).then(Vec::new)));
    }
    let missed = match app.inbox.missed(channel, number, standing, app.process.clock.now()).await? {
        Missed::All(items) => items,
        Missed::TooMuch => return Ok(Some(None)),
    };
    let publications = missed.into_iter().map(|(number, item)| {
        let push = Push {
            id: item.id,
            title: &item.title,
            body: &item.body,
            category: channel.category,
            event_type: &item.event_type,
            created_at: item.created_at,
        };
        push.content().numbered(number)
    });
    Ok(Some(Some(publications.collect())))
}
