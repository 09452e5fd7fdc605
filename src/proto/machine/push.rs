//! Server push: the window that polls holds the stream, and while it delivers polling rests.
//!
//! ```text
//!            polls                 ready                   error, or no `ready` after it was opened anew
//!   closed ─────────▶ opening ─────────────▶ delivers ───────────────────────────────────────▶ lost: a check at
//!      ▲   ◀── refused: again later             │  silent: opened anew, to see                   once, then the
//!      └──────── another window polls ──────────┘                                                schedule
//! ```
//!
//! A stream cannot be seen to be silent: keep-alives are not told of. So one that has said nothing while something is
//! awaited is opened anew, from where it was: `ready` says that it lives, and brings what was lost.

use super::Machine;
use super::io::{Output, Pushed, Via};
use crate::proto::bag::Bag;
use crate::proto::connection::Connection;
use crate::proto::flow::FlowId;
use crate::proto::reply::Reply;
use crate::proto::time::Millis;
use alloc::boxed::Box;

/// How long push goes first where a check would be made for a notice.
const HEAD_START: Millis = Millis::seconds(1);
/// How long the others give the window that polls to look into what all have heard.
pub(super) const LOOKED_INTO: Millis = Millis::seconds(2);
/// A stream that was opened anew says `ready` within this time.
const READY_WITHIN: Millis = Millis::seconds(3);
/// Flows are awaited, and the stream has said nothing for this long.
const SILENT: Millis = Millis::seconds(120);
/// A person looks, and it has said nothing for this long.
const SILENT_AT_WAKE: Millis = Millis::seconds(10);
/// The first wait before a stream that was refused is opened again; each next is twice as long.
const RETRY: Millis = Millis::seconds(2);
/// Some four minutes.
const MAX_DOUBLINGS: u32 = 7;

/// What this window knows of push.
#[derive(Clone, Debug, Default)]
pub(super) struct Push {
    is_enabled: bool,
    /// There is a stream, or the browser tries to have one.
    is_open: bool,
    /// It has said `ready`, and nothing was heard against it since.
    is_live: bool,
    /// It has to say `ready` by then to be believed any longer; zero for no such time.
    ready_by: Millis,
    /// When it said something last, or was opened.
    heard: Millis,
    /// When it may be opened.
    open_at: Millis,
    failures: u32,
    /// The window that polls says that it has one.
    is_elsewhere: bool,
}

impl Push {
    pub(super) fn new(is_enabled: bool) -> Self {
        Self {
            is_enabled,
            ..Self::default()
        }
    }

    /// This window's stream delivers.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    /// How long to wait for push before something is asked for.
    pub(super) fn head_start(&self) -> Millis {
        if self.is_open {
            HEAD_START
        } else {
            Millis::ZERO
        }
    }

    pub(super) fn hear_elsewhere(&mut self, is_elsewhere: bool) {
        self.is_elsewhere = is_elsewhere;
    }
}

impl Pushed {
    /// Reads an event of the stream but for `ready`. `None` for whatever is none.
    #[must_use]
    pub fn read(kind: &str, bag: &impl Bag) -> Option<Self> {
        match kind {
            "flow" => Some(Self::Flow {
                flow_id: FlowId::read(bag, "flow")?,
                reply: Reply::read(bag)?,
            }),
            "connection" => Some(Self::Connection(Box::new(Connection::read(bag)?))),
            "reset" => Some(Self::Reset),
            _ => None,
        }
    }
}

impl Machine {
    /// Polling rests: here or in the window that polls, push delivers.
    pub(super) fn rests(&self) -> bool {
        if self.poller.polls() {
            self.push.is_live
        } else {
            self.push.is_elsewhere
        }
    }

    /// When a check begins that somebody else wants: push goes first, and then the window that polls.
    pub(super) fn soon(&self) -> Millis {
        let now = self.now.monotonic;
        match (self.rests(), self.poller.polls()) {
            (false, _) => now,
            (true, true) => now + HEAD_START,
            (true, false) => now + LOOKED_INTO,
        }
    }

