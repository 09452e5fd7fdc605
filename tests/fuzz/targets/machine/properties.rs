//! What holds, whatever the machine was fed with.

use super::super::{notices, records, wire};
use oauth_sync::proto::flow::FlowId;
use oauth_sync::proto::machine::{
    Config, Event, EventKind, FlowView, Input, Machine, Output, Pushed, Stored,
};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{Form, Notice};
use oauth_sync::proto::record::{Key, Names, Record};
use oauth_sync::proto::reply::{Reply, Standing};
use oauth_sync::proto::state::Part;
use oauth_sync::proto::status::{Basis, Status};
use oauth_sync::proto::time::{Millis, Now};
use oauth_sync::proto::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of events that a flow has once in a tab's life.
const ONCE: [EventKind; 9] = [
    EventKind::Started,
    EventKind::Confirming,
    EventKind::Slow,
    EventKind::Overdue,
    EventKind::Completed,
    EventKind::Failed,
    EventKind::Cancelled,
    EventKind::Expired,
    EventKind::Confirmed,
];
/// The longest record that the browser's side reads, in code units of its JSON.
const MAX_RECORD: usize = 32_768;
/// What the server may ask for, at least and at most.
const HOLD: (Millis, Millis) = (Millis(1000), Millis(60_000));

/// What has been seen of one machine after the other in one tab.
pub struct Witness {
    config: Config,
    flows: BTreeMap<FlowId, Told>,
    /// Flows that this machine has let go of: when they started, and how high their end was that was told.
    gone: BTreeMap<FlowId, (Millis, Height)>,
    /// Somebody has brought the server's word that a flow is completed.
    says_completed: bool,
    /// The server wants quiet until then.
    hold: Millis,
    /// The page is put away.
    is_away: bool,
    seq: u32,
    asked: BTreeSet<u32>,
    /// Flows whose start the machine has written down.
    written: BTreeSet<FlowId>,
}

/// Settled, final, and the status.
type Height = (bool, bool, Option<Status>);

/// What listeners were told of one flow.
#[derive(Default)]
struct Told {
    kinds: Vec<EventKind>,
    height: Height,
    /// The last event of this load.
    last: Option<Event>,
}

impl Witness {
    pub fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            flows: BTreeMap::new(),
            gone: BTreeMap::new(),
            says_completed: false,
            hold: Millis::ZERO,
            is_away: false,
            seq: 0,
            asked: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// The page is loaded anew. Where listeners did not return, all may be told again.
    pub fn loads(&mut self, has_told: bool) {
        if has_told {
            for told in self.flows.values_mut() {
                told.last = None;
            }
        } else {
            self.flows.clear();
        }
        self.gone.clear();
        self.hold = Millis::ZERO;
        self.is_away = false;
        self.seq = 0;
        self.asked.clear();
    }

    pub fn asks(&mut self, token: u32) {
        self.asked.insert(token);
    }

    pub fn hears(&mut self, input: &Input, now: Now) {
        let verdict = |verdict: &Option<Verdict>| {
            verdict.as_ref().is_some_and(|verdict| {
                verdict.status == Status::Completed && verdict.basis == Basis::Server
            })
        };
        let completes = |reply: &Reply| reply.standing == Standing::Known(Status::Completed);
        self.says_completed |= match input {
            Input::Message(Message::State(state)) => verdict(&state.verdict),
            Input::Stored {
                stored: Stored::Record(Record::Flow(_, state)),
                ..
            } => verdict(&state.verdict),
            Input::Report { reply, .. } | Input::Reply { reply, .. } => completes(reply),
            Input::Pushed(Pushed::Flow { reply, .. }) => completes(reply),
            _ => false,
        };
        if let Input::Message(Message::Removal(removal))
        | Input::Stored {
            stored: Stored::Record(Record::Removal(removal)),
            ..
        } = input
            && removal.flow_id.is_none()
        {
            // A page that is loaded after it does not look at what was before, and says nothing of it.
            self.written.clear();
            self.flows.retain(|_, told| told.last.is_some());
        }
        match input {
            Input::Leave => self.is_away = true,
            Input::Return => self.is_away = false,
            // The app may give another flow the same name.
            Input::Start(start) => drop(self.gone.remove(&start.flow_id)),
            _ => {}
        }
        let hold = match input {
            Input::Reply { reply, .. } => reply.retry_after,
            Input::CheckFailed { retry_after, .. } => *retry_after,
            _ => None,
        };
        if let Some(hold) = hold {
            let hold = hold.max(HOLD.0).min(HOLD.1);
            self.hold = self.hold.max(now.monotonic + hold);
        }
    }

