//! Streams of the real binary: an operator's commands reach them, and they go on after a restart.

use crate::harness::{Event, REFRESH_TOKEN, Reader, Rotating, Server};
use crate::operator::run;
use crate::process::Running;
use std::time::Duration;

async fn serving(server: &Server) -> Running {
    let file = server.configuration_file();
    Running::serve(&["serve", "--config", file.to_str().unwrap()]).await
}

/// A stream over a real connection.
struct Wire {
    response: reqwest::Response,
    reader: Reader,
}

impl Wire {
    async fn open(running: &Running, user: &str, resume: Option<i64>) -> Self {
        let _set = rustls::crypto::ring::default_provider().install_default();
        let mut request = reqwest::Client::new()
            .get(format!("{}/oauth/events", running.address))
            .header("x-user", user);
        if let Some(id) = resume {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self {
            response,
            reader: Reader::default(),
        }
    }

    /// The next event; none where the connection has ended, in whatever way.
    async fn next(&mut self) -> Option<Event> {
        let next = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(event) = self.reader.take() {
                    return Some(event);
                }
                match self.response.chunk().await {
                    Ok(Some(bytes)) => self.reader.read(&bytes),
                    Ok(None) | Err(_) => return None,
                }
            }
        });
        next.await.unwrap()
    }

    async fn state(&mut self) -> (i64, String) {
        let event = self.next().await.unwrap();
        assert_eq!(event.name, "connection");
        let state = event.data["state"].as_str().unwrap().to_owned();
        (event.id.unwrap(), state)
    }
}

async fn command(server: &Server, command: &str) {
    let said = run(server, &[command, "mona", "--user", "ann"]).await;
    assert_eq!(said.code, Some(0), "{command}: {} {}", said.out, said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_command_reaches_open_streams_of_that_person() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server.connected("bob", "flow-0002").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    let running = serving(&server).await;
    let mut one = Wire::open(&running, "ann", None).await;
    let mut two = Wire::open(&running, "ann", None).await;
    let mut bobs = Wire::open(&running, "bob", None).await;
    let mut begin = 0;
    for stream in [&mut one, &mut two, &mut bobs] {
        let ready = stream.next().await.unwrap();
        assert_eq!(ready.name, "ready");
        begin = ready.id.unwrap();
    }
    for (number, (of_operator, state)) in [("refresh", "active"), ("disconnect", "disconnected")]
        .into_iter()
        .enumerate()
    {
        command(&server, of_operator).await;
        let expected = (begin + 1 + number as i64, state.to_owned());
        assert_eq!(one.state().await, expected);
        assert_eq!(two.state().await, expected);
    }
    let said = run(&server, &["disconnect", "mona", "--user", "bob"]).await;
    assert_eq!(said.code, Some(0));
    let (id, state) = bobs.state().await;
    assert_eq!((id, &*state), (begin + 1, "disconnected"), "his first");
    assert_eq!(server.token_requests().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_in_the_next_process_where_the_last_one_died() {
    let server = Server::start().await;
    server.connected("ann", "flow-0001").await;
    server
        .answer(Rotating::new(REFRESH_TOKEN, Duration::ZERO))
        .await;
    let running = serving(&server).await;
    let mut stream = Wire::open(&running, "ann", None).await;
    assert_eq!(stream.next().await.unwrap().name, "ready");
    command(&server, "refresh").await;
    let (known, _) = stream.state().await;
    // Killed.
    drop(running);
    assert!(stream.next().await.is_none());
    command(&server, "refresh").await;
    command(&server, "disconnect").await;

    let running = serving(&server).await;
    let mut back = Wire::open(&running, "ann", Some(known)).await;
    assert_eq!(back.next().await.unwrap().id, Some(known));
    let (id, state) = back.state().await;
    assert_eq!((id, &*state), (known + 2, "disconnected"), "as it is now");
    let mut again = Wire::open(&running, "ann", Some(id)).await;
    assert_eq!(again.next().await.unwrap().name, "ready");

    assert_eq!(running.terminate().await, Some(0));
    assert!(back.next().await.is_none(), "nothing came twice");
    assert!(again.next().await.is_none(), "nothing comes again");
}
