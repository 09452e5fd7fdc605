//! One machine without a world: what comes out of it, to the letter, at times that the test names.

use super::EPOCH;
use oauth_sync::proto::machine::{Config, Input, Machine, Output};
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
