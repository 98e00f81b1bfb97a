//! The vault against a real PostgreSQL: finding, sharing reads, forgetting, changing the master key.
//!
//! Each test has a database of its own. Keys are stored here by plain inserts; in the engine the append does it.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{KeyId, RecipientRef, TenantId};
use orqestra_tests::postgres::TestDatabase;
use orqestra_vault::{
    ClaimError, Corruption, DataKey, FieldContext, InstallationSecret, KeyError, KeyScope, MasterKey, NewKey,
    SecretError, SeededEntropy, UnwrapError, Vault,
};
use sqlx::PgPool;
use uuid::Uuid;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(7));
const PLACE: FieldContext<'_> = FieldContext { tenant: TENANT, aggregate_id: "t/a", field: "variables" };

fn master(seed: u64) -> MasterKey {
    MasterKey::generate(&SeededEntropy::new(seed))
}

fn vault(pool: &PgPool, master: MasterKey, seed: u64) -> Vault {
    Vault::new(pool.clone(), master, Arc::new(SeededEntropy::new(seed)))
}

fn person(byte: u8, month: i32) -> KeyScope {
    KeyScope::Recipient { recipient: RecipientRef::from_bytes([byte; 32]), month }
}

async fn store(pool: &PgPool, key: &NewKey) {
    sqlx::query(
        "insert into data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key.id.as_uuid())
    .bind(key.tenant.as_uuid())
    .bind(key.scope.kind())
    .bind(key.scope.recipient().map(|r| r.as_bytes().to_vec()))
    .bind(key.scope.month())
    .bind(&key.wrapped)
    .execute(pool)
    .await
    .expect("storing a key");
}

async fn stored_key(pool: &PgPool, vault: &Vault, scope: KeyScope) -> DataKey {
    let (new, key) = vault.new_key(TENANT, scope);
    store(pool, &new).await;
    key
}

#[tokio::test]
async fn a_restarted_process_opens_what_it_sealed() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let before = vault(pool, master(1), 1);
    for scope in [KeyScope::Tenant, person(1, 202_611)] {
        let key = stored_key(pool, &before, scope).await;
        let sealed = before.seal(&key, &PLACE, b"secret");

        let after = vault(pool, master(1), 2);
        assert!(after.cached(TENANT, scope).is_none());
        assert_eq!(after.open_sealed(&PLACE, &sealed).await.unwrap(), b"secret");
        assert_eq!(after.cached(TENANT, scope).unwrap().id(), key.id());
        let found = vault(pool, master(1), 3).find(TENANT, scope).await.unwrap().unwrap();
        assert_eq!(found.id(), key.id());
    }
}

#[tokio::test]
async fn a_scope_without_a_key_has_none() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let vault = vault(database.pool(), master(1), 1);
    stored_key(database.pool(), &vault, person(1, 202_611)).await;
    assert!(vault.find(TENANT, person(1, 202_612)).await.unwrap().is_none());
    assert!(vault.find(TenantId::PLATFORM, person(1, 202_611)).await.unwrap().is_none());
    assert!(matches!(vault.tenant_key(TENANT).await, Err(KeyError::Gone)));
    assert!(matches!(vault.index_key(TENANT).await, Err(KeyError::Gone)));
}

#[tokio::test]
async fn two_processes_hash_a_tenants_values_alike() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let (a, b) = (vault(database.pool(), master(1), 1), vault(database.pool(), master(1), 2));
    stored_key(database.pool(), &a, KeyScope::Index).await;
    let (a, b) = (a.index_key(TENANT).await.unwrap(), b.index_key(TENANT).await.unwrap());
    assert_eq!(a.fingerprint(b"{}"), b.fingerprint(b"{}"));
}

#[tokio::test]
async fn the_loser_of_a_race_seals_with_the_winners_key() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let (winner, loser) = (vault(database.pool(), master(1), 1), vault(database.pool(), master(1), 2));
    let (won, _) = winner.new_key(TENANT, person(1, 202_611));
    let (lost, _) = loser.new_key(TENANT, person(1, 202_611));
    store(database.pool(), &won).await;

    let adopted = loser.adopt(won.id, won.tenant, won.scope, &won.wrapped).unwrap();
    assert_ne!(adopted.id(), lost.id);
    let sealed = loser.seal(&adopted, &PLACE, b"secret");
    assert_eq!(winner.open_sealed(&PLACE, &sealed).await.unwrap(), b"secret");
}