    pub fn sees(&mut self, output: &Output, names: &Names, now: Now) {
        match output {
            Output::Emit(event) => {
                self.counts(event.seq);
                self.told(event);
            }
            Output::EmitConnection(event) => self.counts(event.seq),
            Output::Write { key, record, .. } => {
                assert_eq!(*key, names.record_key(record));
                records::holds(names, record);
                if let Record::Flow(Part::Start, state) = record {
                    self.written.insert(state.flow_id.clone());
                }
                let json = wire(&record.to_wire()).to_string();
                let length = json.encode_utf16().count();
                assert!(length <= MAX_RECORD, "{length} of {key}");
            }
            Output::Broadcast(message) => {
                let again = Message::read(&wire(&message.to_wire(&names.scope)), &names.scope);
                let again = again.map(|again| again.to_wire(&names.scope));
                assert_eq!(again, Some(message.to_wire(&names.scope)));
            }
            Output::Relay { notice, slot } => {
                assert!(!notice.relayed, "passing on never loops");
                assert_eq!(names.key(slot), Some(Key::Slot));
                let value = wire(&notice.to_wire());
                let again = Notice::read(&value, Form::Message);
                notices::holds(&value, again.expect("a notice"));
            }
            Output::Remove { key, .. } => {
                assert!(names.key(key).is_some(), "{key} is not ours");
            }
            Output::Forget { flow_id } => {
                if let Some(told) = self.flows.remove(flow_id)
                    && let Some(last) = told.last
                    && told.height.0
                {
                    let let_go = (last.flow.started_at, told.height);
                    self.gone.insert(flow_id.clone(), let_go);
                }
                self.written.remove(flow_id);
            }
            Output::Check { .. } => {
                self.may_ask(self.config.askable);
                assert!(
                    now.monotonic >= self.hold,
                    "checks while the server wants quiet"
                );
            }
            Output::ReadConnections { .. } => {
                self.may_ask(self.config.connections);
                assert!(
                    now.monotonic >= self.hold,
                    "reads while the server wants quiet"
                );
            }
            // Somebody waits for it.
            Output::Refresh { .. } => self.may_ask(self.config.connections),
            Output::OpenPush => assert!(self.config.push && !self.is_away),
            Output::Checked { token } => {
                assert!(self.asked.remove(token), "answers what nobody asked");
            }
            _ => {}
        }
    }

    fn may_ask(&self, is_there: bool) {
        assert!(is_there, "there is nobody to ask");
        assert!(!self.is_away, "asks while it is put away");
    }

    fn counts(&mut self, seq: u32) {
        self.seq += 1;
        assert_eq!(seq, self.seq, "events are counted");
    }

    fn told(&mut self, event: &Event) {
        let view = &event.flow;
        view_is_whole(view);
        let told = self.flows.entry(view.id.clone()).or_default();
        let is_final = view.provisional == Some(false) || view.status == Status::Completed;
        let height = (view.status != Status::Pending, is_final, Some(view.status));
        assert!(
            height >= told.height,
            "{:?} after {:?}: a verdict only rises",
            height,
            told.height
        );
        told.height = height;
        if let Some((started_at, before)) = self.gone.remove(&view.id) {
            assert!(
                view.started_at > started_at || height > before,
                "what was let go of is told again: {height:?} after {before:?}"
            );
        }
        assert!(
            !ONCE.contains(&event.kind) || !told.kinds.contains(&event.kind),
            "{:?} of {} again, after {:?}",
            event.kind,
            view.id,
            told.kinds
        );
        told.kinds.push(event.kind);
        told.last = Some(event.clone());
    }

    /// When nothing is left to do for what it was fed with. Gives how many flows there are.
    pub fn looks(&self, machine: &Machine) -> usize {
        let flows = machine.flows();
        for pair in flows.windows(2) {
            let place = |view: &FlowView| (view.started_at, view.id.clone());
            assert!(place(&pair[0]) > place(&pair[1]), "newest first");
        }
        for view in &flows {
            view_is_whole(view);
            assert!(
                self.says_completed || !self.config.confirm || view.status != Status::Completed,
                "nothing is completed by hearsay"
            );
            let told = self.flows.get(&view.id).and_then(|told| told.last.as_ref());
            if let Some(last) = told {
                assert_eq!(&last.flow, view, "is as the last event says");
                assert!(
                    last.kind != EventKind::Removed,
                    "{} is not removed",
                    view.id
                );
            }
        }
        for (flow_id, told) in &self.flows {
            let is_shown = flows.iter().any(|view| view.id == *flow_id);
            let last = told.last.as_ref().map(|event| event.kind);
            assert!(
                is_shown || matches!(last, None | Some(EventKind::Removed)),
                "{flow_id} left without a word after {last:?}"
            );
        }
        assert!(machine.connections().len() <= 512);
        assert!(machine.dropped().len() <= 16);
        flows.len()
    }

    /// Whether what the machine has written down of flows is gone.
    pub fn is_swept(&self) -> bool {
        self.written.is_empty()
    }

    /// Nothing is left to do, and nobody will ever come back.
    pub fn rests(&self) {
        assert!(self.asked.is_empty(), "{:?} wait for ever", self.asked);
    }
}

fn view_is_whole(view: &FlowView) {
    let is_pending = view.status == Status::Pending;
    assert_eq!(is_pending, view.stage.is_some());
    assert_eq!(is_pending, view.window.is_some());
    assert_eq!(is_pending, view.settled_at.is_none());
    assert!(is_pending || view.href.is_none());
    let is_unsuccessful = !is_pending && view.status != Status::Completed;
    assert_eq!(is_unsuccessful, view.provisional.is_some());
    assert!(is_pending || is_unsuccessful == view.error.is_some());
}
