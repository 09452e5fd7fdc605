//! A page around a machine: its clocks, its storage, and the questions that nobody has answered yet.

use super::super::MAX_WHOLE;
use super::properties::Witness;
use super::script::{
    Channel, Flooded, Found, MessageWord, NoticeWord, Setting, Span, StartWord, Step, StoredWord,
};
use super::script::{connection_id, href};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{Area, Config, Input, Machine, Output, RequestId, Stored};
use oauth_sync::proto::record::Record;
use oauth_sync::proto::reply::Reply;
use oauth_sync::proto::state::Part;
use oauth_sync::proto::status::Status;
use oauth_sync::proto::time::{Millis, Now};
use std::collections::{BTreeMap, VecDeque};

/// What the wall clock says at first.
const EPOCH: Millis = Millis(1_700_000_000_000);
/// No single input may cause more than this.
const MAX_OUTPUTS: usize = 5000;
/// Of one flow, and one more that was asked before it was known.
const MAX_IN_FLIGHT: usize = 5;
/// Past every bound but those of whole storages, which `tests/proto/hostile.rs` floods.
const MAX_FLOOD: u8 = 128;
/// Past so many flows not every change is looked at.
const MANY_FLOWS: usize = 12;
const LOOK_EVERY: u32 = 100;
/// Timers of a page that has come to rest: three days of whatever it still waits for.
const MAX_TIMERS: u32 = 20_000;

pub struct Page {
    config: Config,
    tells: bool,
    pub machine: Machine,
    pub now: Now,
    pub wait: Millis,
    local: BTreeMap<String, Record>,
    session: BTreeMap<String, Record>,
    checks: Vec<(RequestId, FlowId)>,
    lists: Vec<RequestId>,
    refreshes: Vec<RequestId>,
    tokens: u32,
    witness: Witness,
    /// There are so many flows that to look at them takes longer than all the rest.
    is_flooded: bool,
    inputs: u32,
    is_traced: bool,
}

impl Page {
    pub fn new(setting: &Setting) -> Self {
        let config = setting.config();
        Self {
            machine: Machine::new(config.clone()),
            witness: Witness::new(&config),
            config,
            tells: setting.tells,
            now: Now {
                monotonic: Millis(1),
                wall: EPOCH,
            },
            wait: Millis::NEVER,
            local: BTreeMap::new(),
            session: BTreeMap::new(),
            checks: Vec::new(),
            lists: Vec::new(),
            refreshes: Vec::new(),
            tokens: 0,
            is_flooded: false,
            inputs: 0,
            is_traced: std::env::var_os("TRACE").is_some(),
        }
    }

    /// Loads the page: what it has written is there, and what somebody else has put beside it.
    pub fn load(&mut self, found: &Found) {
        self.machine = Machine::new(self.config.clone());
        self.now.monotonic = Millis(1);
        self.checks.clear();
        self.lists.clear();
        self.refreshes.clear();
        self.witness.loads(self.tells);
        for notice in &found.heard {
            self.hear(notice, Channel::Broadcast);
        }
        self.read_storage(&found.records);
    }

    fn read_storage(&mut self, others: &[StoredWord]) {
        for word in others {
            if let Some(stored) = word.stored(self.now) {
                let is_ours = matches!(&stored, Stored::Record(record)
                    if self.session.contains_key(&self.machine.names().record_key(record)));
                // Nobody but this tab writes what it has told.
                if !is_ours {
                    self.find(word, stored, false);
                }
            }
        }
        for (key, record) in self.local.clone().into_iter().chain(self.session.clone()) {
            self.feed(Input::Stored {
                key,
                stored: Stored::Record(record),
                live: false,
            });
        }
        self.feed(Input::Loaded);
    }

    fn find(&mut self, word: &StoredWord, stored: Stored, live: bool) {
        let names = self.machine.names();
        let key = match &stored {
            Stored::Record(record) => names.record_key(record),
            Stored::Notice(_) if word.is_plain_key() => names.namespace.clone(),
            Stored::Notice(notice) => names.slot_key(notice.flow_id.as_ref(), &notice.id),
            Stored::Unreadable => String::from("oauth-status:x"),
        };
        match &stored {
            // What a tab has told stands in storage of its own.
            Stored::Record(Record::Flow(Part::Tab, _)) => {}
            Stored::Record(record) => {
                self.local.insert(key.clone(), record.clone());
            }
            _ => {}
        }
        self.feed(Input::Stored { key, stored, live });
    }

