//! The real binary: how it serves, stops, and shares a file with others of its kind.

use crate::harness::{departure, eventually, is_postgres, postgres, tokens};
use oauth_sync_server::config::DEMO;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oauth-sync-server"));
    command
        .args(arguments)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// What names the database of the demos in `directory`. Beside PostgreSQL a demo has no place for a key of its own.
async fn database_in(directory: &Path) -> [PathBuf; 2] {
    if !is_postgres() {
        return ["--database".into(), directory.join("demo.db")];
    }
    let file = directory.join("demo.toml");
    if !file.exists() {
        let database = format!("database = {:?}", postgres().await);
        let text = DEMO.replace("database = \"oauth-sync-demo.db\"", &database);
        let key = "[[encryption.keys]]\nid = \"demo\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"";
        fs::write(&file, format!("{text}\n{key}\n")).unwrap();
    }
    ["--config".into(), file]
}

/// A server in a process of its own; killed when dropped.
pub struct Running {
    child: Child,
    pub address: String,
}

impl Running {
    /// A demo.
    async fn start(directory: &Path, provider: &str) -> Self {
        let database = database_in(directory).await;
        let [flag, database] = database.each_ref().map(|path| path.to_str().unwrap());
        Self::serve(&[
            "serve",
            "--demo",
            "--listen=127.0.0.1:0",
            flag,
            database,
            "--provider",
            provider,
            "--www",
            directory.join("www").to_str().unwrap(),
            "--package",
            directory.join("dist").to_str().unwrap(),
        ])
        .await
    }

    /// A server with these arguments, once it says that it is ready.
    pub async fn serve(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = Vec::new();
            let mut byte = [0];
            while stdout.read_exact(&mut byte).is_ok() && byte != *b"\n" {
                line.push(byte[0]);
            }
            String::from_utf8(line).unwrap()
        })
        .await
        .unwrap();
        let address = line
            .strip_prefix("oauth-sync-server listening on ")
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned();
        Self { child, address }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut code = None;
        eventually("the process ends", || {
            code = self.child.try_wait().unwrap().map(|status| status.code());
            std::future::ready(code.is_some())
        })
        .await;
        code.flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A browser over real connections, with one demo's session.
#[derive(Clone, Default)]
struct Client {
    cookies: Vec<String>,
}

impl Client {
    async fn get(&mut self, uri: &str) -> reqwest::Response {
        let _set = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let response = client
            .get(uri)
            .header("cookie", self.cookies.join("; "))
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .send()
            .await
            .unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned();
            self.cookies.push(pair);
        }
        response
    }

    async fn start(&mut self, server: &Running, flow: &str) -> String {
        let response = self
            .get(&format!(
                "{}/oauth/start/github?flow={flow}",
                server.address
            ))
            .await;
        departure(response.headers()["location"].to_str().unwrap()).state
    }

    async fn land(&mut self, server: &Running, provider: &str, state: &str) -> String {
        let issuer: String = url::form_urlencoded::byte_serialize(provider.as_bytes()).collect();
        let uri = format!(
            "{}/oauth/callback/github?code=c&state={state}&iss={issuer}",
            server.address
        );
        self.get(&uri).await.text().await.unwrap()
    }

    async fn status(&mut self, server: &Running, flow: &str) -> String {
        let text = self
            .get(&format!("{}/oauth/status?flow={flow}", server.address))
            .await
            .text()
            .await
            .unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["status"].as_str().unwrap().to_owned()
    }
}

async fn provider(answer: ResponseTemplate) -> MockServer {
    let provider = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/token"))
        .respond_with(answer)
        .mount(&provider)
        .await;
    provider
}

pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("www/folder")).unwrap();
    fs::create_dir(directory.path().join("dist")).unwrap();
    fs::write(
        directory.path().join("www/index.html"),
        "<!doctype html><title>demo</title>",
    )
    .unwrap();
    fs::write(directory.path().join("dist/module.wasm"), b"\0asm").unwrap();
    fs::write(directory.path().join("dist/index.js"), "export {}").unwrap();
    fs::write(directory.path().join("outside.txt"), "outside").unwrap();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_says_where_it_is_and_serves_its_files() {
    let directory = directory();
    let server = Running::start(directory.path(), "http://127.0.0.1:9").await;
    assert!(server.address.starts_with("http://localhost:") && !server.address.ends_with(":0"));
    let mut client = Client::default();
    for (file, content_type) in [
        ("/", "text/html"),
        ("/oauth-sync/module.wasm", "application/wasm"),
        ("/oauth-sync/index.js", "text/javascript"),
    ] {
        let response = client.get(&format!("{}{file}", server.address)).await;
        assert_eq!(response.status(), 200, "{file}");
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with(content_type),
            "{file}"
        );
        assert_eq!(response.headers()["cache-control"], "no-cache");
    }
    for file in [
        "/folder/",
        "/oauth-sync/",
        "/nothing",
        "/..%2foutside.txt",
        "/%2e%2e/outside.txt",
    ] {
        let response = client.get(&format!("{}{file}", server.address)).await;
        assert!(
            response.status().is_client_error(),
            "{file}: {}",
            response.status()
        );
        assert!(
            !response.text().await.unwrap().contains("outside"),
            "{file}"
        );
    }
    assert_eq!(client.cookies.len(), 1, "one session");

    #[cfg(unix)]
    if !is_postgres() {
        use std::os::unix::fs::PermissionsExt as _;
        let key = fs::metadata(directory.path().join("demo.db.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
        assert_eq!(key.len(), 32);
    }
    assert_eq!(server.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_goes_on_in_the_next_process() {
    let directory = directory();
    let provider = provider(tokens()).await;
    let first = Running::start(directory.path(), &provider.uri()).await;
    let mut client = Client::default();
    client.get(&format!("{}/", first.address)).await;
    let state = client.start(&first, "flow-0001").await;
    drop(first);
    let second = Running::start(directory.path(), &provider.uri()).await;
    assert_eq!(client.status(&second, "flow-0001").await, "pending");
    let page = client.land(&second, &provider.uri(), &state).await;
    assert!(page.contains("GitHub is connected"), "{page}");
    assert_eq!(client.status(&second, "flow-0001").await, "completed");
    assert_eq!(
        Client::default().status(&second, "flow-0001").await,
        "unknown",
        "another browser is another person"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_in_flight_ends_before_the_process_does() {
    let directory = directory();
    let provider = provider(tokens().set_delay(Duration::from_secs(1))).await;
    let server = Running::start(directory.path(), &provider.uri()).await;
    let mut client = Client::default();
    client.get(&format!("{}/", server.address)).await;
    let state = client.start(&server, "flow-0001").await;
    let uri = format!(
        "{}/oauth/callback/github?code=c&state={state}&iss={}",
        server.address,
        url::form_urlencoded::byte_serialize(provider.uri().as_bytes()).collect::<String>()
    );
    let mut lander = client.clone();
    let landing = tokio::spawn(async move { lander.get(&uri).await });
    eventually("the code is sent", || async {
        !provider.received_requests().await.unwrap().is_empty()
    })
    .await;
    // The client is gone too: only the spawned exchange is left.
    landing.abort();
    assert_eq!(server.terminate().await, Some(0));
    let next = Running::start(directory.path(), &provider.uri()).await;
    assert_eq!(client.status(&next, "flow-0001").await, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_callbacks_in_several_processes_one_claims() {
    const ROUNDS: usize = 15;
    let directory = directory();
    let provider = provider(tokens()).await;
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Running::start(directory.path(), &provider.uri()).await);
    }
    let mut client = Client::default();
    client.get(&format!("{}/", servers[0].address)).await;
    for round in 0..ROUNDS {
        let flow = format!("flow-{round:04}");
        let mut browser = client.clone();
        let state = browser.start(&servers[round % 3], &flow).await;
        let uri = provider.uri();
        let (mut one, mut two, mut three) = (browser.clone(), browser.clone(), browser.clone());
        let pages = tokio::join!(
            one.land(&servers[0], &uri, &state),
            two.land(&servers[1], &uri, &state),
            three.land(&servers[2], &uri, &state),
        );
        for page in [pages.0, pages.1, pages.2] {
            assert!(page.contains("GitHub is connected"), "{page}");
        }
    }
    assert_eq!(provider.received_requests().await.unwrap().len(), ROUNDS);
}
