//! Defaults, names in errors, bounds and secrets.

use super::*;

fn given(pairs: &[(&str, &str)]) -> anyhow::Result<Settings> {
    let mut given = Given::default();
    given.take_environment(|name| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    });
    given.parse()
}

#[test]
fn nothing_given_is_enough() {
    let settings = given(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.data_dir, Path::new("./.orqestra"));
    assert!(settings.bootstrap.is_none());
    assert!(settings.worker_threads >= 1);
}

#[test]
fn an_error_names_the_setting() {
    let error = |pairs: &[(&str, &str)]| given(pairs).err().unwrap().to_string();
    assert!(error(&[("ORQESTRA_LISTEN", "8080")]).starts_with("listen: 8080"));
    assert_eq!(
        given(&[("ORQESTRA_LISTEN", "localhost:8080")]).unwrap().listen.url(),
        "http://localhost:8080"
    );
    assert!(error(&[("ORQESTRA_PROBES_LISTEN", "9090")]).starts_with("probes_listen: 9090"));
    assert!(
        error(&[("ORQESTRA_PROBES_LISTEN", "127.0.0.1:8080")])
            .starts_with("probes_listen (ORQESTRA_PROBES_LISTEN)")
    );
    assert!(error(&[("ORQESTRA_SMTP_PRIVATE_HOSTS", "yes")]).starts_with("smtp_private_hosts (ORQ"));
    assert!(error(&[("ORQESTRA_ADMIN_TOKEN", "short")]).starts_with("admin_token"));
    assert!(error(&[("ORQESTRA_BOOTSTRAP_TENANT_ID", "x")]).starts_with("bootstrap_tenant_id"));
    assert!(error(&[("ORQESTRA_RETRY_DELAYS", "5")]).starts_with("retry_delays"));
    assert!(error(&[("ORQESTRA_LOG_FORMAT", "xml")]).starts_with("log_format"));
    assert!(error(&[("ORQESTRA_ACCESS_LOG", "yes")]).starts_with("access_log"));
    assert!(error(&[("ORQESTRA_OTLP_ENDPOINT", "https://host")]).starts_with("otlp_endpoint"));
    assert!(error(&[("ORQESTRA_WORKER_THREADS", "0")]).starts_with("worker_threads"));
    assert!(error(&[("ORQESTRA_WORKER_THREADS", "many")]).starts_with("worker_threads"));
    assert!(error(&[("ORQESTRA_ALLOWED_ORIGINS", "shop.example")]).starts_with("allowed_origins"));
    assert!(error(&[("ORQESTRA_TRUSTED_PROXIES", "proxy")]).starts_with("trusted_proxies (ORQ"));
    assert!(error(&[("ORQESTRA_DEMO", "yes")]).starts_with("demo"));
    assert!(error(&[("ORQESTRA_ADMIN_NAME", "ops@example.com")]).starts_with("admin_name"));
}

#[test]
fn a_bootstrap_tenant_is_read_whole() {
    let bootstrap = given(&[
        ("ORQESTRA_BOOTSTRAP_TENANT_ID", "0190b5a0-0000-7000-8000-000000000001"),
        ("ORQESTRA_BOOTSTRAP_TENANT_NAME", "YourApp"),
        ("ORQESTRA_BOOTSTRAP_API_KEY", "a-key-of-some-length"),
        ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "100"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "5000"),
    ])
    .unwrap()
    .bootstrap
    .unwrap();
    assert_eq!(bootstrap.name.as_str(), "YourApp");
    assert_eq!(bootstrap.limits, Limits { rate_per_minute: 100, daily_cap: Some(5_000) });
    assert!(bootstrap.webhook_secret.is_none());
}

