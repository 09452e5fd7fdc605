//! A server, a provider's token endpoint, and browsers.

mod browser;
mod database;
mod endpoint;
mod serving;
mod stream;

pub use database::{Cluster, Home, Raw, is_postgres, postgres, postgres_on};
pub use endpoint::{Answers, Rotating};
pub use serving::Serving;

pub use stream::{Event, Reader, Stream};

pub use browser::{Answer, BY_SCRIPT, Browser, FROM_ELSEWHERE, FROM_THE_APP, callback, departure};

use axum::Router;
use axum::http::StatusCode;
use oauth_sync_server::App;
use oauth_sync_server::clock::{Clock, ManualClock};
use oauth_sync_server::config::{Config, Overrides, Surroundings};
use oauth_sync_server::push;
use oauth_sync_server::store::{Database, Store};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tempfile::TempDir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

/// When every test begins: 2026-01-01.
pub const BEGIN: i64 = 1_767_225_600_000;

/// Values that nothing may show.
pub const CODE: &str = "planted-code-5f0c";
pub const ACCESS_TOKEN: &str = "planted-access-token-91ab";
pub const REFRESH_TOKEN: &str = "planted-refresh-token-77de";
pub const CLIENT_SECRET: &str = "planted-client-secret-03fe";
pub const RENEWED: &str = "renewed-access";
pub const PLANTED: [&str; 5] = [CODE, ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET, RENEWED];

pub const ORIGIN: &str = "http://localhost:4180";

/// A server on a database of its own.
pub struct Server {
    pub app: Arc<App>,
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
    pub provider: MockServer,
    source: Clock,
    text: String,
    push: push::Limits,
    home: Home,
    /// For the configuration's file.
    directory: TempDir,
}

impl Server {
    /// With two providers: `mona` takes PKCE and sends `iss`, `plain` does neither and authenticates in the body.
    pub async fn start() -> Self {
        Self::with(|text| text).await
    }

    /// With a changed configuration.
    pub async fn with(edit: impl FnOnce(String) -> String) -> Self {
        Self::made(edit, push::Limits::default()).await
    }

    /// With other limits for clients that listen.
    pub async fn holding(push: push::Limits) -> Self {
        Self::made(|text| text, push).await
    }

    pub async fn made(edit: impl FnOnce(String) -> String, push: push::Limits) -> Self {
        Self::at(Home::chosen().await, edit, push).await
    }

    /// On this database.
    pub async fn on(home: Home) -> Self {
        Self::at(home, |text| text, push::Limits::default()).await
    }

    async fn at(home: Home, edit: impl FnOnce(String) -> String, push: push::Limits) -> Self {
        start_logs();
        let provider = MockServer::start().await;
        let text = edit(configuration(&provider.uri()));
        let (source, clock) = Clock::manual(BEGIN);
        let (app, store) = open(&text, &home.setting(), &source, push).await;
        let server = Self {
            app,
            store,
            clock,
            provider,
            source,
            text,
            push,
            home,
            directory: tempfile::tempdir().unwrap(),
        };
        server.answer(tokens()).await;
        server
    }

    pub fn router(&self) -> Router {
        oauth_sync_server::router(Arc::clone(&self.app))
    }

    pub fn browser(&self, user: &str) -> Browser {
        Browser {
            user: Some(user.to_owned()),
            cookies: BTreeMap::new(),
            router: self.router(),
        }
    }

    /// As the configuration names the database: a file, or an address.
    pub fn database(&self) -> PathBuf {
        self.home.setting()
    }

    /// A connection beside the store's, for what no store does.
    pub async fn beside(&self) -> Raw {
        self.home.connect().await
    }

