//! A bad configuration is refused, and says where and what.

use crate::harness::{CLIENT_SECRET, configuration};
use oauth_sync_server::config::{
    ClientAuthentication, Config, ConfigError, DEMO, Demo, Overrides, Pkce, Revocation,
    Surroundings,
};

pub fn parse(text: &str) -> Result<Config, ConfigError> {
    parse_with(text, Overrides::default())
}

fn parse_with(text: &str, overrides: Overrides) -> Result<Config, ConfigError> {
    let variable = |name: &str| (name == "MONA_SECRET").then(|| "from the environment".to_owned());
    let surroundings = Surroundings {
        variable: &variable,
        demo_key: &|_| Ok([7; 32]),
    };
    Config::parse("server.toml", text, overrides, &surroundings)
}

fn good() -> String {
    configuration("http://127.0.0.1:4181")
}

#[test]
fn every_mistake_is_named_by_file_and_key() {
    let cases: [(&str, &str, &str); 34] = [
        (
            "origin = \"http://localhost:4180\"\n",
            "",
            "origin: is missing",
        ),
        (
            "origin = \"http://localhost:4180\"",
            "origin = \"http://app.example\"",
            "origin: must be https",
        ),
        (
            "origin = \"http://localhost:4180\"",
            "origin = \"https://app.example/x\"",
            "origin: must be an origin",
        ),
        (
            "origin = \"http://localhost:4180\"",
            "origin = 5",
            "origin: line 2: invalid type",
        ),
        (
            "origin = \"http://localhost:4180\"",
            "orgin = \"http://localhost:4180\"",
            "orgin: line 2: unknown field `orgin`",
        ),
        (
            "app_origins = [\"http://localhost:4180\"",
            "app_origins = [\"*\"",
            "app_origins[0]: is not an origin",
        ),
        (
            "origin = \"http:",
            "namespace = \"\"\norigin = \"http:",
            "namespace: is not 1 to 64 bytes",
        ),
        (
            "origin = \"http:",
            "namespace = \"a:b\"\norigin = \"http:",
            "namespace: is not 1 to 64 bytes without `:`",
        ),
        (
            "header = \"X-User\"\nproxies = [\"127.0.0.1\"]",
            "",
            "identity: must say how people are known",
        ),
        (
            "proxies = [\"127.0.0.1\"]",
            "",
            "identity.proxies: is missing",
        ),
        (
            "proxies = [\"127.0.0.1\"]",
            "proxies = [\"all\"]",
            "identity.proxies[0]: line",
        ),
        (
            "header = \"X-User\"",
            "header = \"X User\"",
            "identity.header: is not a header's name",
        ),
        (
            "header = \"X-User\"\nproxies = [\"127.0.0.1\"]",
            "token_secret = \"short\"",
            "identity.token_secret: is shorter",
        ),
        (
            "[[encryption.keys]]\nid = \"k1\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
            "",
            "encryption.keys: is missing",
        ),
        (
            "key = \"AAEC",
            "key = \"BAAEC",
            "encryption.keys[0].key: is not 32 bytes in base64",
        ),
        (
            "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
            "key = \"AAEC\"",
            "encryption.keys[0].key: is not 32 bytes",
        ),
        (
            "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
            "key_env = \"NOT_SET\"",
            "encryption.keys[0].key_env: the variable NOT_SET is not set",
        ),
        (
            "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
            "key_file = \"/nowhere\"",
            "encryption.keys[0].key_file: /nowhere cannot be read",
        ),
        (
            "id = \"k1\"",
            "id = \"k 1\"",
            "encryption.keys[0].id: a key id is",
        ),
        (
            "client_id = \"client-1\"\n",
            "",
            "providers.mona.client_id: is missing",
        ),
        (
            "client_id = \"client-1\"",
            "client_id = \"client-1\"\nclient_secret_env = \"MONA_SECRET\"",
            "providers.mona.client_secret: is given more than once",
        ),
        (
            "client_id = \"client-1\"",
            "client_id = \"client-1\"\nclientid = 1",
            "providers.mona.clientid: line",
        ),
        (
            "client_id = \"client-1\"",
            "client_id = \"client-1\"\nkind = \"gitlab\"",
            "providers.mona.kind: is not built in",
        ),
        (
            "token_endpoint = \"/token\"\nissuer",
            "token_endpoint = \"http://mona.example/token\"\nissuer",
            "providers.mona.token_endpoint: must be https",
        ),
        (
            "token_endpoint = \"/token\"\nissuer",
            "issuer",
            "providers.mona.token_endpoint: is missing",
        ),
        (
            "issuer = \"https://mona.example\"\n",
            "",
            "providers.mona.issuer: is missing, though require_iss is true",
        ),
        (
            "prompt = \"consent\"",
            "state = \"mine\"",
            "providers.mona.authorization_parameters.state: is set by the flow",
        ),
        (
            "[providers.mona]",
            "[providers.Mona]",
            "providers.Mona: is not a name",
        ),
        (
            "[identity]",
            "[rate_limits]\nread = { user = -1 }\n[identity]",
            "rate_limits.read.user: line",
        ),
        (
            "[identity]",
            "[rate_limits]\nwrite = { user = 1 }\n[identity]",
            "rate_limits.write: line",
        ),
        (
            "[identity]",
            "[rate_limits]\nproxies = [\"localhost\"]\n[identity]",
            "rate_limits.proxies[0]: line",
        ),
        (
            "[identity]",
            "[metrics]\n[identity]",
            "metrics: must say who may see them",
        ),
        (
            "[identity]",
            "[metrics]\nlisten = \"9464\"\n[identity]",
            "metrics.listen: is not an address and port",
        ),
        (
            "[identity]",
            "[metrics]\ntoken = \"short\"\n[identity]",
            "metrics.token: is shorter than 16 bytes",
        ),
    ];
    assert!(parse(&good()).is_ok());
    for (from, to, expected) in cases {
        let text = good();
        assert!(text.contains(from), "{from}");
        let message = parse(&text.replacen(from, to, 1))
            .err()
            .unwrap_or_else(|| panic!("{expected}"))
            .to_string();
        assert!(
            message.contains(&format!("server.toml: {expected}")),
            "{message}\nwas to say: {expected}"
        );
        assert!(!message.contains(CLIENT_SECRET), "{message}");
    }
}

