//! What may happen, one thing at a time.

use crate::simulation::steps::{FLOWS, Run};
use crate::simulation::upheavals::Forgery;
use crate::world::{AHEAD, ALL, Callback, Channels, LIFE, Mode, Provider, State, id};
use oauth_sync::proto::machine::Input;
use serde_json::json;

/// The one flow of the exploration.
pub const FLOW: &str = FLOWS[0];
/// And the one connection.
pub const CONNECTION: &str = "int_1";
/// Until the token of the connection is to be refreshed, and a little.
const UNTIL_REFRESH: u64 = LIFE - AHEAD + 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing is lost any more, everything arrives, everybody wakes and looks, and a minute passes.
    Rest,
    /// What is on its way at this place arrives, whatever left before it.
    Deliver(usize),
    Lose(usize),
    Repeat(usize),
    /// The next timer fires; what is on its way may take longer than that.
    Tick,
    /// A callback page says that it went well, by its opener or by the other ways.
    Succeed {
        by_opener: bool,
    },
    /// A hand-written one does, without ids, under the plain key.
    SucceedPlainly,
    Fail,
    /// Somebody loads a callback page with what he likes.
    Forge(Forgery),
    Settle(&'static str),
    /// How the server answers from now on.
    Answer(Mode),
    /// The server takes its time.
    Lag,
    /// Somebody sets the wall clock, by as many seconds.
    Clock(i64),
    Reload(usize),
    /// The page tells its listeners, and is gone before they return.
    Crash(usize),
    Freeze(usize),
    PutAway(usize),
    Return(usize),
    Close(usize),
    Open,
    Duplicate(usize),
    /// BroadcastChannel stops working.
    Cut,
    Uncut,
    Cancel(usize),
    Dismiss(usize),
    Reset(usize),
    /// A caller wants the connection refreshed.
    Refresh(usize),
    /// So much time passes that it is refreshed unasked.
    Pass,
    /// How refreshes end at the provider.
    Provide(Provider),
    /// Something becomes of the connection at the server.
    Change(&'static str),
    BreakPush,
    MendPush,
}

impl Action {
    /// What may happen once this has.
    pub(super) fn undone_by(self) -> Option<Self> {
        match self {
            Self::PutAway(w) | Self::Freeze(w) => Some(Self::Return(w)),
            Self::Crash(w) | Self::Close(w) => Some(Self::Reload(w)),
            Self::Cut => Some(Self::Uncut),
            Self::BreakPush => Some(Self::MendPush),
            _ => None,
        }
    }

    /// False where it cannot happen.
    pub(super) fn done_to(self, run: &mut Run) -> bool {
        let is = |run: &Run, w: usize, state| {
            let window = run.world.windows.get(w);
            window.is_some_and(|window| window.state == state)
        };
        match self {
            Self::Succeed { by_opener } => succeed(run, by_opener),
            Self::SucceedPlainly => {
                run.noticed.insert(FLOW);
                run.world.notify(Callback::plain(true), Channels::storage());
            }
            Self::Fail => {
                let failure = Callback::failure("n2", "access_denied").of(FLOW);
                run.world.notify(failure, ALL);
            }
            Self::Forge(forgery) => run.forge(0, FLOW, forgery),
            Self::Settle(end) => {
                run.settled.insert(FLOW, end);
                run.world.server_says(FLOW, json!({ "status": end }));
            }
            Self::Answer(mode) => run.world.server.mode = mode,
            Self::Lag => run.world.server.latency = 2500,
            Self::Clock(seconds) => run.move_clock(seconds * 1000),
            Self::Reload(w) => run.reload(w),
            Self::Crash(w) if is(run, w, State::Running) => run.crash(w),
            Self::Freeze(w) if is(run, w, State::Running) => run.world.freeze(w),
            Self::PutAway(w) if is(run, w, State::Running) => run.world.cache(w),
            Self::Return(w) if is(run, w, State::Frozen) || is(run, w, State::Cached) => {
                run.world.thaw(w);
            }
            Self::Close(w) if is(run, w, State::Running) => run.world.close(w),
            Self::Open => {
                run.world.open();
            }
            Self::Duplicate(w) if is(run, w, State::Running) => run.duplicate(w),
            Self::Cut => {
                run.was_cut = true;
                run.world.network.broadcast_missing = true;
            }
            Self::Uncut => run.world.network.broadcast_missing = false,
            Self::Cancel(w) => run.feed(w, Input::Cancel { flow_id: id(FLOW) }),
            Self::Dismiss(w) => {
                run.dismissed.insert(FLOW);
                run.feed(w, Input::Dismiss { flow_id: id(FLOW) });
            }
            Self::Reset(w) => run.reset(w),
            Self::Refresh(w) if is(run, w, State::Running) => run.refresh(w, CONNECTION, 1),
            Self::Pass => {
                run.wanted.insert((CONNECTION, run.world.person.version));
                run.world.run(UNTIL_REFRESH);
            }
            Self::Provide(provider) => {
                run.retries = true;
                run.world.person.provider = provider;
            }
            Self::Change(state) => {
                let error = (state == "reauth_required").then_some("grant_rejected");
                run.world.change(CONNECTION, state, error);
            }
            Self::BreakPush => run.world.break_push(),
            Self::MendPush => run.world.mend_push(),
            // Of a window that is not there, or not as it would have to be.
            _ => return false,
        }
        true
    }
}

fn succeed(run: &mut Run, by_opener: bool) {
    run.noticed.insert(FLOW);
    let last = run.world.windows.len() - 1;
    let channels = if by_opener {
        run.posted += 1;
        Channels {
            post_message: Some(last),
            broadcast: false,
            storage: true,
        }
    } else {
        ALL
    };
    run.world.notify(Callback::success("n1").of(FLOW), channels);
}
