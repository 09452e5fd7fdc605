//! The real binary, serving in a process of its own on the file of a [`Server`], and browsers in front of it.

use super::{Browser, Server, eventually, searched};
use crate::process::command;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};

/// Ended when dropped. Everything that it says is searched for what was planted.
pub struct Serving {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Serving {
    pub async fn start(server: &Server) -> Self {
        Self::launch(server, None).await
    }

    /// Held at a named point, if it comes there; see `src/halt.rs`.
    pub async fn halting(server: &Server, point: &str) -> Self {
        Self::launch(server, Some(point)).await
    }

    async fn launch(server: &Server, point: Option<&str>) -> Self {
        let file = server.configuration_file();
        let mut command = command(&["serve", "--config", file.to_str().unwrap()]);
        command
            .env("OAUTH_SYNC_LOG", "trace")
            .envs(point.map(|point| ("OAUTH_SYNC_HALT_AT", point)));
        Self::of(command.spawn().unwrap()).await
    }

    /// A process that has been started in another way.
    pub async fn of(mut child: Child) -> Self {
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (sink, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = sink.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let (first, rest) = tokio::task::spawn_blocking(move || {
            stdout.read_line(&mut first).unwrap();
            (first, stdout)
        })
        .await
        .unwrap();
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut text = String::new();
            let mut rest = rest;
            let _ended = rest.read_to_string(&mut text);
            sink.lock().unwrap().push_str(&text);
        });
        let address = first
            .trim_end()
            .strip_prefix("oauth-sync-server listening on ")
            .unwrap_or_else(|| panic!("{first}{}", log.lock().unwrap()))
            .to_owned();
        Self {
            child,
            address,
            log,
        }
    }

    pub fn said(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for the named point.
    pub async fn halted(&self) {
        eventually("it halts", || {
            std::future::ready(self.said().contains("halted for a test"))
        })
        .await;
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub async fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
        let mut ended = None;
        eventually("it ends", || {
            ended = self.child.try_wait().unwrap();
            std::future::ready(ended.is_some())
        })
        .await;
        ended.unwrap()
    }

    /// A browser in front of this process. Its answers are searched as all are.
    pub fn browser(&self, user: &str) -> Browser {
        Browser {
            user: Some(user.to_owned()),
            cookies: BTreeMap::new(),
            router: self.router(),
        }
    }

    /// Passes every request on to the process.
    pub fn router(&self) -> Router {
        let _set = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let address = self.address.clone();
        Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let answer = client
                .request(parts.method, format!("{address}{}", parts.uri))
                .headers(parts.headers)
                .body(body)
                .send()
                .await
                .unwrap();
            let mut response = Response::new(Body::empty());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = Body::from(answer.bytes().await.unwrap());
            response
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _reaped = self.child.wait();
        searched("what a process says", self.said().as_bytes());
    }
}