#[test]
fn says_everything_that_is_wrong_at_once() {
    let text = good()
        .replace("client_id = \"client-1\"", "")
        .replace("client_id = \"client-2\"", "")
        .replacen("origin = \"http:", "namespace = \"a~", 1);
    let error = parse(&text).err().unwrap();
    let keys: Vec<&str> = error
        .problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "origin",
            "namespace",
            "providers.mona.client_id",
            "providers.plain.client_id"
        ]
    );
    assert_eq!(error.to_string().lines().count(), 4);
}

#[test]
fn a_syntax_error_names_its_line_and_not_its_text() {
    let text = good().replace(
        &format!("client_secret = \"{CLIENT_SECRET}\""),
        &format!("client_secret = \"{CLIENT_SECRET}"),
    );
    let message = parse(&text).err().unwrap().to_string();
    assert!(message.starts_with("server.toml: line "), "{message}");
    assert!(!message.contains(CLIENT_SECRET), "{message}");
}

#[test]
fn a_user_of_a_built_in_provider_gives_an_id_and_a_secret() {
    let head = good().split("[providers.mona]").next().unwrap().to_owned();
    let mut text = head;
    for id in ["github", "atlassian", "microsoft", "google"] {
        text +=
            &format!("[providers.{id}]\nclient_id = \"c\"\nclient_secret_env = \"MONA_SECRET\"\n");
    }
    text += "[providers.second]\nkind = \"github\"\nclient_id = \"c\"\nclient_secret = \"s\"\n";
    let config = parse(&text).unwrap();
    let providers = &config.providers;
    assert_eq!(
        providers["github"].token_endpoint.as_str(),
        "https://github.com/login/oauth/access_token"
    );
    assert_eq!(
        providers["second"].token_endpoint,
        providers["github"].token_endpoint
    );
    assert_eq!(
        providers["github"].client_authentication,
        ClientAuthentication::Post
    );
    assert_eq!(
        (providers["github"].pkce, providers["atlassian"].pkce),
        (Pkce::S256, Pkce::Unsupported)
    );
    assert_eq!(providers["atlassian"].tools, ["jira", "confluence"]);
    assert_eq!(
        providers["microsoft"].tools,
        ["outlook", "teams", "onedrive"]
    );
    assert_eq!(providers["google"].tools, ["calendar", "drive"]);
    assert_eq!(
        providers["google"].issuer.as_deref(),
        Some("https://accounts.google.com")
    );
    assert_eq!(
        providers["google"].authorization_parameters["access_type"],
        "offline"
    );
}

