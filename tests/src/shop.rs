//! A world under load while something happens to it: one tenant, its email on a real server, a reckoning at the end.

use std::time::Duration;

use serde_json::json;

use crate::audit::{Ends, audit};
use crate::load::Load;
use crate::smtp::Smtp;
use crate::tenant::Tenant;
use crate::wait;
use crate::world::World;

const ANSWERS_WITHIN: Duration = Duration::from_mins(1);
/// More than any test waits for.
const MOST: usize = 900;

/// The world, its mail server and its load.
pub struct Shop {
    /// The engine.
    pub world: World,
    /// Where its email goes.
    pub smtp: Smtp,
    /// The clients.
    pub load: Load,
    tenants: [Tenant; 1],
}

impl Shop {
    /// Opens it in a world of its own.
    pub async fn open(world: World) -> Self {
        Self::with_mail_at(world, Smtp::start()).await
    }

    /// Opens it with this mail server.
    pub async fn with_mail_at(world: World, smtp: Smtp) -> Self {
        let tenants = [world.tenant().clone()];
        world.providers(&tenants[0], "EMAIL", &json!([smtp.provider()])).await;
        Self { world, smtp, load: Load::default(), tenants }
    }

    /// Its tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenants[0]
    }

    /// Lets so many clients send one event a `pace` until what happens meanwhile is over.
    pub async fn busy<T>(&self, clients: usize, pace: Duration, meanwhile: impl Future<Output = T>) -> T {
        self.load.begin();
        let clients = self.load.run(&self.world, &self.tenants, clients, pace, MOST);
        let meanwhile = async {
            let done = meanwhile.await;
            self.load.stop();
            done
        };
        tokio::join!(meanwhile, clients).0
    }

    /// Waits until so many more events are answered 200.
    pub async fn more_answers(&self, count: usize) {
        let wanted = self.load.answered() + count;
        let answered = || (self.load.answered() >= wanted).then_some(());
        wait::until_now("more answers", ANSWERS_WITHIN, answered).await;
    }

    /// Drains the world and compares every 200 with what arrived.
    ///
    /// # Panics
    /// If anything is lost or repeated without a mark.
    pub async fn audit(&self) -> Ends {
        audit(&self.world, &self.tenants, &self.smtp).await
    }
}