#[test]
fn a_number_out_of_bounds_is_refused_by_name_bounds_and_value() {
    let tenant = ("ORQESTRA_BOOTSTRAP_TENANT_ID", "0190b5a0-0000-7000-8000-000000000001");
    let key = ("ORQESTRA_BOOTSTRAP_API_KEY", "a-key-of-some-length");
    for (name, value, bounds) in [
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "18446744073709551615", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "9007199254740993", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "0", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "-1", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "+5", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "1e3", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "99999999999999999999999", "1 to 144000000000"),
        ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "4294967295", "1 to 100000000"),
        ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "0", "1 to 100000000"),
        ("ORQESTRA_CLAIM_SECONDS", "3601", "1 to 3600"),
        ("ORQESTRA_PROVIDER_TIMEOUT_SECONDS", "0", "1 to 3600"),
        ("ORQESTRA_WORKER_THREADS", "257", "1 to 256"),
        ("ORQESTRA_PEER_CONNECTIONS", "0", "1 to 1000000"),
    ] {
        let error = given(&[tenant, key, (name, value)]).err().unwrap().to_string();
        let expected = format!("({name}): expected a whole number from {bounds}, got {value}");
        assert!(error.ends_with(&expected), "{error}");
    }
    for delays in ["18446744073709551615h", "721h", "18446744073709551616s", "5124095576030432h"] {
        let error = given(&[("ORQESTRA_RETRY_DELAYS", delays)]).err().unwrap().to_string();
        assert!(error.ends_with(&format!("expected delays of at most 720h, got {delays}")), "{error}");
    }
    let many = ["1s"; MOST_DELAYS + 1].join(",");
    assert!(given(&[("ORQESTRA_RETRY_DELAYS", &many)]).is_err());
    let most = given(&[tenant, key, ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "144000000000")]).unwrap();
    assert_eq!(most.bootstrap.unwrap().limits.daily_cap, Some(144_000_000_000));
}

#[test]
fn a_number_in_the_file_stands_with_or_without_quotes() {
    for text in ["claim_seconds = 7", "claim_seconds = \"7\""] {
        let settings = toml::from_str::<Given>(text).unwrap().parse().unwrap();
        assert_eq!(settings.claim, Duration::from_secs(7));
    }
    let error = toml::from_str::<Given>("claim_seconds = -7").unwrap().parse().err().unwrap();
    assert!(error.to_string().ends_with("from 1 to 3600, got -7"), "{error}");
    assert!(toml::from_str::<Given>("claim_seconds = 1.5").is_err());
}

#[test]
fn an_error_in_the_file_repeats_no_value() {
    for (text, told) in [
        ("admin_token = \"top-secret", "orqestra.toml, line 1: "),
        ("listen = \"a:1\"\nadmin_token = top-secret", "orqestra.toml, line 2: "),
        ("admin_token = 'top-secret' 'top-secret'", "orqestra.toml, line 1: "),
        ("admin_token \"top-secret\"", "orqestra.toml, line 1: "),
        ("admin_token = 'a'\nadmin_token = 'top-secret'", "orqestra.toml, line 2: "),
        (
            "admin_tokn = 'top-secret'",
            "orqestra.toml: admin_tokn is not a setting; did you mean admin_token?",
        ),
        ("colour = 'top-secret'", "orqestra.toml: colour is not a setting"),
        (
            "master_key = ['top-secret']",
            "orqestra.toml: master_key: expected text in quotes, got a value of the type array",
        ),
        (
            "admin_token = 1234567890",
            "orqestra.toml: admin_token: expected text in quotes, got a value of the type integer",
        ),
        (
            "claim_seconds = 1.25",
            "orqestra.toml: claim_seconds: expected a whole number, or one in quotes, got a value of the type float",
        ),
        (
            "[admin_token]\nx = 'top-secret'",
            "orqestra.toml: admin_token: expected text in quotes, got a value of the type table",
        ),
    ] {
        let error = format!("{:#}", Given::of_file(text).err().unwrap());
        assert!(error.starts_with(told), "{text}: {error}");
        assert!(!error.contains("secret") && !error.contains("12345") && !error.contains("1.25"), "{error}");
    }
    let read = Given::of_file("claim_seconds = 7\nadmin_token = 'a'\ndata_dir = '/x'").unwrap();
    assert_eq!((read.claim_seconds.as_deref(), read.admin_token.as_deref()), (Some("7"), Some("a")));
}