fn demo() -> Overrides {
    Overrides {
        demo: Some(Demo {
            www: "www".into(),
            package: "dist".into(),
        }),
        ..Overrides::default()
    }
}

#[test]
fn the_demo_has_four_providers_at_one_address() {
    let mut config = parse_with(DEMO, demo()).unwrap();
    let ids: Vec<&str> = config.providers.keys().map(String::as_str).collect();
    assert_eq!(ids, ["atlassian", "github", "google", "microsoft"]);
    assert_eq!(
        config.providers["github"].authorization_endpoint.as_str(),
        "http://127.0.0.1:4181/auth"
    );
    assert_eq!(
        config.providers["github"].revocation,
        Some(Revocation::Rfc7009(
            "http://127.0.0.1:4181/token/revocation".parse().unwrap()
        ))
    );
    assert!(
        config
            .providers
            .values()
            .all(|provider| provider.requires_issuer && provider.pkce == Pkce::S256)
    );
    config.bound(5123);
    assert_eq!(
        config.origin.as_str(),
        "http://localhost:5123",
        "the port that was bound"
    );
    assert_eq!(config.app_origins, [config.origin.clone()]);

    let elsewhere = Overrides {
        provider: Some("http://127.0.0.1:5999".to_owned()),
        ..demo()
    };
    let config = parse_with(DEMO, elsewhere).unwrap();
    assert_eq!(
        config.providers["google"].token_endpoint.as_str(),
        "http://127.0.0.1:5999/token"
    );
    assert_eq!(
        config.providers["google"].issuer.as_deref(),
        Some("http://127.0.0.1:5999")
    );

    let fixed = Overrides {
        origin: Some("http://localhost:4999".to_owned()),
        ..demo()
    };
    let mut config = parse_with(DEMO, fixed).unwrap();
    config.bound(5123);
    assert_eq!(config.origin.as_str(), "http://localhost:4999");
}

#[test]
fn a_demo_is_for_loopback_alone() {
    let public = Overrides {
        origin: Some("https://app.example".to_owned()),
        ..demo()
    };
    let message = parse_with(DEMO, public).err().unwrap().to_string();
    assert!(
        message.contains("origin: must be on loopback in a demo"),
        "{message}"
    );
    let open = Overrides {
        listen: Some("0.0.0.0:4180".parse().unwrap()),
        ..demo()
    };
    let message = parse_with(DEMO, open).err().unwrap().to_string();
    assert!(
        message.contains("listen: must be on loopback in a demo"),
        "{message}"
    );
}

#[test]
fn no_debug_output_holds_a_secret() {
    let config = parse(&good()).unwrap();
    let printed = format!("{config:?}");
    assert!(
        !printed.contains(CLIENT_SECRET) && !printed.contains("[0, 1, 2"),
        "{printed}"
    );
}