#[tokio::test]
async fn what_a_destroyed_key_sealed_never_opens_again() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let vault = vault(database.pool(), master(1), 1);
    let key = stored_key(database.pool(), &vault, person(1, 202_611)).await;
    vault.remember(&key);
    let sealed = vault.seal(&key, &PLACE, b"secret");

    sqlx::query("delete from data_keys").execute(database.pool()).await.unwrap();
    vault.forget_recipient(TENANT, RecipientRef::from_bytes([1; 32]));
    assert!(matches!(vault.open_sealed(&PLACE, &sealed).await, Err(KeyError::Gone)));
    assert!(vault.find(TENANT, person(1, 202_611)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_of_an_expired_month_that_is_still_stored_is_read_by_no_way() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let writer = vault(pool, master(1), 1);
    let expired = stored_key(pool, &writer, person(1, 202_610)).await;
    let another_persons = stored_key(pool, &writer, person(2, 202_610)).await;
    let kept = stored_key(pool, &writer, person(1, 202_611)).await;
    let tenants = stored_key(pool, &writer, KeyScope::Tenant).await;
    // Of another tenant, the month says nothing.
    for (tenant, month) in [(TENANT, 202_610), (TenantId::PLATFORM, 202_611)] {
        sqlx::query("insert into expired_months (tenant_id, month) values ($1, $2)")
            .bind(tenant.as_uuid())
            .bind(month)
            .execute(pool)
            .await
            .unwrap();
    }
    // Each asks with nothing in memory.
    for (key, by) in [(&expired, person(1, 202_610)), (&another_persons, person(2, 202_610))] {
        let by_id = vault(pool, master(1), 2).key(key.id()).await;
        assert!(matches!(by_id, Err(KeyError::Gone)), "{by_id:?}");
        let by_scope = vault(pool, master(1), 3).find(TENANT, by).await.unwrap();
        assert!(by_scope.is_none(), "{by_scope:?}");
    }
    for (key, by) in [(&kept, person(1, 202_611)), (&tenants, KeyScope::Tenant)] {
        assert_eq!(vault(pool, master(1), 4).key(key.id()).await.unwrap().id(), key.id());
        assert_eq!(vault(pool, master(1), 5).find(TENANT, by).await.unwrap().unwrap().id(), key.id());
    }
    let stored: i64 = sqlx::query_scalar("select count(*) from data_keys").fetch_one(pool).await.unwrap();
    assert_eq!(stored, 4, "nothing was deleted yet");
}

#[tokio::test]
async fn a_key_called_dead_is_not_used_again() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let vault = vault(database.pool(), master(1), 1);
    let (_, dead) = vault.new_key(TENANT, person(1, 202_611));
    vault.remember(&dead);
    vault.evict(dead.id());
    assert!(vault.cached(TENANT, person(1, 202_611)).is_none());
    assert!(matches!(vault.key(dead.id()).await, Err(KeyError::Gone)));
}

#[tokio::test]
async fn many_waiters_share_few_statements() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let writer = vault(pool, master(1), 1);
    let mut ids = Vec::new();
    for month in 0..300 {
        ids.push(stored_key(pool, &writer, person(1, month)).await.id());
    }
    let counted = "
        create table reads (transaction xid8 primary key);
        create function counted() returns boolean volatile language plpgsql as $$
        begin
            insert into reads values (pg_current_xact_id()) on conflict do nothing;
            return true;
        end $$;
        alter table data_keys rename to stored_keys;
        create view data_keys as select * from stored_keys where counted();";
    sqlx::raw_sql(counted).execute(pool).await.unwrap();

    let reader = vault(pool, master(1), 2);
    let answers = reader.keys(ids.iter().copied()).await;
    assert_eq!(answers.len(), 300);
    assert!(answers.iter().all(|(id, key)| key.as_ref().is_ok_and(|key| key.id() == *id)));
    let reads: i64 = sqlx::query_scalar("select count(*) from reads").fetch_one(pool).await.unwrap();
    assert!(reads <= 2, "{reads} statements");
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nobodys_answer_with_it() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let key = stored_key(pool, &vault(pool, master(1), 1), KeyScope::Tenant).await.id();
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("lock table data_keys").execute(&mut *lock).await.unwrap();

    let reader = vault(pool, master(1), 2);
    let ask = |_| {
        let reader = reader.clone();
        tokio::spawn(async move { reader.key(key).await.map(|key| key.id()) })
    };
    let mut asking: Vec<_> = (0..20).map(ask).collect();
    let waiting = "select count(*) from pg_locks where not granted and relation = 'data_keys'::regclass";
    let blocked =
        async { while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {} };
    tokio::time::timeout(Duration::from_secs(10), blocked).await.unwrap();
    // The first one asked first and does the reading.
    asking.remove(0).abort();
    lock.rollback().await.unwrap();
    for answer in asking {
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
        assert_eq!(answer.unwrap().unwrap(), key);
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_from_a_key_that_is_gone() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let vault = vault(database.pool(), master(1), 1);
    database.pool().close().await;
    let key = vault.key(KeyId::from_uuid(Uuid::from_u128(1))).await;
    assert!(matches!(key, Err(KeyError::Unavailable(_))));
}

