//! The description is one that tools take: a validator says that it holds, and two generators make clients of it that
//! compile, leave nothing out and get answers.
//!
//! `scripts/setup-test.sh` installs the tools, pinned, beside the project; a missing one fails the test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use orqestra_tests::folder::Folder;
use orqestra_tests::http::Request;
use orqestra_tests::world::{ADMIN_TOKEN, World};
use serde_json::{Value, json};

/// Where the tools are.
fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/description");
    assert!(folder.join("of").exists(), "the tools of descriptions are missing: run scripts/setup-test.sh");
    folder.canonicalize().unwrap()
}

/// The system's Python with the installed packages.
fn python(arguments: &[&str], folder: &Path) -> Output {
    let packages = installed().join("python");
    let path = std::env::join_paths(
        [packages.join("bin")].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new("/usr/bin/python3");
    command.args(arguments).current_dir(folder).env("PYTHONPATH", packages).env("PATH", path.unwrap());
    // Nothing is written beside the packages, and the words are the same everywhere.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_COLOR", "1").env("COLUMNS", "200").output().unwrap()
}

fn node(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let program = installed().join("node_modules").join(program);
    Command::new("node")
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// What a tool said, once it ended well.
#[track_caller]
fn said(output: &Output) -> String {
    let said =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    said
}

/// The description as a running engine serves it, in a folder of its own.
async fn served(world: &World) -> (Folder, Value) {
    let folder = Folder::new("description");
    let answer = world.call(Request::get("/openapi.json")).await.expect(200);
    std::fs::write(folder.path().join("openapi.json"), &answer.body).unwrap();
    (folder, answer.json())
}

#[tokio::test]
async fn the_description_is_valid_by_the_rules_of_its_version() {
    let world = World::start().await;
    let (folder, _) = served(&world).await;
    let said = said(&python(&["-m", "openapi_spec_validator", "openapi.json"], folder.path()));
    assert_eq!(said.trim(), "openapi.json: OK");
}

#[tokio::test]
async fn types_for_typescript_are_made_of_the_description_and_compile_strictly() {
    let world = World::start().await;
    let (folder, document) = served(&world).await;
    let made =
        said(&node("openapi-typescript/bin/cli.js", &["openapi.json", "-o", "generated.ts"], folder.path()));
    assert!(!made.to_lowercase().contains("warn") && !made.to_lowercase().contains("error"), "{made}");
    let types = std::fs::read_to_string(folder.path().join("generated.ts")).unwrap();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(types.contains(&format!("        {name}: ")), "no type {name}");
    }
    let used = Path::new(env!("CARGO_MANIFEST_DIR")).join("description/use.ts");
    std::fs::copy(used, folder.path().join("use.ts")).unwrap();
    let strictly = ["--noEmit", "--strict", "--skipLibCheck", "false", "generated.ts", "use.ts"];
    assert_eq!(said(&node("typescript/bin/tsc", &strictly, folder.path())), "");
}

#[tokio::test]
async fn a_client_for_python_is_made_of_the_description_and_gets_answers() {
    let world = World::start().await;
    let tenant = world.new_tenant(json!({})).await;
    let (folder, document) = served(&world).await;
    let made = said(&python(
        &[
            "-m",
            "openapi_python_client",
            "generate",
            "--path",
            "openapi.json",
            "--output-path",
            "generated",
            "--meta",
            "none",
            "--fail-on-warning",
        ],
        folder.path(),
    ));
    assert_eq!(made.trim(), "Generating generated", "it left something out, or warned");
    let models = std::fs::read_to_string(folder.path().join("generated/models/__init__.py")).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // A choice of two is no class.
        let has_class = schema.get("oneOf").is_none();
        let class = name.replace('_', "");
        assert!(models.contains(&format!("\"{class}\"")) || !has_class, "no model {name}");
    }
    let operations: usize = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|methods| methods.as_object().unwrap().len())
        .sum();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("description/call.py");
    let (engine, id) = (format!("http://{}", world.engine().address()), tenant.id.to_string());
    let folder = folder.path();
    let called = python(
        &[program.to_str().unwrap(), folder.to_str().unwrap(), &engine, &id, &tenant.key, ADMIN_TOKEN],
        folder,
    );
    assert_eq!(said(&called).trim(), format!("{operations} operations"));
    drop(world.drain().await);
}

#[tokio::test]
async fn the_description_names_the_public_address_where_one_is_set() {
    let world = World::with(&[("ORQESTRA_PUBLIC_URL", "https://notify.example.org/")]).await;
    let (_folder, document) = served(&world).await;
    assert_eq!(document["servers"], json!([{"url": "https://notify.example.org"}]));
    let plain = World::start().await;
    let (_folder, document) = served(&plain).await;
    assert_eq!(document["servers"], json!([{"url": "/"}]));
}
