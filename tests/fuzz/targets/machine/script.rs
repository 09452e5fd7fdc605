//! What happens, and the values in it: small sets of those that mean something to each other, and some that mean nothing.

use super::super::MAX_WHOLE;
use arbitrary::Arbitrary;
use oauth_sync::proto::connection::{Connection, ConnectionState, Refreshed};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::flow::{FlowId, Integration, Outcome};
use oauth_sync::proto::machine::{Config, Lock, Pushed, Start, Stored, Via, WindowHint};
use oauth_sync::proto::message::{Connections, Message};
use oauth_sync::proto::notice::{End, Notice};
use oauth_sync::proto::record::Record;
use oauth_sync::proto::reply::{Reply, Standing};
use oauth_sync::proto::schedule::{Schedule, Tier};
use oauth_sync::proto::state::{Part, Removal, State};
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::text::hash;
use oauth_sync::proto::time::{Millis, Now};
use oauth_sync::proto::verdict::{Place, Verdict};

#[derive(Arbitrary, Debug)]
pub struct Script {
    pub setting: Setting,
    pub found: Found,
    pub steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
pub struct Setting {
    askable: bool,
    connections: bool,
    push: bool,
    /// Not where a server can be asked: the driver sees to that.
    confirm: bool,
    short: bool,
    seed: u8,
    /// Listeners return before the page is loaded again.
    pub tells: bool,
    /// At the end everybody answers, until nothing is left to do.
    pub rests: bool,
}

/// What stands in storage beside what this page has written.
#[derive(Arbitrary, Debug)]
pub struct Found {
    pub records: Vec<StoredWord>,
    /// Heard before the page knew what is stored.
    pub heard: Vec<NoticeWord>,
}

#[derive(Arbitrary, Debug)]
pub enum Step {
    Pass(Span),
    /// The timer fires when it is due.
    Timer,
    Early,
    WallJumps(Time),
    Start(StartWord),
    Href(Flow),
    StartFailed(Flow),
    Reopened(Flow, Window, bool),
    WindowClosed(Flow),
    Cancel(Flow),
    Dismiss(Flow),
    Reset,
    Check(Option<Flow>),
    Report(Flow, ReplyWord),
    Notice(NoticeWord, Channel),
    /// Many of the same kind, each of another flow.
    Flood(Flooded, u8),
    Message(MessageWord),
    Stored(StoredWord),
    Unreadable,
    Rereads(Vec<StoredWord>),
    /// A check on its way is answered.
    Answer(u8, ReplyWord),
    Fail(u8, Option<Span>),
    List(Option<(u8, Vec<ConnectionWord>)>, Option<Span>),
    WantRefresh(u8, Option<u8>),
    Refreshed(Option<ConnectionWord>, bool, Option<Span>),
    Pushed(PushWord),
    Visible(bool),
    Leave,
    Return,
    Wake,
    Lock(LockWord),
    Load(Found),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Flow(u8);

impl Flow {
    pub fn id(self) -> FlowId {
        numbered(self.0 % 6)
    }
}

fn numbered(number: u8) -> FlowId {
    FlowId::parse(format!("flow-{number:04}")).expect("a flow id")
}

fn id_of(flow: &Option<Flow>) -> Option<FlowId> {
    flow.map(Flow::id)
}

/// How long; most are about as long as something that the protocol waits for.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Span(u8);

const SPANS: [u64; 24] = [
    0, 1, 50, 199, 200, 249, 250, 399, 999, 1000, 1001, 2000, 3000, 4000, 5000, 10_000, 11_000,
    30_000, 61_000, 120_000, 300_000, 600_000, 3_750_000, 86_400_000,
];

impl Span {
    pub fn millis(self) -> Millis {
        Millis(SPANS[usize::from(self.0) % SPANS.len()])
    }
}

/// A time of the wall clock: before or after now, or one that no clock says.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Time {
    Ago(Span),
    Ahead(Span),
    Zero,
    Last,
}

impl Time {
    pub fn at(self, now: Now) -> Millis {
        match self {
            Self::Ago(span) => now.wall - span.millis(),
            Self::Ahead(span) => Millis((now.wall + span.millis()).0.min(MAX_WHOLE)),
            Self::Zero => Millis::ZERO,
            Self::Last => Millis(MAX_WHOLE),
        }
    }
}

fn provider(number: u8) -> String {
    String::from(["github", "google"][usize::from(number) % 2])
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Window {
    Open,
    Blocked,
    Unknown,
}

impl Window {
    pub fn hint(self) -> WindowHint {
        match self {
            Self::Open => WindowHint::Open,
            Self::Blocked => WindowHint::Blocked,
            Self::Unknown => WindowHint::Unknown,
        }
    }
}

pub fn href(is_there: bool) -> Option<String> {
    is_there.then(|| String::from("https://app.example/start"))
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Channel {
    PostMessage,
    Broadcast,
    Storage,
}

impl Channel {
    pub fn via(self) -> Via {
        match self {
            Self::PostMessage => Via::PostMessage,
            Self::Broadcast => Via::BroadcastChannel,
            Self::Storage => Via::Storage,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Flooded {
    Starts,
    Notices,
    States,
    Removals,
    Checks,
}

#[derive(Arbitrary, Debug)]
pub struct StartWord {
    flow: Flow,
    provider: u8,
    started: Time,
    window: Window,
    has_href: bool,
    state: bool,
    retry_of: Option<Flow>,
}

impl StartWord {
    pub fn start(&self, now: Now) -> Start {
        Start {
            flow_id: self.flow.id(),
            provider: provider(self.provider),
            started_at: self.started.at(now),
            window: self.window.hint(),
            href: href(self.has_href),
            app_state: self.state.then(|| String::from("{}")),
            retry_of: id_of(&self.retry_of),
        }
    }

    pub fn flooded(number: u8, now: Now) -> Start {
        Start {
            flow_id: numbered(number),
            provider: provider(0),
            started_at: now.wall,
            window: WindowHint::Open,
            href: None,
            app_state: None,
            retry_of: None,
        }
    }
}

/// None, or one of some.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Code(u8);

impl Code {
    pub fn code(self) -> Option<ErrorCode> {
        const CODES: [&str; 4] = ["access_denied", "server_error", "unknown_flow", "x"];
        let code = CODES.get(usize::from(self.0) % 6)?;
        ErrorCode::parse(String::from(*code))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Brought(u8);

impl Brought {
    pub fn outcome(self) -> Outcome {
        let text = |number| format!("int_{number}");
        let integrations = (0..self.0 >> 6).map(|number| Integration {
            tool: provider(number),
            id: text(number),
        });
        Outcome {
            integration_id: (self.0 & 3 != 0).then(|| text(self.0 & 3)),
            integrations: integrations.collect(),
        }
    }
}

#[derive(Arbitrary, Debug)]
pub struct NoticeWord {
    id: Option<u8>,
    provider: u8,
    flow: Option<Flow>,
    success: Option<Brought>,
    code: Code,
    said: Option<Time>,
    relayed: bool,
}

impl NoticeWord {
    pub fn notice(&self, now: Now) -> Notice {
        let end = match self.success {
            Some(brought) => End::Success(brought.outcome()),
            None => End::Failure(self.code.code().unwrap_or(ErrorCode::SERVER_ERROR)),
        };
        let said = self.said.map(|said| said.at(now));
        let name = match self.id {
            Some(id) => format!("n{id}"),
            None => hash(&format!("{:?}{end:?}", self.provider)),
        };
        Notice {
            id: name,
            plain: self.id.is_none(),
            provider: provider(self.provider),
            flow_id: id_of(&self.flow),
            end,
            timestamp: said,
            relayed: self.relayed,
        }
    }

    pub fn flooded(number: u8, now: Now) -> Notice {
        Notice {
            id: format!("f{number}"),
            plain: false,
            provider: provider(0),
            flow_id: Some(numbered(number)),
            end: End::Failure(ErrorCode::ACCESS_DENIED),
            timestamp: Some(now.wall),
            relayed: false,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct PlaceWord(u8);

impl PlaceWord {
    fn place(self) -> Place {
        let status = [
            Status::Expired,
            Status::Cancelled,
            Status::Failed,
            Status::Completed,
        ][usize::from(self.0) % 4];
        let basis = [
            Basis::Server,
            Basis::Notice,
            Basis::Person,
            Basis::Clock,
            Basis::Local,
        ][usize::from(self.0 / 4) % 5];
        Place { status, basis }
    }
}

#[derive(Arbitrary, Debug)]
pub struct VerdictWord {
    place: PlaceWord,
    code: Code,
    brought: Brought,
    settled: Time,
}

impl VerdictWord {
    fn verdict(&self, now: Now) -> Verdict {
        let Place { status, basis } = self.place.place();
        let at = self.settled.at(now);
        if status == Status::Completed {
            Verdict::completed(basis, self.brought.outcome(), at)
        } else {
            Verdict::unsuccessful(status, basis, self.code.code(), at)
        }
    }
}

#[derive(Arbitrary, Debug)]
pub struct StateWord {
    flow: Flow,
    provider: u8,
    started: Time,
    expires: Time,
    retry_of: Option<Flow>,
    heir: Option<Flow>,
    verdict: Option<VerdictWord>,
    code: Code,
    polls: u8,
    attempt: u8,
    attempt_at: Option<Time>,
    checked_at: Option<Time>,
    marks: u16,
}

impl StateWord {
    fn state(&self, part: Part, now: Now) -> Option<Box<State>> {
        let has_start = matches!(part, Part::Shared | Part::Start | Part::Tab);
        let (provider, started, expires) = if has_start {
            let times = (self.started.at(now), self.expires.at(now));
            (provider(self.provider), times.0, times.1)
        } else {
            (String::new(), Millis::ZERO, Millis::ZERO)
        };
        let mut state = State::new(self.flow.id(), provider, started, expires);
        let verdict = self.verdict.as_ref().map(|verdict| verdict.verdict(now));
        match part {
            Part::Shared => {
                state.retry_of = id_of(&self.retry_of);
                state.superseded_by = id_of(&self.heir);
                state.verdict = verdict;
                state.error = self.code.code();
                state.checked_at = self.checked_at.map(|at| at.at(now));
                state.failed = self.marks & 2 != 0;
            }
            Part::Start => state.retry_of = id_of(&self.retry_of),
            Part::Verdict => state.verdict = Some(verdict?),
            Part::Heir => state.superseded_by = Some(id_of(&self.heir)?),
            Part::Count => state.runs = u32::from(self.marks & 3),
            Part::Tab => {
                state.verdict = verdict;
                state.told = u32::from(self.marks);
                state.started_here = self.marks & 1 == 0;
            }
        }
        if matches!(part, Part::Shared | Part::Count) {
            let large = |count: u8| {
                if count == u8::MAX {
                    u32::MAX
                } else {
                    u32::from(count)
                }
            };
            state.polls = large(self.polls);
            state.attempt = large(self.attempt);
            state.attempt_at = self.attempt_at.map(|at| at.at(now));
        }
        Some(state)
    }
}

#[derive(Arbitrary, Debug)]
pub struct RemovalWord {
    at: Time,
    place: Option<PlaceWord>,
}

impl RemovalWord {
    fn removal(&self, flow: Option<FlowId>, now: Now) -> Removal {
        Removal {
            flow_id: flow,
            at: self.at.at(now),
            dismissed: self.place.map(PlaceWord::place),
        }
    }
}

#[derive(Arbitrary, Debug)]
pub enum MessageWord {
    State(StateWord),
    Removal(Option<Flow>, RemovalWord),
    Ask(bool, Option<Flow>),
    Here(Span, u8, bool),
    Connections(Vec<ConnectionWord>, Option<u8>, Option<(u8, u8)>),
    Want(Option<u8>, u8),
}

impl MessageWord {
    pub fn message(&self, now: Now) -> Option<Message> {
        Some(match self {
            Self::State(state) => Message::State(state.state(Part::Shared, now)?),
            Self::Removal(flow, removal) => Message::Removal(removal.removal(id_of(flow), now)),
            Self::Ask(check, flow) => Message::Ask {
                check: *check,
                flow_id: id_of(flow),
            },
            Self::Here(hold, rank, push) => Message::Here {
                hold: hold.millis(),
                rank: if *rank == u8::MAX {
                    u32::MAX
                } else {
                    u32::from(*rank)
                },
                push: *push,
            },
            Self::Connections(list, complete, refreshed) => Message::Connections(Connections {
                connections: list.iter().map(ConnectionWord::connection).collect(),
                complete: complete.map(u64::from),
                refreshed: refreshed
                    .map(|(id, outcome)| (connection_id(id), refreshed_as(outcome))),
            }),
            Self::Want(id, seen) => Message::Want {
                id: id.map(connection_id),
                seen: u64::from(*seen),
            },
        })
    }

    pub fn flooded(number: u8, now: Now) -> Message {
        Message::State(State::new(
            numbered(number),
            provider(1),
            now.wall,
            now.wall + Millis::hours(1),
        ))
    }

    pub fn flooded_removal(number: u8, now: Now) -> Message {
        Message::Removal(Removal {
            flow_id: Some(numbered(number)),
            at: now.wall,
            dismissed: None,
        })
    }
}

#[derive(Arbitrary, Debug)]
pub enum StoredWord {
    Flow(PartWord, StateWord),
    Removal(Option<Flow>, RemovalWord),
    Notice(NoticeWord, bool),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum PartWord {
    Start,
    Verdict,
    Heir,
    Count,
    Tab,
}

impl StoredWord {
    pub fn stored(&self, now: Now) -> Option<Stored> {
        Some(match self {
            Self::Flow(part, state) => {
                let part = match part {
                    PartWord::Start => Part::Start,
                    PartWord::Verdict => Part::Verdict,
                    PartWord::Heir => Part::Heir,
                    PartWord::Count => Part::Count,
                    PartWord::Tab => Part::Tab,
                };
                Stored::Record(Record::Flow(part, state.state(part, now)?))
            }
            Self::Removal(flow, removal) => {
                Stored::Record(Record::Removal(removal.removal(id_of(flow), now)))
            }
            Self::Notice(notice, _) => Stored::Notice(notice.notice(now)),
        })
    }

    /// Whether a notice stands under the plain key.
    pub fn is_plain_key(&self) -> bool {
        matches!(self, Self::Notice(_, true))
    }
}

#[derive(Arbitrary, Debug)]
pub struct ReplyWord {
    status: u8,
    code: Code,
    brought: Brought,
    retry_after: Option<Span>,
    heir: Option<Flow>,
}

impl ReplyWord {
    pub fn reply(&self) -> Reply {
        const STATUS: [Status; 5] = [
            Status::Pending,
            Status::Completed,
            Status::Failed,
            Status::Cancelled,
            Status::Expired,
        ];
        let status = STATUS.get(usize::from(self.status) % 6);
        Reply {
            standing: status.map_or(Standing::Unknown, |status| Standing::Known(*status)),
            error: self.code.code(),
            outcome: self.brought.outcome(),
            retry_after: self.retry_after.map(Span::millis),
            superseded_by: id_of(&self.heir),
        }
    }
}

pub fn connection_id(number: u8) -> String {
    format!("int_{}", number % 4)
}

fn refreshed_as(number: u8) -> Refreshed {
    [
        Refreshed::Done,
        Refreshed::Failed,
        Refreshed::ReconnectRequired,
        Refreshed::Removed,
    ][usize::from(number) % 4]
}

#[derive(Arbitrary, Debug)]
pub struct ConnectionWord {
    id: u8,
    state: u8,
    version: u8,
    refreshable: bool,
    expires: Option<Span>,
    refresh: Option<Span>,
    retry: Option<Span>,
    code: Code,
}

impl ConnectionWord {
    pub fn connection(&self) -> Connection {
        Connection {
            id: connection_id(self.id),
            provider: provider(self.id),
            tools: Vec::new(),
            state: [
                ConnectionState::Active,
                ConnectionState::Expired,
                ConnectionState::RefreshFailed,
                ConnectionState::ReauthRequired,
                ConnectionState::Disconnected,
            ][usize::from(self.state) % 5],
            version: u64::from(self.version),
            scopes: Vec::new(),
            refreshable: self.refreshable,
            expires_in: self.expires.map(Span::millis),
            refresh_in: self.refresh.map(Span::millis),
            retry_in: self.retry.map(Span::millis),
            error: self.code.code(),
            connected_at: Millis::ZERO,
            refreshed_at: Some(Millis(u64::from(self.version))),
        }
    }
}

#[derive(Arbitrary, Debug)]
pub enum PushWord {
    Ready(bool),
    Flow(Flow, ReplyWord),
    Connection(ConnectionWord),
    Reset,
    Reconnects,
    Ended,
    Missing,
}

impl PushWord {
    pub fn pushed(&self) -> Pushed {
        match self {
            Self::Ready(resumed) => Pushed::Ready { resumed: *resumed },
            Self::Flow(flow, reply) => Pushed::Flow {
                flow_id: flow.id(),
                reply: reply.reply(),
            },
            Self::Connection(connection) => Pushed::Connection(Box::new(connection.connection())),
            Self::Reset => Pushed::Reset,
            Self::Reconnects => Pushed::Reconnects,
            Self::Ended => Pushed::Ended,
            Self::Missing => Pushed::Missing,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum LockWord {
    Held,
    Lost,
    Missing,
}

impl LockWord {
    pub fn lock(self) -> Lock {
        match self {
            Self::Held => Lock::Held,
            Self::Lost => Lock::Lost,
            Self::Missing => Lock::Missing,
        }
    }
}

impl Setting {
    pub fn config(&self) -> Config {
        let short = Config {
            schedule: Schedule::new(vec![Tier {
                every: Millis(100),
                polls: 3,
            }]),
            slow_after: Millis(500),
            overdue_after: Millis(1000),
            expire_after: Millis(5000),
            keep_settled: Millis(2000),
            ..Config::default()
        };
        Config {
            askable: self.askable,
            confirm: self.askable && self.confirm,
            connections: self.connections,
            push: self.push,
            tells_cancel: true,
            seed: u32::from(self.seed),
            ..if self.short { short } else { Config::default() }
        }
    }
}