#[tokio::test]
async fn a_changed_master_key_opens_all_that_was_sealed_before() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let old = vault(pool, master(1), 1);
    assert!(!old.check_master().await.unwrap());
    let mut sealed = Vec::new();
    for month in 0..600 {
        let key = stored_key(pool, &old, person(1, month)).await;
        sealed.push(old.seal(&key, &PLACE, b"secret"));
    }
    assert!(old.check_master().await.unwrap());
    let other = UnwrapError::OtherMaster;
    let checked = vault(pool, master(2), 2).check_master().await;
    assert!(matches!(checked, Err(KeyError::Corrupt(Corruption::Wrap(error))) if error == other));

    let both = Vault::with_former(pool.clone(), master(2), Some(master(1)), Arc::new(SeededEntropy::new(3)));
    assert_eq!(both.open_sealed(&PLACE, &sealed[0]).await.unwrap(), b"secret");
    assert_eq!(both.rotate(&master(2)).await.unwrap(), 600);
    assert_eq!(both.rotate(&master(2)).await.unwrap(), 0);

    let new = vault(pool, master(2), 4);
    for sealed in &sealed {
        assert_eq!(new.open_sealed(&PLACE, sealed).await.unwrap(), b"secret");
    }
    let cold = vault(pool, master(1), 5);
    assert!(matches!(cold.open_sealed(&PLACE, &sealed[0]).await, Err(KeyError::Corrupt(_))));
}

#[tokio::test]
async fn of_two_processes_that_start_at_once_with_keys_of_their_own_one_keeps_the_installation() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let vaults: Vec<Vault> = (1..=8).map(|seed| vault(database.pool(), master(seed), seed)).collect();
    let claims = futures::future::join_all(vaults.iter().map(Vault::claim_master)).await;
    let kept: Vec<usize> = (0..8).filter(|&number| claims[number].is_ok()).collect();
    assert_eq!(kept.len(), 1, "{claims:?}");
    for (number, vault) in vaults.iter().enumerate() {
        let again = vault.claim_master().await;
        assert_eq!(again.is_ok(), kept == [number], "the claim stays: {again:?}");
    }
    let told = claims.iter().find_map(|claim| claim.as_ref().err()).expect("seven are refused").to_string();
    assert!(told.contains("ORQESTRA_MASTER_KEY"), "{told}");
}

#[tokio::test]
async fn a_database_from_before_claims_is_claimed_by_its_own_master_key_alone() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    stored_key(pool, &vault(pool, master(1), 1), person(1, 202_611)).await;
    let stranger = vault(pool, master(2), 2).claim_master().await;
    assert!(matches!(stranger, Err(ClaimError::Stored(_))), "{stranger:?}");
    assert!(vault(pool, master(1), 3).claim_master().await.expect("its own key"));
}

#[tokio::test]
async fn a_rotation_moves_the_claim_and_both_keys_hold_until_then() {
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let before = vault(pool, master(1), 1);
    stored_key(pool, &before, person(1, 202_611)).await;
    assert!(before.claim_master().await.expect("the first key"));
    let entropy = Arc::new(SeededEntropy::new(3));
    let changing = Vault::with_former(pool.clone(), master(2), Some(master(1)), entropy);
    assert!(changing.claim_master().await.expect("a process that knows both"));
    assert_eq!(before.rotate(&master(2)).await.expect("one key"), 1);
    assert!(vault(pool, master(2), 4).claim_master().await.expect("the new key alone"));
    assert!(vault(pool, master(1), 5).claim_master().await.is_err(), "the old key is over");
}

#[tokio::test]
async fn one_secret_of_a_kind_is_claimed_until_it_is_replaced_and_a_change_of_the_master_key_keeps_it() {
    const KIND: InstallationSecret = InstallationSecret::Realtime;
    let database = TestDatabase::migrated(&MIGRATOR).await;
    let pool = database.pool();
    let before = vault(pool, master(1), 1);
    store(pool, &before.new_key(TenantId::PLATFORM, KeyScope::Index).0).await;
    let secrets: Vec<String> = (0..8).map(|number| format!("secret-{number}")).collect();
    assert_eq!(before.is_claimed(KIND, &secrets[0]).await.expect("an answer"), None);
    let claims =
        futures::future::join_all(secrets.iter().map(|secret| before.claim_secret(KIND, secret))).await;
    let (kept, refused): (Vec<usize>, Vec<usize>) = (0..8).partition(|&number| claims[number].is_ok());
    assert_eq!(kept.len(), 1, "{claims:?}");
    let (kept, other) = (&secrets[kept[0]], &secrets[refused[0]]);
    let told = claims[refused[0]].as_ref().expect_err("it is refused").to_string();
    assert!(!told.contains("secret-"), "{told}");
    before.claim_secret(InstallationSecret::Admin, other).await.expect("another kind");

    assert_eq!(before.rotate(&master(2)).await.expect("one key"), 1);
    let after = vault(pool, master(2), 2);
    after.claim_secret(KIND, kept).await.expect("the same secret");
    assert!(matches!(after.claim_secret(KIND, other).await, Err(SecretError::Other { .. })));
    after.replace_secret(KIND, other).await.expect("a change");
    assert_eq!(after.is_claimed(KIND, other).await.expect("an answer"), Some(true));
    assert_eq!(after.is_claimed(KIND, kept).await.expect("an answer"), Some(false));
    assert!(matches!(after.claim_secret(KIND, kept).await, Err(SecretError::Other { .. })));
}