    /// Opens and closes the stream, and looks after one that is silent.
    pub(super) fn run_push(&mut self) {
        let now = self.now.monotonic;
        if !self.poller.polls() {
            self.close_push();
            self.push.open_at = Millis::ZERO;
            return;
        }
        if self.next_push() > now {
            return;
        }
        if self.push.is_live && self.push.ready_by > Millis::ZERO {
            self.lose_push();
        } else {
            self.open_push();
        }
    }

    /// When `run_push` has something to do.
    pub(super) fn next_push(&self) -> Millis {
        let push = &self.push;
        if !push.is_enabled || !self.poller.polls() {
            Millis::NEVER
        } else if !push.is_open {
            push.open_at
        } else if push.is_live && push.ready_by > Millis::ZERO {
            push.ready_by
        } else if push.is_live && self.awaits_a_flow() {
            push.heard + SILENT
        } else {
            Millis::NEVER
        }
    }

    fn awaits_a_flow(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| self.is_worth_checking(entry))
    }

    fn open_push(&mut self) {
        let now = self.now.monotonic;
        let push = &mut self.push;
        push.is_open = true;
        push.heard = now;
        push.ready_by = if push.is_live {
            now + READY_WITHIN
        } else {
            Millis::ZERO
        };
        self.put(Output::OpenPush);
        // Where there are no locks, one window holds a stream: the others give way.
        self.say_here();
    }

    fn close_push(&mut self) {
        if core::mem::take(&mut self.push.is_open) {
            self.put(Output::ClosePush);
        }
        self.push.is_live = false;
    }

    /// A person looks: is the stream still there?
    pub(super) fn wake_push(&mut self) {
        let push = &mut self.push;
        let at = push.heard + SILENT_AT_WAKE;
        if !push.is_open {
            push.open_at = push.open_at.min(at);
        } else if push.is_live && push.ready_by == Millis::ZERO && at <= self.now.monotonic {
            self.open_push();
        }
    }

    /// It does not deliver: from here on everything is asked for again.
    fn lose_push(&mut self) {
        self.push.ready_by = Millis::ZERO;
        if core::mem::take(&mut self.push.is_live) {
            self.say_here();
            self.wake_all();
        }
    }

    pub(super) fn on_pushed(&mut self, pushed: Pushed) {
        if !self.push.is_open {
            return;
        }
        self.push.heard = self.now.monotonic;
        match pushed {
            Pushed::Ready { resumed } => self.on_push_ready(resumed),
            Pushed::Flow { flow_id, reply } => self.on_pushed_flow(&flow_id, &reply),
            Pushed::Connection(connection) => {
                if self.config.connections {
                    let id = connection.id.clone();
                    self.merge_connection(*connection, Via::Push);
                    self.tell_connection(&id, None);
                }
            }
            Pushed::Reset => self.catch_up(false),
            Pushed::Reconnects => self.lose_push(),
            Pushed::Ended => {
                self.lose_push();
                self.close_push();
                let wait = Millis(RETRY.0 << self.push.failures.min(MAX_DOUBLINGS));
                self.push.failures = self.push.failures.saturating_add(1);
                self.push.open_at = self.now.monotonic + wait;
            }
            Pushed::Missing => {
                self.lose_push();
                self.close_push();
                self.push.is_enabled = false;
            }
        }
    }

    fn on_push_ready(&mut self, resumed: bool) {
        self.push.ready_by = Millis::ZERO;
        self.push.failures = 0;
        if !core::mem::replace(&mut self.push.is_live, true) {
            self.say_here();
        }
        self.catch_up(resumed);
    }

    fn on_pushed_flow(&mut self, flow_id: &FlowId, reply: &Reply) {
        // Of a flow of another browser nobody here wants to know.
        if let Some(index) = self.find(flow_id) {
            self.take_reply(index, reply, Via::Push);
        }
    }

    /// What push has not told may have happened: the list is read and each flow checked, until there are answers.
    fn catch_up(&mut self, resumed: bool) {
        self.catch_up_with_list(resumed);
        if resumed {
            return;
        }
        for entry in &mut self.entries {
            entry.checks.owe();
        }
        self.want_checks(None, self.now.monotonic);
    }
}
