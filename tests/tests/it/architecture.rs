//! Holds the workspace to its own rules: which room may know which, who may name which crate, how files look.
//!
//! `ROOMS` and `CRATES` are the table of ARCHITECTURE.md, and `deny.toml` holds the second from outside. `cli`,
//! `tests` and `bench` may name anything. Nothing here builds or runs the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Each room and the rooms it may depend on.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("vault", &["domain"]),
    ("event-log", &["domain", "vault"]),
    ("commands", &["domain", "event-log", "vault"]),
    ("projections", &["domain", "event-log", "vault"]),
    ("realtime", &["domain"]),
    ("dispatch", &["domain", "event-log", "commands", "vault", "realtime"]),
    ("kafka", &["domain", "event-log"]),
    ("api", &["domain", "event-log", "commands", "projections", "vault", "dispatch", "realtime"]),
    ("console", &["domain", "event-log", "commands", "projections", "vault", "dispatch", "realtime"]),
];

/// Each held crate and the rooms that may name it; a name that ends in `*` stands for all that begin so.
const CRATES: &[(&str, &[&str])] = &[
    ("axum*", &["api", "console", "realtime"]),
    ("reqwest", &["dispatch"]),
    ("lettre", &["dispatch"]),
    ("hickory*", &["dispatch"]),
    ("sqlx", &["event-log", "projections", "vault", "dispatch"]),
    ("postgres-es", &["event-log"]),
    ("rdkafka", &["kafka"]),
    ("redis", &["api", "console"]),
    ("liquid*", &[]),
    ("mrml", &["dispatch"]),
    ("jsonwebtoken", &["realtime"]),
    ("aes-gcm", &["vault"]),
    ("opentelemetry*", &[]),
];

/// The composition root, the harness and the benchmarks.
const EXEMPT: &[&str] = &["cli", "tests", "bench"];

/// What a room may not reach, not even through others: rooms and crates.
const OUT_OF_REACH: &[(&str, &[&str])] = &[
    ("domain", &["sqlx", "axum", "reqwest", "lettre", "rand", "tracing", "orqestra-event-log"]),
    ("projections", &["lettre", "reqwest", "axum", "orqestra-commands", "orqestra-dispatch"]),
    ("event-log", &["lettre", "reqwest", "axum", "orqestra-projections"]),
    ("vault", &["lettre", "reqwest", "axum", "orqestra-event-log"]),
    (
        "kafka",
        &["lettre", "reqwest", "axum", "orqestra-commands", "orqestra-dispatch", "orqestra-projections"],
    ),
];

/// Words that no source file holds, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("#[ig", "nore"), "no test is ignored"),
    (concat!("to", "do!("), "nothing is half-built"),
    (concat!("unimple", "mented!("), "nothing is half-built"),
    (concat!("#[al", "low("), "#[expect(.., reason = \"..\")] says why, and tells when it is no longer true"),
    (
        concat!("#![al", "low("),
        "#[expect(.., reason = \"..\")] says why, and tells when it is no longer true",
    ),
];

/// Value objects with a rule of what is taken, and the files of rooms that apply it: where callers' input comes in, and where
/// the program makes a value of its own. What is stored was taken once, and is read as it stands (`stored`, or serde).
const RULES: &[(&str, &[&str])] = &[
    (
        "EmailAddress",
        &[
            "api/src/admin/change_tenant.rs",
            EVENTS,
            PROVIDER_TEST,
            SUPPRESSIONS,
            "api/src/admin/tenants.rs",
            TRIGGER,
        ],
    ),
    (
        "EventId",
        &[
            "api/src/admin/event.rs",
            EVENTS,
            "api/src/admin/explanation.rs",
            "api/src/v1/event.rs",
            "commands/src/trigger_notification.rs",
            TRIGGER,
        ],
    ),
    (
        "EventTypeName",
        &[
            "api/src/admin/dead_letters.rs",
            "api/src/admin/template.rs",
            "commands/src/seed_platform.rs",
            TRIGGER,
        ],
    ),
    (
        "PhoneNumber",
        &[EVENTS, PROVIDER_TEST, SUPPRESSIONS, "dispatch/src/callback/africastalking.rs", TRIGGER],
    ),
    ("PushCategories", &["api/src/admin/change_tenant.rs"]),
    (
        "TenantName",
        &["api/src/admin/change_tenant.rs", "api/src/admin/tenants.rs", "commands/src/seed_platform.rs"],
    ),
    (
        "UserId",
        &[
            EVENTS,
            "api/src/realtime/host.rs",
            "api/src/v1/history.rs",
            "api/src/v1/mark_read.rs",
            "api/src/v1/realtime_token.rs",
            TRIGGER,
        ],
    ),
];
const TRIGGER: &str = "api/src/v1/trigger.rs";
const EVENTS: &str = "api/src/admin/events.rs";
const PROVIDER_TEST: &str = "api/src/admin/provider_test.rs";
const SUPPRESSIONS: &str = "api/src/admin/suppressions.rs";

/// The one file of a test tree that may wait between two looks at a condition.
const MAY_WAIT: &str = "wait.rs";
/// The one file of a room that may read the environment: tests set the fail point of a child process there.
const MAY_READ_ENVIRONMENT: &str = "event-log/src/fail_point.rs";
const LONGEST_FILE: usize = 500;

