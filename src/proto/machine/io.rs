//! What goes into the machine and what comes out of it.

use crate::proto::connection::{Connection, Refreshed};
use crate::proto::error::ErrorCode;
use crate::proto::flow::{FlowId, Outcome};
use crate::proto::message::Message;
use crate::proto::notice::Notice;
use crate::proto::record::Record;
use crate::proto::reply::Reply;
use crate::proto::schedule::Schedule;
use crate::proto::status::Status;
use crate::proto::time::Millis;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// What an app may set, with the contract's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channel name and storage key. Default `oauth-status`.
    pub namespace: String,
    /// Changes with the signed-in person. Default empty.
    pub scope: String,
    /// There is a status endpoint. Default false.
    pub askable: bool,
    /// A success counts only once the server says so. Default: `askable`.
    pub confirm: bool,
    /// There is an endpoint for connections. Default false.
    pub connections: bool,
    /// There is server push. Default false.
    pub push: bool,
    /// There is somebody to tell of a cancellation. Default false.
    pub tells_cancel: bool,
    /// When to ask. Default 2 s, 5 s, 10 s, ten polls each.
    pub schedule: Schedule,
    /// A pending flow is `slow` after this. Default 2 minutes.
    pub slow_after: Millis,
    /// And `overdue` after this. Default 5 minutes.
    pub overdue_after: Millis,
    /// And expired after this. Default 62 minutes 30 s: the server's hour, its grace and a little.
    pub expire_after: Millis,
    /// How long a settled flow is shown. Default 10 minutes.
    pub keep_settled: Millis,
    /// Any number that differs between windows: spreads who steps in first.
    pub seed: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: String::from("oauth-status"),
            scope: String::new(),
            askable: false,
            confirm: false,
            connections: false,
            push: false,
            tells_cancel: false,
            schedule: Schedule::default(),
            slow_after: Millis::seconds(120),
            overdue_after: Millis::seconds(300),
            expire_after: Millis::seconds(3750),
            keep_settled: Millis::seconds(600),
            seed: 0,
        }
    }
}

/// By which way something was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// `window.postMessage`.
    PostMessage,
    /// `BroadcastChannel`.
    BroadcastChannel,
    /// localStorage.
    Storage,
    /// The status endpoint.
    Poll,
    /// Server push, or the app's `report`.
    Push,
    /// This window's own doing or clock.
    Local,
}

/// What the app knows of the window that a flow runs in. A hint, never a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowHint {
    /// It was opened here and is not known to be closed.
    Open,
    /// It reads as closed, as it also does when Cross-Origin-Opener-Policy has cut it off.
    Closed,
    /// The browser refused to open it.
    Blocked,
    /// Another tab's, or lost by a reload.
    Unknown,
}

/// Names one check, so that a late answer finds its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A record or slot that was there when this page looked, or that another window has just written (`live`).
    Stored {
        /// Its key.
        key: String,
        /// What it holds.
        stored: Stored,
        /// From a `storage` event, not from reading.
        live: bool,
    },
    /// All that was there has been fed, at the start or after [`Output::Reread`]: now it is read as a whole.
    Loaded,
    /// The app started a flow.
    Start(Start),
    /// The address of a flow's window is known now.
    Href {
        /// Which flow.
        flow_id: FlowId,
        /// Absolute, http(s).
        href: String,
    },
    /// The address could not be had.
    StartFailed {
        /// Which flow.
        flow_id: FlowId,
    },
    /// The app opened a flow's window again, for a new attempt.
    Reopened {
        /// Which flow.
        flow_id: FlowId,
        /// What became of the window.
        window: WindowHint,
        /// Its address, if it is known already.
        href: Option<String>,
    },
    /// A window that was watched reads as closed.
    WindowClosed {
        /// Of which flow.
        flow_id: FlowId,
    },
    /// The person pressed cancel.
    Cancel {
        /// Which flow.
        flow_id: FlowId,
    },
    /// The app takes a settled flow away.
    Dismiss {
        /// Which flow.
        flow_id: FlowId,
    },
    /// The app forgets every flow: sign-out.
    Reset,
    /// The app wants the server asked now.
    Check {
        /// Comes back in [`Output::Checked`].
        token: u32,
        /// This flow alone.
        flow_id: Option<FlowId>,
    },
    /// The app's own push, or ours, brought the server's word.
    Report {
        /// Of which flow.
        flow_id: FlowId,
        /// What it said.
        reply: Reply,
    },
    /// The listeners have returned from every event up to this one.
    Told {
        /// [`Event::seq`].
        seq: u32,
    },
    /// A callback page has spoken.
    Notice {
        /// What it said.
        notice: Notice,
        /// By which channel.
        via: Via,
    },
    /// Another window has spoken.
    Message(Message),
    /// The status endpoint has answered.
    Reply {
        /// Which check.
        request: RequestId,
        /// What it said.
        reply: Reply,
    },
    /// It has not, or not in a form that can be read.
    CheckFailed {
        /// Which check.
        request: RequestId,
        /// What `Retry-After` of a 429 or 503 said.
        retry_after: Option<Millis>,
    },
    /// The server has told the list of connections, as a whole, or has not.
    Connections {
        /// Which question.
        request: RequestId,
        /// Where the person's counter stood, and the list.
        list: Option<(u64, Vec<Connection>)>,
        /// What `Retry-After` of a 429 or 503 said.
        retry_after: Option<Millis>,
    },
    /// The app wants a connection refreshed.
    Refresh {
        /// Comes back in [`Output::Refreshed`].
        token: u32,
        /// Which.
        id: String,
        /// The version that was not good enough; `None` for the one that is held.
        seen: Option<u64>,
    },
    /// The server has answered a refresh, or has not.
    Refreshed {
        /// Which question.
        request: RequestId,
        /// The connection after it.
        connection: Option<Connection>,
        /// There is none of this id.
        is_gone: bool,
        /// What `Retry-After` said.
        retry_after: Option<Millis>,
    },
    /// The stream of server push has spoken, or has come to an end.
    Pushed(Pushed),
    /// Time has passed: the wait of [`Output::Wait`] is over.
    Tick,
    /// The page has a new reason to look: focus, `visibilitychange` to visible, `online`.
    Wake,
    /// Whether a person can see the page. Becoming visible is a wake as well.
    Visible(bool),
    /// `pagehide` or `freeze`: the page may be kept, and must hold nothing.
    Leave,
    /// `pageshow` or `resume` after that.
    Return,
    /// What became of the request for the scope's lock.
    Lock(Lock),
    /// Something that could not be read, by the reason it is counted under.
    Dropped(&'static str),
}

