//! A stream of server-sent events, as a browser reads it.

use super::PLANTED;
use super::browser::Browser;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: Option<i64>,
    pub name: String,
    pub data: Value,
}

/// What a stream says, read in pieces however they come.
#[derive(Debug, Default)]
pub struct Reader {
    text: String,
    /// How many comments came.
    pub comments: usize,
    events: VecDeque<Event>,
}

impl Reader {
    pub fn read(&mut self, bytes: &[u8]) {
        self.text.push_str(std::str::from_utf8(bytes).unwrap());
        for secret in PLANTED.iter().chain(&["renewed-access"]) {
            assert!(!self.text.contains(secret), "a stream shows {secret}");
        }
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let mut event = Event {
                id: None,
                name: String::new(),
                data: Value::Null,
            };
            for line in block.lines() {
                let (field, value) = line.split_once(':').unwrap();
                let value = value.trim_start();
                match field {
                    "" => self.comments += 1,
                    "id" => event.id = Some(value.parse().unwrap()),
                    "event" => value.clone_into(&mut event.name),
                    "data" => event.data = serde_json::from_str(value).unwrap(),
                    "retry" => assert!(value.parse::<u64>().is_ok()),
                    other => unreachable!("{other}"),
                }
            }
            if !event.name.is_empty() {
                self.events.push_back(event);
            }
            self.text = rest.to_owned();
        }
    }

    pub fn take(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

/// A stream over the router.
pub struct Stream {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Body,
    pub reader: Reader,
}

impl Stream {
    /// The next event; none where the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.read_next());
        next.await.unwrap()
    }

    async fn read_next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.reader.take() {
                return Some(event);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Reads a piece. Whether there was one.
    pub async fn more(&mut self) -> bool {
        match self.body.frame().await {
            Some(frame) => {
                self.reader.read(&frame.unwrap().into_data().unwrap());
                true
            }
            None => false,
        }
    }

    /// The next event, which is of this name.
    pub async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await.unwrap();
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}

impl Browser {
    /// Opens a stream and reads its `ready`.
    pub async fn events(&self, resume: Option<i64>) -> (Stream, Event) {
        let id = resume.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> = id.iter().map(|id| ("last-event-id", &**id)).collect();
        let mut stream = self.stream("/oauth/events", &headers).await;
        assert_eq!(stream.status, StatusCode::OK);
        let ready = stream.expect("ready").await;
        (stream, ready)
    }

    pub async fn stream(&self, uri: &str, headers: &[(&str, &str)]) -> Stream {
        let (parts, body) = self.open(uri, headers).await.into_parts();
        Stream {
            status: parts.status,
            headers: parts.headers,
            body,
            reader: Reader::default(),
        }
    }
}