#[test]
fn a_room_depends_only_on_the_rooms_its_line_names() {
    let mut wrong = Vec::new();
    for (room, names) in declared() {
        let Some(allowed) = line(ROOMS, &room) else {
            assert!(EXEMPT.contains(&room.as_str()), "room `{room}` has no line in ROOMS");
            continue;
        };
        for other in names.iter().filter_map(|name| name.strip_prefix("orqestra-")) {
            if !allowed.contains(&other) {
                wrong.push(format!("{room} depends on {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_held_crate_is_named_only_by_its_rooms() {
    let mut wrong = Vec::new();
    for (room, names) in declared().into_iter().filter(|(room, _)| !EXEMPT.contains(&room.as_str())) {
        for name in names {
            let held = CRATES.iter().find(|(held, _)| match held.strip_suffix('*') {
                Some(stem) => name.starts_with(stem),
                None => *held == name,
            });
            if held.is_some_and(|(_, rooms)| !rooms.contains(&room.as_str())) {
                wrong.push(format!("{room} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_replay_cannot_send_and_the_domain_cannot_do_io() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for (room, forbidden) in OUT_OF_REACH {
        for name in reachable(&metadata, &format!("orqestra-{room}")) {
            if forbidden.contains(&name.as_str()) {
                wrong.push(format!("{room} reaches {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn versions_stand_only_in_the_workspace_manifest() {
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).expect("a member's manifest is readable");
        let mut in_dependencies = false;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            } else if in_dependencies && !line.contains("workspace = true") && !line.contains("path = ") {
                wrong.push(format!("{}: {line}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_source_file_says_what_it_owns_and_stays_short() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let head = text.lines().take_while(|line| line.starts_with("//!")).count();
        if head == 0 {
            wrong.push(format!("{name} does not begin with //!"));
        }
        let lines = text.lines().count();
        if lines >= LONGEST_FILE {
            wrong.push(format!("{name} has {lines} lines"));
        }
        for (word, why) in FORBIDDEN {
            if text.contains(word) {
                wrong.push(format!("{name} holds {word}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_room_checks_a_stored_value_by_todays_rule() {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources() {
        let room = name.split('/').next().unwrap_or_default();
        if EXEMPT.contains(&room) || room == "domain" || name.contains("/tests") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (rule, _) in RULES {
            if code.contains(&format!("{rule}::parse")) {
                found.entry(rule).or_default().insert(name.clone());
            }
        }
    }
    for (rule, files) in RULES {
        let allowed: BTreeSet<String> = files.iter().map(|file| (*file).to_owned()).collect();
        assert_eq!(
            found.remove(rule).unwrap_or_default(),
            allowed,
            "{rule}::parse is for input alone; a stored value is read by {rule}::stored or serde"
        );
    }
}

#[test]
fn no_test_sleeps() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let path = Path::new(&name);
        let is_test =
            path.components().any(|part| part.as_os_str() == "tests") || name.ends_with("/tests.rs");
        let tests = if is_test {
            text.as_str()
        } else {
            text.split_once("#[cfg(test)]\nmod tests {").map_or("", |(_, tests)| tests)
        };
        if tests.contains(concat!("sle", "ep(")) && path.file_name().is_none_or(|file| file != MAY_WAIT) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "wait for a condition, with a deadline, in {wrong:#?}");
}

#[test]
fn rooms_read_no_environment() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let is_room = name.split_once("/src/").is_some_and(|(room, _)| !EXEMPT.contains(&room));
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if is_room
            && name != MAY_READ_ENVIRONMENT
            && !name.ends_with("/tests.rs")
            && code.contains("env::var")
        {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "settings come from cli, not from the environment, in {wrong:#?}");
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    // Only what is built here, so that nothing of other systems has to be at hand.
    command.other_options(["--locked", "--offline", "--filter-platform", "host-tuple"].map(str::to_owned));
    command.exec().expect("cargo metadata answers from what was fetched for the build")
}

/// Each room with the crates its manifest names, tests aside: those may use the rooms that feed them.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let rooms = metadata.workspace_packages().into_iter().map(|package| {
        let room = package.name.strip_prefix("orqestra-").expect("each member is named after its room");
        let names =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        (room.to_owned(), names.map(|dependency| dependency.name.clone()).collect())
    });
    rooms.collect()
}

/// The names of all packages that are built into `start`.
fn reachable(metadata: &Metadata, start: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("metadata was asked for with its graph");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let package = metadata.packages.iter().find(|package| package.name.as_str() == start);
    let mut waiting = vec![&package.expect("the room is a member").id];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let edges = nodes[id]
                .deps
                .iter()
                .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development));
            waiting.extend(edges.map(|edge| &edge.pkg));
        }
    }
    seen.into_iter().map(|id| metadata[id].name.to_string()).collect()
}

fn line<'a>(table: &'a [(&str, &'a [&'a str])], room: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed)
}

/// Every Rust file of the members, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
        collect(folder.as_std_path(), &root, &mut found);
    }
    assert!(!found.is_empty(), "the members have sources");
    found
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a member's folder is readable") {
        let path = entry.expect("a member's folder is readable").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("members lie below the root").display().to_string();
            found.push((name, std::fs::read_to_string(&path).expect("a source is readable")));
        }
    }
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lies in the workspace's root").to_owned()
}