/// What comes by server push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It delivers from here on.
    Ready {
        /// And from where it was before: nothing was lost.
        resumed: bool,
    },
    /// A flow has changed.
    Flow {
        /// Which.
        flow_id: FlowId,
        /// What the status endpoint would say.
        reply: Reply,
    },
    /// A connection has changed.
    Connection(Box<Connection>),
    /// More was lost than can be told again.
    Reset,
    /// It has broken off, and the browser opens it again.
    Reconnects,
    /// It was refused or has ended for good.
    Ended,
    /// There is no server push here.
    Missing,
}

/// A value of localStorage or sessionStorage, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A record of the module.
    Record(Record),
    /// A slot, or the plain key.
    Notice(Notice),
    /// Neither.
    Unreadable,
}

/// What became of the request for the scope's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// This window holds it.
    Held,
    /// It did, and does no more.
    Lost,
    /// There are no locks here.
    Missing,
}

/// A flow as the app starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Random, or the app's own.
    pub flow_id: FlowId,
    /// Which provider.
    pub provider: String,
    /// When the click was, by the wall clock.
    pub started_at: Millis,
    /// What became of the window.
    pub window: WindowHint,
    /// Its address, if it is known already.
    pub href: Option<String>,
    /// What the app wants back later, as JSON text.
    pub app_state: Option<String>,
    /// The settled flow that it retries.
    pub retry_of: Option<FlowId>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell the subscribers.
    Emit(Event),
    /// Tell the subscribers of a connection.
    EmitConnection(Box<ConnectionEvent>),
    /// Tell the other windows, over the scope's BroadcastChannel.
    Broadcast(Message),
    /// Pass a notice on: over the namespace's BroadcastChannel, and into its slot.
    Relay {
        /// Which.
        notice: Notice,
        /// The key of its slot.
        slot: String,
    },
    /// Tell the sender of the notice that is being handled that a window has it.
    Acknowledge {
        /// The notice's id.
        id: String,
    },
    /// Write a record down.
    Write {
        /// Where.
        area: Area,
        /// Under which key.
        key: String,
        /// What.
        record: Record,
    },
    /// Remove what stands under a key.
    Remove {
        /// Where.
        area: Area,
        /// Which key.
        key: String,
    },
    /// Remove every record and slot of a flow, in both storages ([`Names::concerns`](crate::proto::record::Names::concerns)).
    Forget {
        /// Which flow.
        flow_id: FlowId,
    },
    /// Read everything that is stored again and feed it, then [`Input::Loaded`].
    Reread,
    /// Ask the status endpoint.
    Check {
        /// Comes back with the answer.
        request: RequestId,
        /// About which flow.
        flow_id: FlowId,
        /// Of which provider.
        provider: String,
        /// When it started, by the wall clock.
        since: Millis,
    },
    /// The answer of this check is no longer wanted.
    Abort {
        /// Which.
        request: RequestId,
    },
    /// Ask the server for the list of connections.
    ReadConnections {
        /// Comes back with the answer.
        request: RequestId,
    },
    /// Ask the server to refresh a connection.
    Refresh {
        /// Comes back with the answer.
        request: RequestId,
        /// Which.
        id: String,
        /// The version that was not good enough; zero for none.
        seen: u64,
    },
    /// A refresh has come to this.
    Refreshed {
        /// Of [`Input::Refresh`].
        token: u32,
        /// What came of it.
        outcome: Refreshed,
    },
    /// Open the stream of server push; one that is open anew, from where it was.
    OpenPush,
    /// Close it.
    ClosePush,
    /// Tell the server that the person gave up.
    TellCancel {
        /// Which flow.
        flow_id: FlowId,
    },
    /// Close the flow's window, where there is one; with `None` every window.
    CloseWindow {
        /// Which flow.
        flow_id: Option<FlowId>,
    },
    /// Ask for the scope's lock.
    RequestLock,
    /// Let go of it, or of the request.
    ReleaseLock,
    /// A `check` has its answer.
    Checked {
        /// Of [`Input::Check`].
        token: u32,
    },
    /// Nothing is left to do. Feed [`Input::Tick`] at `until` (monotonic) unless something else comes first.
    Wait {
        /// When; [`Millis::NEVER`] for never.
        until: Millis,
        /// What for.
        reason: Reason,
    },
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing at all.
    Nothing,
    /// A check is due.
    Check,
    /// A stage or status changes with time: slow, overdue, expired.
    Deadline,
    /// The polling window is to be asked, or has been silent for too long.
    Poller,
    /// A flow leaves the list or the storage.
    Sweep,
    /// Push is to be opened, or is silent.
    Push,
    /// A connection expires, is to be refreshed, or the list to be read.
    Connections,
}

