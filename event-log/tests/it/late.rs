//! Transactions that do not fit their time: a subscription does less at a time until they do, and more again once it can.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orqestra_event_log::{RecordedEvent, Subscriber, SubscriberError, SubscriptionOptions};
use sqlx::{Executor as _, PgTransaction};

use crate::subscription::{quick, reached, run_as, witnessed, world};
use crate::support::{events, recorded};

/// Events of one page at most.
const BATCH: usize = 64;
/// More than this many do not fit the time of a transaction.
const FIT: usize = 16;
const LIMIT: Duration = Duration::from_millis(500);

/// Whose time limit ends a transaction.
#[derive(Clone, Copy, Debug)]
enum Ended {
    /// The process's own, for the whole transaction.
    ByTheProcess,
    /// The database's, for a statement.
    ByTheDatabase,
}

/// Waits, with more events than fit, for what another holds.
struct Heavy {
    ended: Ended,
    /// How many events it was given each time.
    given: Arc<Mutex<Vec<usize>>>,
}

impl Subscriber for Heavy {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn handle(
        &mut self,
        tx: &mut PgTransaction<'_>,
        batch: &[Arc<RecordedEvent>],
    ) -> Result<(), SubscriberError> {
        self.given.lock().unwrap().push(batch.len());
        if let Ended::ByTheDatabase = self.ended {
            let limit = format!("set local statement_timeout = {}", LIMIT.as_millis());
            tx.execute(limit.as_str()).await?;
        }
        if batch.len() > FIT {
            tx.execute("lock table heavy in access share mode").await?;
        }
        for event in batch {
            sqlx::query("insert into witnessed (position, aggregate_id) values ($1, $2)")
                .bind(event.position.get())
                .bind(&event.aggregate_id)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_transaction_that_does_not_fit_its_time_is_halved_until_it_does_and_grows_back() {
    for ended in [Ended::ByTheProcess, Ended::ByTheDatabase] {
        let world = world().await;
        world.database.run("create table heavy ()").await;
        let mut held = world.pool().begin().await.unwrap();
        held.execute("lock table heavy in access exclusive mode").await.unwrap();
        let given = Arc::<Mutex<Vec<usize>>>::default();
        let subscriber = Heavy { ended, given: Arc::clone(&given) };
        let limit = match ended {
            Ended::ByTheProcess => LIMIT,
            Ended::ByTheDatabase => SubscriptionOptions::default().limit,
        };
        let options = SubscriptionOptions { batch: BATCH, limit, lease: Duration::from_secs(10), ..quick() };
        recorded(world.log.append(events(1, 0, BATCH)).await);
        let running = run_as(&world, &world.log, subscriber, options);
        reached(&world.log, 64).await;
        let sizes = std::mem::take(&mut *given.lock().unwrap());
        assert_eq!(sizes[..3], [64, 32, 16], "{ended:?}: {sizes:?}");
        assert!(sizes[3..].iter().all(|size| *size <= 2 * FIT), "{ended:?}: {sizes:?}");
        held.rollback().await.unwrap();
        recorded(world.log.append(events(2, 0, 5 * BATCH)).await);
        reached(&world.log, 6 * 64).await;
        let sizes = std::mem::take(&mut *given.lock().unwrap());
        assert!(sizes.contains(&BATCH), "{ended:?}: {sizes:?}");
        running.stop().await;
        assert_eq!(witnessed(&world).await, (1..=6 * 64).collect::<Vec<i64>>(), "{ended:?}");
    }
}