    fn hear(&mut self, word: &NoticeWord, channel: Channel) {
        self.feed(Input::Notice {
            notice: word.notice(self.now),
            via: channel.via(),
        });
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Pass(span) => self.pass(span.millis()),
            Step::Timer => self.fire(),
            Step::Early => self.feed(Input::Tick),
            Step::WallJumps(time) => self.now.wall = time.at(self.now),
            Step::Start(word) => self.feed(Input::Start(word.start(self.now))),
            Step::Href(flow) => self.feed(Input::Href {
                flow_id: flow.id(),
                href: href(true).unwrap_or_default(),
            }),
            Step::StartFailed(flow) => self.feed(Input::StartFailed { flow_id: flow.id() }),
            Step::Reopened(flow, window, has_href) => self.feed(Input::Reopened {
                flow_id: flow.id(),
                window: window.hint(),
                href: href(*has_href),
            }),
            Step::WindowClosed(flow) => self.feed(Input::WindowClosed { flow_id: flow.id() }),
            Step::Cancel(flow) => self.feed(Input::Cancel { flow_id: flow.id() }),
            Step::Dismiss(flow) => self.feed(Input::Dismiss { flow_id: flow.id() }),
            Step::Reset => self.feed(Input::Reset),
            Step::Check(flow) => self.check(flow.map(|flow| flow.id())),
            Step::Report(flow, reply) => self.feed(Input::Report {
                flow_id: flow.id(),
                reply: reply.reply(),
            }),
            Step::Notice(word, channel) => self.hear(word, *channel),
            Step::Flood(kind, count) => self.flood(*kind, *count),
            Step::Message(word) => {
                if let Some(message) = word.message(self.now) {
                    self.feed(Input::Message(message));
                }
            }
            Step::Stored(word) => {
                if let Some(stored) = word.stored(self.now) {
                    self.find(word, stored, true);
                }
            }
            Step::Unreadable => self.feed(Input::Stored {
                key: String::from("oauth-status:x"),
                stored: Stored::Unreadable,
                live: true,
            }),
            Step::Rereads(found) => self.read_storage(found),
            Step::Answer(which, reply) => self.answer(*which, reply.reply()),
            Step::Fail(which, retry_after) => self.fail(*which, *retry_after),
            Step::List(list, retry_after) => {
                if let Some(request) = self.lists.pop() {
                    self.feed(Input::Connections {
                        request,
                        list: list.as_ref().map(|(version, list)| {
                            let list = list.iter().map(|word| word.connection());
                            (u64::from(*version), list.collect())
                        }),
                        retry_after: retry_after.map(Span::millis),
                    });
                }
            }
            Step::WantRefresh(id, seen) => {
                self.tokens += 1;
                self.feed(Input::Refresh {
                    token: self.tokens,
                    id: connection_id(*id),
                    seen: seen.map(u64::from),
                });
            }
            Step::Refreshed(connection, is_gone, retry_after) => {
                if let Some(request) = self.refreshes.pop() {
                    self.feed(Input::Refreshed {
                        request,
                        connection: connection.as_ref().map(|word| word.connection()),
                        is_gone: *is_gone,
                        retry_after: retry_after.map(Span::millis),
                    });
                }
            }
            Step::Pushed(word) => self.feed(Input::Pushed(word.pushed())),
            Step::Visible(visible) => self.feed(Input::Visible(*visible)),
            Step::Leave => self.feed(Input::Leave),
            Step::Return => self.feed(Input::Return),
            Step::Wake => self.feed(Input::Wake),
            Step::Lock(word) => self.feed(Input::Lock(word.lock())),
            Step::Load(found) => self.load(found),
        }
    }

    fn pass(&mut self, span: Millis) {
        self.now.monotonic = self.now.monotonic + span;
        self.now.wall = Millis((self.now.wall + span).0.min(MAX_WHOLE));
    }

    /// The timer fires when it is due, or at once where it is due already.
    fn fire(&mut self) {
        if self.wait != Millis::NEVER {
            self.pass(self.wait - self.now.monotonic);
            self.feed(Input::Tick);
        }
    }

    fn check(&mut self, flow_id: Option<FlowId>) {
        self.tokens += 1;
        self.witness.asks(self.tokens);
        self.feed(Input::Check {
            token: self.tokens,
            flow_id,
        });
    }

    fn flood(&mut self, kind: Flooded, count: u8) {
        for number in 0..count % MAX_FLOOD {
            let now = self.now;
            match kind {
                Flooded::Starts => self.feed(Input::Start(StartWord::flooded(number, now))),
                Flooded::Notices => self.feed(Input::Notice {
                    notice: NoticeWord::flooded(number, now),
                    via: Channel::Broadcast.via(),
                }),
                Flooded::States => {
                    self.feed(Input::Message(MessageWord::flooded(number, now)));
                }
                Flooded::Removals => {
                    self.feed(Input::Message(MessageWord::flooded_removal(number, now)));
                }
                Flooded::Checks => self.check(None),
            }
        }
    }

    fn answer(&mut self, which: u8, reply: Reply) {
        if let Some((request, _)) = self.take_check(which) {
            self.feed(Input::Reply { request, reply });
        }
    }

    fn fail(&mut self, which: u8, retry_after: Option<Span>) {
        if let Some((request, _)) = self.take_check(which) {
            self.feed(Input::CheckFailed {
                request,
                retry_after: retry_after.map(Span::millis),
            });
        }
    }

    fn take_check(&mut self, which: u8) -> Option<(RequestId, FlowId)> {
        let count = self.checks.len();
        (count > 0).then(|| self.checks.remove(usize::from(which) % count))
    }

    /// Feeds the machine and does what comes out, as the driver does: handle, drain, perform, next.
    fn feed(&mut self, input: Input) {
        let mut todo = VecDeque::from([input]);
        while let Some(input) = todo.pop_front() {
            for output in self.drain(input) {
                self.perform(output, &mut todo);
            }
            self.inputs += 1;
            let is_looked_at = !self.is_flooded || self.inputs.is_multiple_of(LOOK_EVERY);
            if todo.is_empty() && is_looked_at {
                self.is_flooded = self.witness.looks(&self.machine) > MANY_FLOWS;
            }
        }
    }

    fn drain(&mut self, input: Input) -> Vec<Output> {
        if self.is_traced {
            println!("{:?} {input:?}", self.now);
        }
        self.witness.hears(&input, self.now);
        let may_be_late = matches!(input, Input::Stored { .. });
        self.machine.handle(input, self.now);
        let mut outputs = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Wait { until, reason } => {
                    assert!(
                        until > self.now.monotonic || may_be_late,
                        "a wait that is over already: {reason:?}"
                    );
                    self.wait = until;
                    break;
                }
                output => outputs.push(output),
            }
            assert!(outputs.len() < MAX_OUTPUTS, "no end of outputs");
        }
        for output in &outputs {
            if self.is_traced {
                println!("    {output:?}");
            }
            self.witness.sees(output, self.machine.names(), self.now);
        }
        outputs
    }

    fn perform(&mut self, output: Output, todo: &mut VecDeque<Input>) {
        match output {
            Output::Emit(event) => self.tell(event.seq, todo),
            Output::EmitConnection(event) => self.tell(event.seq, todo),
            Output::Write { area, key, record } => {
                self.area(area).insert(key, record);
            }
            Output::Remove { area, key } => {
                self.area(area).remove(&key);
            }
            Output::Forget { flow_id } => {
                let names = self.machine.names();
                self.local.retain(|key, _| !names.concerns(key, &flow_id));
                self.session.retain(|key, _| !names.concerns(key, &flow_id));
            }
            Output::Reread => {
                for (key, record) in self.local.iter().chain(&self.session) {
                    todo.push_back(Input::Stored {
                        key: key.clone(),
                        stored: Stored::Record(record.clone()),
                        live: false,
                    });
                }
                todo.push_back(Input::Loaded);
            }
            Output::Check {
                request, flow_id, ..
            } => {
                self.checks.push((request, flow_id.clone()));
                let asked = self.checks.iter().filter(|(_, id)| *id == flow_id);
                assert!(
                    asked.count() <= MAX_IN_FLIGHT,
                    "{flow_id} is asked about at once"
                );
            }
            Output::Abort { request } => {
                self.checks.retain(|(known, _)| *known != request);
                self.lists.retain(|known| *known != request);
                self.refreshes.retain(|known| *known != request);
            }
            Output::ReadConnections { request } => self.lists.push(request),
            Output::Refresh { request, .. } => self.refreshes.push(request),
            _ => {}
        }
    }

    fn tell(&mut self, seq: u32, todo: &mut VecDeque<Input>) {
        if self.tells {
            todo.push_back(Input::Told { seq });
        }
    }

    fn area(&mut self, area: Area) -> &mut BTreeMap<String, Record> {
        match area {
            Area::Local => &mut self.local,
            Area::Session => &mut self.session,
        }
    }

    /// The page is there and seen, and everybody answers, until it waits for nothing any more.
    pub fn come_to_rest(&mut self) {
        self.feed(Input::Return);
        self.feed(Input::Visible(true));
        for _ in 0..MAX_TIMERS {
            self.answer_everything();
            if self.wait != Millis::NEVER {
                self.fire();
            } else if self.machine.flows().is_empty() && self.witness.is_swept() {
                self.witness.rests();
                return;
            } else {
                // Nothing unsettled goes before one answered check, and after the schedule only a person makes one.
                self.feed(Input::Wake);
            }
        }
        panic!("does not come to rest");
    }

    fn answer_everything(&mut self) {
        while let Some((request, _)) = self.take_check(0) {
            let reply = Reply::of(Status::Pending);
            self.feed(Input::Reply { request, reply });
        }
        while let Some(request) = self.lists.pop() {
            self.feed(Input::Connections {
                request,
                list: Some((u64::from(u8::MAX), Vec::new())),
                retry_after: None,
            });
        }
        while let Some(request) = self.refreshes.pop() {
            self.feed(Input::Refreshed {
                request,
                connection: None,
                is_gone: true,
                retry_after: None,
            });
        }
    }
}