/// Which storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// `localStorage`: every window of the origin.
    Local,
    /// `sessionStorage`: this tab.
    Session,
}

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Counts the events of this machine.
    pub seq: u32,
    /// What happened.
    pub kind: EventKind,
    /// When, by the wall clock.
    pub at: Millis,
    /// How it was learnt.
    pub via: Via,
    /// The flow after it.
    pub flow: FlowView,
}

/// The events of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the contract's own words, explained in js/types.ts"
)]
pub enum EventKind {
    Started,
    Opened,
    Blocked,
    WindowClosed,
    Confirming,
    Slow,
    Overdue,
    Completed,
    Failed,
    Cancelled,
    Expired,
    Confirmed,
    Changed,
    Removed,
}

/// How far a pending flow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its window's address is not known yet.
    Opening,
    /// The person is at the provider.
    Waiting,
    /// The callback page has spoken, the server is being asked.
    Confirming,
    /// It takes long.
    Slow,
    /// It takes so long that a retry should be offered.
    Overdue,
}

/// A flow as an app sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the contract's own fields, explained in js/types.ts"
)]
pub struct FlowView {
    pub id: FlowId,
    pub provider: String,
    pub started_at: Millis,
    pub expires_at: Millis,
    pub started_here: bool,
    pub app_state: Option<String>,
    pub retry_of: Option<FlowId>,
    pub status: Status,
    pub stage: Option<Stage>,
    pub window: Option<WindowHint>,
    pub href: Option<String>,
    pub settled_at: Option<Millis>,
    pub outcome: Outcome,
    pub provisional: Option<bool>,
    pub error: Option<ErrorView>,
}

/// An error as an app sees it; its words are the front's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the contract's own fields, explained in js/types.ts"
)]
pub struct ErrorView {
    pub code: ErrorCode,
    pub retryable: bool,
}

/// What a subscriber is told of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionEvent {
    /// Counts the events of this machine, those of flows included.
    pub seq: u32,
    /// What happened.
    pub change: Change,
    /// When, by the wall clock.
    pub at: Millis,
    /// How it was learnt.
    pub via: Via,
    /// The connection after it.
    pub connection: ConnectionView,
}

/// The changes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the contract's own words, explained in js/types.ts"
)]
pub enum Change {
    Added,
    Refreshed,
    Expired,
    RefreshFailed,
    ReauthRequired,
    Disconnected,
    Changed,
}

/// A connection as an app sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionView {
    /// What is known of it; its times were right when it was learnt.
    pub connection: Connection,
    /// When its token's time is over, by this browser's wall clock.
    pub expires_at: Option<Millis>,
    /// Why it does not work.
    pub error: Option<ErrorView>,
}

/// Who polls for the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the contract's own words, explained in js/types.ts"
)]
pub enum Poller {
    This,
    Other,
    None,
}