#[test]
fn the_example_is_right_but_for_its_secrets() {
    let text = include_str!("../../example.toml");
    let message = parse(text).err().unwrap().to_string();
    for line in message.lines() {
        assert!(
            line.contains("is not set") || line.contains("cannot be read"),
            "{line}"
        );
    }
    assert_eq!(message.lines().count(), 5, "{message}");
    let other = text
        .replace(
            "header = \"X-Authenticated-User\"\nproxies = [\"127.0.0.1\"]\n",
            "",
        )
        .replace("# token_", "token_");
    assert!(
        parse(&other)
            .err()
            .unwrap()
            .to_string()
            .contains("OAUTH_SYNC_TOKEN_SECRET is not set")
    );
}

/// Where the database is, by what the command line, the environment and the file say.
fn database(said: Option<&str>, variable: Option<&str>, written: &str) -> Result<String, String> {
    let surroundings = Surroundings {
        variable: &|name| {
            variable
                .filter(|_| name == "DATABASE_URL")
                .map(str::to_owned)
        },
        demo_key: &|_| Ok([7; 32]),
    };
    let overrides = Overrides {
        database: said.map(Into::into),
        ..Overrides::default()
    };
    let text = format!("{written}\n{}", good());
    Config::parse("server.toml", &text, overrides, &surroundings)
        .map(|config| format!("{:?}", config.database))
        .map_err(|error| error.to_string())
}

#[test]
fn the_database_is_a_file_or_an_address() {
    const ADDRESS: &str = "postgres://ann:planted@db.example:6432/app?sslmode=verify-full";
    let shown = "postgres://ann@db.example:6432/app";
    let written = format!("database = \"{ADDRESS}\"");
    let file = "database = \"flows.db\"";
    for (said, variable, written, expected) in [
        (None, None, "", "oauth-sync.db"),
        (None, None, file, "flows.db"),
        (None, None, written.as_str(), shown),
        (None, Some(ADDRESS), file, shown),
        (None, Some("other.db"), file, "other.db"),
        (None, Some(""), file, "flows.db"),
        (Some("said.db"), Some(ADDRESS), file, "said.db"),
        (
            Some("postgresql://db.example/app"),
            None,
            file,
            "@db.example:",
        ),
    ] {
        let found = database(said, variable, written).unwrap();
        assert!(found.contains(expected), "{expected}: {found}");
        assert!(!found.contains("planted"), "{found}");
    }
}

#[test]
fn a_database_that_cannot_be_is_refused_without_its_password() {
    for (address, expected) in [
        ("mysql://ann:planted@db/app", "begins with mysql://"),
        ("sqlite://flows.db", "by its path alone"),
        ("postgres://ann:planted@db:port/app", "is not an address"),
        (
            "postgres://ann:planted@db/app?sslmode=planted-mode",
            "is not an address of PostgreSQL",
        ),
        (
            "postgres://ann:planted@db/app?passwrod=planted",
            "the parameter passwrod",
        ),
    ] {
        let said = database(None, Some(address), "").unwrap_err();
        assert!(said.starts_with("server.toml: DATABASE_URL: "), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(
            !said.contains("planted@") && !said.contains("=planted"),
            "{said}"
        );
        let written = database(None, None, &format!("database = \"{address}\"")).unwrap_err();
        assert!(written.starts_with("server.toml: database: "), "{written}");
        let given = database(Some(address), None, "").unwrap_err();
        assert!(given.starts_with("server.toml: --database: "), "{given}");
    }
}

#[test]
fn a_demo_keeps_no_key_beside_a_server() {
    let overrides = Overrides {
        database: Some("postgres://db.example/app".into()),
        demo: Some(Demo {
            www: "www".into(),
            package: "dist".into(),
        }),
        ..Overrides::default()
    };
    let said = parse_with(DEMO, overrides).unwrap_err().to_string();
    assert!(said.contains("encryption.keys: is missing"), "{said}");
}