#[test]
fn a_variable_that_is_none_of_ours_is_named_with_the_one_that_is_meant_and_without_its_value() {
    let told = |name: &str, value: &str| unknown([(name.to_owned(), value.to_owned())].into_iter());
    for (name, meant) in [
        ("ORQESTRA_LISTNE", "; did you mean ORQESTRA_LISTEN?"),
        ("ORQESTRA_ADMIN_TOKN", "; did you mean ORQESTRA_ADMIN_TOKEN?"),
        ("ORQESTRA_DATABASE_URI", "; did you mean ORQESTRA_DATABASE_URL?"),
        ("ORQESTRA_REALTIME_TOKEN_SECRET", "; did you mean ORQESTRA_CENTRIFUGO_TOKEN_SECRET?"),
        ("ORQESTRA_APIKEY", "; did you mean ORQESTRA_API_KEY?"),
        ("ORQESTRA_COLOUR", ""),
        ("ORQESTRA_", ""),
    ] {
        assert_eq!(told(name, "secret"), [format!("{name} is not a variable of this program{meant}")]);
    }
    for (known, value) in [
        ("ORQESTRA_LISTEN", "x"),
        ("ORQESTRA_URL", "x"),
        ("ORQESTRA_FAIL_POINT", "x"),
        ("ORQESTRATOR", "x"),
        ("PATH", "x"),
        // Variables of Kubernetes in each pod, for a service of this name.
        ("ORQESTRA_SERVICE_HOST", "10.0.0.1"),
        ("ORQESTRA_SERVICE_PORT_HTTP", "8080"),
        ("ORQESTRA_PORT", "tcp://10.0.0.1:8080"),
        ("ORQESTRA_API_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ] {
        assert!(told(known, value).is_empty(), "{known}");
    }
    assert_eq!(told("ORQESTRA_PORT", "8080").len(), 1, "set by hand");
}

#[test]
fn a_weak_secret_is_refused_without_repeating_it() {
    let weak = "changeme-changeme-changeme-changeme";
    for name in ["ORQESTRA_ADMIN_TOKEN", "ORQESTRA_CENTRIFUGO_TOKEN_SECRET"] {
        let error = given(&[(name, weak)]).unwrap().check_secrets().unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("changeme"), "{error}");
    }
    let tenant = ("ORQESTRA_BOOTSTRAP_TENANT_ID", "0190b5a0-0000-7000-8000-000000000001");
    let bootstrap = |key, secret| {
        let secret = ("ORQESTRA_BOOTSTRAP_WEBHOOK_SECRET", secret);
        given(&[tenant, ("ORQESTRA_BOOTSTRAP_API_KEY", key), secret]).unwrap().bootstrap.unwrap()
    };
    let said = |key, secret| bootstrap(key, secret).check_secrets().unwrap_err().to_string();
    assert!(said(weak, "s3cret").starts_with("bootstrap_api_key (ORQESTRA_BOOTSTRAP_API_KEY): "));
    assert!(said("a-key-of-some-length", "aaaaaaaa").contains("(ORQESTRA_BOOTSTRAP_WEBHOOK_SECRET)"));
    assert!(bootstrap("a-key-of-some-length", "s3cret").check_secrets().is_ok());
}

#[test]
fn an_id_that_the_engine_keeps_is_no_tenants() {
    for id in [TenantId::PLATFORM, TenantId::API_KEYS] {
        let id = ("ORQESTRA_BOOTSTRAP_TENANT_ID", &*id.to_string());
        let error = given(&[id, ("ORQESTRA_BOOTSTRAP_API_KEY", "a-key-of-some-length")]).err().unwrap();
        assert!(error.to_string().starts_with("bootstrap_tenant_id: the engine keeps "), "{error}");
    }
}

#[test]
fn delays_are_read_with_their_units() {
    let delays = retry_delays("200ms, 5s,1m").unwrap();
    assert_eq!(delays, [200, 5_000, 60_000].map(Duration::from_millis));
}

#[test]
fn the_file_refuses_a_name_it_does_not_know() {
    assert!(toml::from_str::<Given>("listne = \"x\"").is_err());
    assert!(Given::of_file("listne = \"x\"").is_err());
}

#[test]
fn private_hosts_get_mail_from_a_developers_machine_alone_unless_it_is_said_otherwise() {
    const NAME: &str = "ORQESTRA_SMTP_PRIVATE_HOSTS";
    let (allowed, refused) = (PrivateHosts::Allowed, PrivateHosts::Refused);
    for (given_settings, up, serve) in [
        (&[][..], allowed, refused),
        (&[("ORQESTRA_LISTEN", "[::1]:80")], allowed, refused),
        (&[("ORQESTRA_LISTEN", "0.0.0.0:80")], refused, refused),
        (&[("ORQESTRA_LISTEN", "10.0.0.1:80")], refused, refused),
        (&[("ORQESTRA_LISTEN", "0.0.0.0:80"), (NAME, "on")], allowed, allowed),
        (&[(NAME, "off")], refused, refused),
    ] {
        let settings = given(given_settings).unwrap();
        let Listen::At(at) = settings.listen else { panic!("an address: {given_settings:?}") };
        assert_eq!(settings.private_hosts(Embedded::Up, at.ip()), up, "{given_settings:?}");
        assert_eq!(settings.private_hosts(Embedded::Serve, at.ip()), serve, "{given_settings:?}");
    }
}
