//! An email whose first attempt was not taken, and that waits for its second one, which is taken.

use std::sync::Arc;

use orqestra_commands::TenantEntry;
use orqestra_domain::{Channel, NotificationId};

use crate::script::{Answer, Script};
use crate::world::{Running, World, settings};

pub(crate) struct Retrying {
    pub(crate) world: World,
    pub(crate) tenant: Arc<TenantEntry>,
    pub(crate) script: Arc<Script>,
    pub(crate) dispatch: Running,
    pub(crate) id: NotificationId,
}

impl Retrying {
    pub(crate) async fn start() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
        let script = Script::always(Answer::Taken).first([Answer::NotTaken]);
        let dispatch = world.play(&script, settings());
        let id = world.trigger(&tenant, "e-1").await;
        world.waiting(&tenant, id).await;
        Self { world, tenant, script, dispatch, id }
    }
}
