//! One machine without a world: what comes out of it, to the letter, at times that the test names.

use super::{EPOCH, id};
use oauth_sync::proto::connection::{Connection, ConnectionState};
use oauth_sync::proto::machine::{Config, Input, Machine, Output, Start, WindowHint};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::time::{Millis, Now};

pub struct Alone {
    pub machine: Machine,
    /// When it wants a tick.
    pub until: u64,
}

impl Alone {
    /// A page that has found nothing in its storage. Its clocks begin with the world's.
    pub fn new(config: Config) -> Self {
        let mut alone = Self::loading(config);
        alone.feed(0, Input::Loaded);
        alone
    }

    /// A page that is still to be told what is stored.
    pub fn loading(config: Config) -> Self {
        Self {
            machine: Machine::new(config),
            until: u64::MAX,
        }
    }

    pub fn feed(&mut self, at: u64, input: Input) -> Vec<Output> {
        let now = Now {
            monotonic: Millis(at + 1),
            wall: Millis(EPOCH + at),
        };
        self.machine.handle(input, now);
        let mut outputs = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Wait { until, .. } => {
                    self.until = until.0 - 1;
                    return outputs;
                }
                output => outputs.push(output),
            }
        }
    }

    /// Lets nothing happen but time until then.
    pub fn run(&mut self, until: u64, mut each: impl FnMut(&mut Self, u64, Vec<Output>)) {
        while self.until <= until {
            let at = self.until;
            let outputs = self.feed(at, Input::Tick);
            each(self, at, outputs);
        }
    }

    /// What it says to the other windows then.
    pub fn says(&mut self, at: u64, input: Input) -> Vec<Message> {
        let outputs = self.feed(at, input).into_iter();
        outputs
            .filter_map(|output| match output {
                Output::Broadcast(message) => Some(message),
                _ => None,
            })
            .collect()
    }
}

/// A start of which nothing is known but the click.
pub fn bare_start(flow_id: &str, provider: &str, started_at: u64) -> Start {
    Start {
        flow_id: id(flow_id),
        provider: String::from(provider),
        started_at: Millis(started_at),
        window: WindowHint::Unknown,
        href: None,
        app_state: None,
        retry_of: None,
    }
}

/// A flow that starts with a window that opens, so long after the clocks began.
pub fn start(flow_id: &str, provider: &str, after: u64) -> Input {
    Input::Start(Start {
        window: WindowHint::Open,
        href: Some(String::from("https://app.example/start")),
        ..bare_start(flow_id, provider, EPOCH + after)
    })
}

/// A connection that never expires and of which nothing is known but its state.
pub fn connection(id: &str, state: ConnectionState, version: u64) -> Connection {
    Connection {
        id: String::from(id),
        provider: String::from("github"),
        tools: Vec::new(),
        state,
        version,
        scopes: Vec::new(),
        refreshable: true,
        expires_in: None,
        refresh_in: None,
        retry_in: None,
        error: None,
        connected_at: Millis::ZERO,
        refreshed_at: None,
    }
}
