//! What the history shows, in which order, and page by page.

use std::time::Duration;

use orqestra_domain::Channel;
use orqestra_projections::Projection;
use orqestra_projections::inbox::HistoryPage;

use crate::support::{World, tenant};

#[tokio::test]
async fn a_rendered_push_is_shown_and_a_planned_one_is_not() {
    let world = World::new().await;
    world.trigger(tenant(1), "ann", &[Channel::Push, Channel::Email]).await;
    world.trigger(tenant(1), "ann", &[Channel::Email]).await;
    let told = world.pushed(tenant(1), "ann", "Order Confirmed").await;
    world.project(Projection::Inbox).await;

    let items = world.history(tenant(1), "ann").await;
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!((item.id, item.event_type.as_str()), (told.id, "order.confirmed"));
    assert_eq!((item.title.as_str(), item.body.as_str()), ("Order Confirmed", "body of Order Confirmed"));
    assert_eq!((item.status.as_str(), item.category.as_deref()), ("UNREAD", Some("orders")));
    assert_eq!(item.created_at, world.now());
}

#[tokio::test]
async fn a_stored_event_type_that_todays_rule_refuses_is_shown_as_it_stands() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann", "before").await;
    world.pushed(tenant(1), "ann", "after").await;
    world.project(Projection::Inbox).await;
    for odd in [String::new(), "a\nb".to_owned(), "x".repeat(5_000)] {
        sqlx::query("update inbox set event_type = $1 where position = (select min(position) from inbox)")
            .bind(&odd)
            .execute(world.pool())
            .await
            .unwrap();
        let items = world.history(tenant(1), "ann").await;
        let shown: Vec<_> =
            items.iter().map(|item| (item.title.as_str(), item.event_type.as_str())).collect();
        assert_eq!(shown, [("after", "order.confirmed"), ("before", odd.as_str())]);
    }
}

#[tokio::test]
async fn a_push_is_dated_by_its_acceptance_and_shown_whenever_it_arrives() {
    let world = World::new().await;
    let mut early = world.trigger(tenant(1), "ann", &[Channel::Push]).await;
    world.clock.advance(Duration::from_mins(1));
    world.pushed(tenant(1), "ann", "late").await;
    world.project(Projection::Inbox).await;
    assert_eq!(world.shown(tenant(1), "ann").await, [("late".to_owned(), "UNREAD")]);

    world.push(&mut early, "early").await.unwrap();
    world.project(Projection::Inbox).await;
    let titles: Vec<_> = world.shown(tenant(1), "ann").await.into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["late", "early"]);
}

#[tokio::test]
async fn history_is_newest_first_and_equal_times_go_by_position() {
    let world = World::new().await;
    for title in ["1", "2", "3"] {
        world.pushed(tenant(1), "ann", title).await;
    }
    world.clock.advance(Duration::from_secs(1));
    world.pushed(tenant(1), "ann", "4").await;
    world.project(Projection::Inbox).await;
    let titles: Vec<_> = world.shown(tenant(1), "ann").await.into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["4", "3", "2", "1"]);
}

