//! The real binary: how it starts, and how it refuses to.

use crate::harness::configuration;
use crate::process::{command, directory, output};
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

#[test]
fn a_port_in_use_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = directory();
    let database = directory.path().join("demo.db");
    let output = output(&[
        "serve",
        "--demo",
        "--listen",
        &address,
        "--database",
        database.to_str().unwrap(),
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("{address} is in use by another process")),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bad_configuration_is_refused_with_its_place() {
    let directory = directory();
    let file = directory.path().join("server.toml");
    let name = file.to_str().unwrap();
    let good = configuration("http://127.0.0.1:9");
    fs::write(&file, good.replace("client_id = \"client-1\"\n", "")).unwrap();
    let refused = output(&["serve", "--config", name]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert_eq!(
        said,
        format!("oauth-sync-server: {name}: providers.mona.client_id: is missing\n")
    );
    assert!(
        !directory.path().join("oauth-sync.db").exists(),
        "nothing was made"
    );

    let missing = output(&["serve", "--config", "/nowhere/server.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        String::from_utf8(missing.stderr)
            .unwrap()
            .contains("/nowhere/server.toml: cannot be read")
    );
    for arguments in [
        &["serve"][..],
        &["serve", "--demo", "--listen", "here"],
        &["serve", "--www", "x"],
        &[],
    ] {
        assert_eq!(output(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_demo_runs_where_no_certificates_are_installed_and_a_server_says_so() {
    let directory = directory();
    let without = |mut command: Command| {
        command
            .env("SSL_CERT_FILE", "/nowhere")
            .env("SSL_CERT_DIR", "/nowhere");
        command
    };
    let database = directory.path().join("demo.db");
    let demo = [
        "serve",
        "--demo",
        "--listen=127.0.0.1:0",
        "--database",
        database.to_str().unwrap(),
    ];
    let mut child = without(command(&demo))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = [0; 28];
    let read = child.stdout.take().unwrap().read_exact(&mut said);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(read.is_ok() && said.starts_with(b"oauth-sync-server listening"));

    let file = directory.path().join("server.toml");
    let text = configuration("https://provider.example").replacen(
        "origin",
        "listen = \"127.0.0.1:0\"\norigin",
        1,
    );
    let text = text.replacen(
        "origin",
        &format!("database = {:?}\norigin", directory.path().join("x.db")),
        1,
    );
    fs::write(&file, text).unwrap();
    let refused = without(command(&["serve", "--config", file.to_str().unwrap()]))
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("ca-certificates"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let directory = directory();
    let database = directory.path().join("demo.db");
    fs::write(
        &database,
        "this is no database, and it is longer than a header of one hundred bytes has to be"
            .repeat(9),
    )
    .unwrap();
    let name = database.to_str().unwrap();
    let refused = output(&[
        "serve",
        "--demo",
        "--listen=127.0.0.1:0",
        "--database",
        name,
    ]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains(name) && said.contains("not a database"),
        "{said}"
    );
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_password() {
    let directory = directory();
    let file = directory.path().join("server.toml");
    fs::write(&file, configuration("http://127.0.0.1:9")).unwrap();
    // Nobody listens on a port that was given back.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for arguments in [&["serve", "--listen=127.0.0.1:0"][..], &["status"]] {
        let refused = command(arguments)
            .args(["--config", file.to_str().unwrap()])
            .env(
                "DATABASE_URL",
                format!("postgres://ann:planted-password@127.0.0.1:{port}/app"),
            )
            .env("OAUTH_SYNC_LOG", "trace")
            .output()
            .unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        let place = format!("oauth-sync-server: postgres://ann@127.0.0.1:{port}/app: ");
        assert!(said.contains(&place) && said.contains("refused"), "{said}");
        assert!(!said.contains("planted-password"), "{said}");
    }
}