    /// What the database holds, in its own form.
    pub async fn everything_stored(&self) -> String {
        let file = self.database();
        let mut bytes = match &self.home {
            Home::File(_) => std::fs::read(&file).unwrap(),
            Home::Postgres(_) => self.beside().await.dump().await.into_bytes(),
        };
        bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The configuration as a file, for the binary.
    pub fn configuration_file(&self) -> PathBuf {
        let file = self.directory.path().join("server.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\ndatabase = {:?}\n{}",
            self.database(),
            self.text
        );
        // Once: a process that starts at the same moment would read half of it.
        if !file.exists() {
            std::fs::write(&file, text).unwrap();
        }
        file
    }

    /// Another process on the same database, as far as one process can be another: a pool and services of its own.
    pub async fn sibling(&self) -> (Arc<App>, Arc<dyn Store>) {
        open(&self.text, &self.database(), &self.source, self.push).await
    }

    /// The same in real time: for it, everything that a test has made is months old.
    pub async fn sibling_in_real_time(&self) -> (Arc<App>, Arc<dyn Store>) {
        open(&self.text, &self.database(), &Clock::system(), self.push).await
    }

    /// A server whose provider treats used refresh tokens in this way.
    pub async fn rotating(rotation: &str) -> Self {
        let line = format!("rotation = \"{rotation}\"\nissuer");
        Self::with(|text| text.replacen("issuer", &line, 1)).await
    }

    /// Another process with another configuration.
    pub async fn reconfigured(
        &self,
        edit: impl FnOnce(&str) -> String,
    ) -> (Arc<App>, Arc<dyn Store>) {
        open(&edit(&self.text), &self.database(), &self.source, self.push).await
    }

    /// Drops everything that is in memory and opens the database again.
    pub async fn restart(&mut self) {
        self.store.close().await;
        (self.app, self.store) = self.sibling().await;
    }

    /// What the token endpoint answers from now on.
    pub async fn answer(&self, answer: impl Respond + 'static) {
        self.provider.reset().await;
        Mock::given(method("POST"))
            .and(path("/token"))
            .respond_with(answer)
            .mount(&self.provider)
            .await;
    }

    /// The forms that the token endpoint was sent.
    pub async fn token_requests(&self) -> Vec<BTreeMap<String, String>> {
        let requests = self.provider.received_requests().await.unwrap();
        requests
            .iter()
            .filter(|request| request.url.path() == "/token")
            .map(|request| {
                url::form_urlencoded::parse(&request.body)
                    .into_owned()
                    .collect()
            })
            .collect()
    }

    /// What another path of the provider answers, beside the token endpoint.
    pub async fn answer_at(&self, of: &str, at: &str, answer: impl Respond + 'static) {
        Mock::given(method(of))
            .and(path(at))
            .respond_with(answer)
            .mount(&self.provider)
            .await;
    }

    /// The bodies that a path of the provider was sent.
    pub async fn bodies(&self, at: &str) -> Vec<String> {
        let requests = self.provider.received_requests().await.unwrap();
        requests
            .iter()
            .filter(|request| request.url.path() == at)
            .map(|request| String::from_utf8_lossy(&request.body).into_owned())
            .collect()
    }

    /// A flow that `user` has brought to completion.
    pub async fn connected(&self, user: &str, flow: &str) -> Browser {
        let mut browser = self.browser(user);
        let departure = browser.start("mona", flow).await;
        let landed = browser.land("mona", &departure.state, CODE).await;
        assert_eq!(landed.status, StatusCode::OK);
        assert_eq!(browser.status(flow).await["status"], "completed");
        browser
    }

    pub async fn sweep(&self) -> oauth_sync_server::store::Swept {
        self.app.sweeper.sweep().await.unwrap()
    }
}

impl Drop for Server {
    /// Tokens stand in the file encrypted, so nothing planted may be read in it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for file in std::fs::read_dir(self.directory.path()).unwrap() {
            let path = file.unwrap().path();
            // The configuration has the client's secret, and is the operator's.
            if path.extension().is_none_or(|extension| extension != "toml") {
                searched("the database", &std::fs::read(&path).unwrap());
            }
        }
    }
}

async fn open(
    text: &str,
    database: &Path,
    clock: &Clock,
    push: push::Limits,
) -> (Arc<App>, Arc<dyn Store>) {
    let surroundings = Surroundings {
        variable: &|_| None,
        demo_key: &|_| Err("no demo".to_owned()),
    };
    let mut config = Config::parse("test.toml", text, Overrides::default(), &surroundings).unwrap();
    config.limits.exchange = Duration::from_secs(2);
    config.push = push;
    let store = Database::parse(database).unwrap().open().await.unwrap();
    let app = App::new(config, Arc::clone(&store), clock.clone())
        .await
        .unwrap();
    tokio::spawn(Arc::clone(&app.hub).run(app.stopping.clone()));
    (app, store)
}

pub fn configuration(provider: &str) -> String {
    format!(
        r#"
origin = "{ORIGIN}"
app_origins = ["{ORIGIN}", "http://app.localhost:4180"]

[identity]
header = "X-User"
proxies = ["127.0.0.1"]

[[encryption.keys]]
id = "k1"
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

[providers.mona]
name = "Mona & Co"
client_id = "client-1"
client_secret = "{CLIENT_SECRET}"
client_authentication = "basic"
base_url = "{provider}"
authorization_endpoint = "/auth"
token_endpoint = "/token"
issuer = "https://mona.example"
require_iss = true
scopes = ["read", "offline_access"]
authorization_parameters = {{ prompt = "consent" }}
tools = ["jira", "confluence"]

[providers.plain]
client_id = "client-2"
client_secret = "{CLIENT_SECRET}"
base_url = "{provider}"
authorization_endpoint = "/auth"
token_endpoint = "/token"
pkce = "unsupported"
"#
    )
}

/// A good answer.
pub fn tokens() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "access_token": ACCESS_TOKEN,
        "refresh_token": REFRESH_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "read offline_access",
    }))
}

/// Finds what was planted. Every answer of every test, everything that a process of one says, every line of the log and,
/// at the end of a test, its database go through here.
pub fn searched(what: &str, bytes: &[u8]) {
    let found = found_in(bytes);
    assert!(found.is_none(), "{what} has {}", found.unwrap_or_default());
}

/// The first planted value in it, if there is one.
pub fn found_in(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    PLANTED.iter().copied().find(|secret| text.contains(secret))
}

/// Waits for something that must come.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    for _ in 0..500 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never happened: {what}");
}

/// Everything that was logged in this process.
pub fn logged() -> String {
    String::from_utf8_lossy(&log().lock().unwrap()).into_owned()
}

fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    LOG.get_or_init(Mutex::default)
}

fn start_logs() {
    struct Sink;
    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            searched("a log line", bytes);
            log().lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(|| Sink)
            .with_ansi(false)
            .init();
    });
}