#[tokio::test]
async fn pages_by_cursor_show_each_push_once_while_new_ones_arrive() {
    let world = World::new().await;
    let recipient = world.recipient(tenant(1), "ann");
    for number in 0..10 {
        world.pushed(tenant(1), "ann", &number.to_string()).await;
        if number % 3 == 0 {
            world.clock.advance(Duration::from_micros(1));
        }
    }
    world.project(Projection::Inbox).await;

    let mut titles = Vec::new();
    let mut page = HistoryPage::Offset(0);
    loop {
        let found = world.inbox.history(tenant(1), &recipient, 3, page).await.unwrap();
        titles.extend(found.items.into_iter().map(|item| item.title));
        world.clock.advance(Duration::from_secs(1));
        world.pushed(tenant(1), "ann", "new").await;
        world.project(Projection::Inbox).await;
        match found.next {
            Some(cursor) => page = HistoryPage::After(cursor.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(titles, ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn pages_by_offset_follow_each_other() {
    let world = World::new().await;
    let recipient = world.recipient(tenant(1), "ann");
    for number in 0..5 {
        world.pushed(tenant(1), "ann", &number.to_string()).await;
    }
    world.project(Projection::Inbox).await;
    let mut pages = Vec::new();
    for offset in [0, 2, 4, 6] {
        let found = world.inbox.history(tenant(1), &recipient, 2, HistoryPage::Offset(offset)).await.unwrap();
        pages
            .push((found.items.into_iter().map(|item| item.title).collect::<String>(), found.next.is_some()));
    }
    let expected = [("43", true), ("21", true), ("0", false), ("", false)];
    assert_eq!(pages, expected.map(|(titles, more)| (titles.to_owned(), more)));
}

#[tokio::test]
async fn a_page_behind_a_cursor_ends_after_a_megabyte_and_the_next_one_goes_on_there() {
    let world = World::new().await;
    let recipient = world.recipient(tenant(1), "ann");
    let large = "x".repeat(200 * 1024);
    for number in 0..8 {
        world.pushed(tenant(1), "ann", &format!("{number}{large}")).await;
    }
    world.project(Projection::Inbox).await;
    let mut pages = Vec::new();
    let mut page = HistoryPage::Offset(0);
    for limit in std::iter::once(1).chain(std::iter::repeat(10)) {
        let found = world.inbox.history(tenant(1), &recipient, limit, page).await.unwrap();
        pages.push(found.items.iter().map(|item| &item.title[..1]).collect::<String>());
        let Some(cursor) = found.next else { break };
        page = HistoryPage::After(cursor);
    }
    assert_eq!(pages, ["7", "65", "43", "21", "0"]);
}

#[tokio::test]
async fn a_page_by_offset_has_all_its_rows_and_no_more_than_a_quarter_of_a_megabyte_of_them_at_once() {
    let world = World::new().await;
    let recipient = world.recipient(tenant(1), "ann");
    let large = "x".repeat(200 * 1024);
    for number in 0..9 {
        world.pushed(tenant(1), "ann", &format!("{number}{large}")).await;
    }
    world.project(Projection::Inbox).await;
    for (limit, whole, more) in [(10, "876543210", false), (9, "876543210", false), (8, "87654321", true)] {
        let page = HistoryPage::Offset(0);
        let first = world.inbox.history(tenant(1), &recipient, limit, page).await.unwrap();
        let last = first.next.map(|cursor| cursor.to_string());
        let (mut parts, mut rest) = (vec![first.items], first.rest);
        while let Some(left) = rest {
            let (items, left) = world.inbox.history_rest(tenant(1), &recipient, left).await.unwrap();
            parts.push(items);
            rest = left;
        }
        let most = parts.iter().map(Vec::len).max();
        assert_eq!(most, Some(1), "each is larger, with what is sealed beside the title");
        let items: Vec<_> = parts.into_iter().flatten().collect();
        assert_eq!(items.iter().map(|item| &item.title[..1]).collect::<String>(), whole);
        assert_eq!(last, more.then(|| items.last().unwrap().id.to_string()), "where the next page begins");
    }
}

#[tokio::test]
async fn two_tenants_with_the_same_user_see_their_own_pushes_only() {
    let world = World::new().await;
    let mine = world.pushed(tenant(1), "ann", "mine").await;
    world.pushed(tenant(2), "ann", "theirs").await;
    world.pushed(tenant(1), "bob", "another's").await;
    world.project(Projection::Inbox).await;
    assert_eq!(world.shown(tenant(1), "ann").await, [("mine".to_owned(), "UNREAD")]);
    assert_eq!(world.shown(tenant(2), "ann").await, [("theirs".to_owned(), "UNREAD")]);

    // Neither a reference nor a cursor opens another tenant's rows.
    let (ours, theirs) = (world.recipient(tenant(1), "ann"), world.recipient(tenant(2), "ann"));
    assert_ne!(ours, theirs);
    let page = world.inbox.history(tenant(2), &ours, 10, HistoryPage::Offset(0)).await.unwrap();
    assert!(page.items.is_empty());
    let cursor = HistoryPage::After(mine.id.to_string().parse().unwrap());
    let page = world.inbox.history(tenant(2), &theirs, 10, cursor).await.unwrap();
    assert!(page.items.is_empty());
}

#[tokio::test]
async fn no_statement_of_the_inbox_stores_what_a_push_says() {
    let world = World::new().await;
    world.pushed(tenant(1), "ann@example.org", "Dear Ann").await;
    world.project_all().await;
    for projection in Projection::ALL {
        for row in world.rows(projection).await {
            assert!(!row.contains("Ann") && !row.contains("ann@"), "{row}");
        }
    }
}

#[tokio::test]
async fn a_push_that_was_tampered_with_is_left_out_and_the_others_are_shown() {
    let world = World::new().await;
    let told = world.pushed(tenant(1), "ann", "changed").await;
    world.pushed(tenant(1), "ann", "whole").await;
    world.project(Projection::Inbox).await;
    sqlx::query("update inbox set content = 'AAAA' || substr(content, 5) where notification_id = $1")
        .bind(told.id.as_uuid())
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(world.shown(tenant(1), "ann").await, [("whole".to_owned(), "UNREAD")]);
}

#[tokio::test]
async fn a_page_is_read_by_the_index_however_deep_the_cursor() {
    let world = World::new().await;
    let mut tx = world.pool().begin().await.unwrap();
    sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await.unwrap();
    let uuid = "'00000000-0000-0000-0000-000000000001'";
    let statement = include_str!("../../src/inbox/history_after.sql")
        .replace("$1", uuid)
        .replace("$2", "'\\x00'")
        .replace("$3", "10")
        .replace("$4", uuid)
        .replace("$5", "1000");
    let explained: Vec<String> =
        sqlx::query_scalar(&format!("explain {statement}")).fetch_all(&mut *tx).await.unwrap();
    let plan = explained.join("\n");
    assert!(plan.contains("Index Scan using inbox_recipient on inbox  ") && !plan.contains("Sort"), "{plan}");
    assert!(plan.contains("(ROW(accepted_at, \"position\") < ROW("), "{plan}");
}
