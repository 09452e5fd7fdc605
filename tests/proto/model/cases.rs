//! What is explored.

use super::action::Action::{self, *};
use super::{Pace, Protocol};
use crate::simulation::upheavals::Forgery::{OtherProvider, Stranger, TooEarly};
use crate::world::{LockMode, Mode, Provider, World};

/// One exploration, within small bounds.
pub struct Case {
    pub name: &'static str,
    pub protocol: Protocol,
}

impl Case {
    /// The same within large bounds: deeper, and with a third window.
    pub fn larger(&self) -> [Protocol; 2] {
        let (three, two) = match self.protocol.pace {
            Pace::AnyOrder => (5, 6),
            Pace::Prompt => (self.protocol.depth + 1, self.protocol.depth + 2),
        };
        let bounds = |windows, depth, ticks| Protocol {
            windows,
            depth,
            ticks,
            rest_of: 64,
            ..self.protocol.clone()
        };
        [bounds(2, two, 3), bounds(3, three, 1)]
    }
}

pub fn every_case() -> Vec<Case> {
    let mut cases = in_any_order();
    cases.extend(promptly());
    let named = |(name, protocol)| Case { name, protocol };
    cases.into_iter().map(named).collect()
}

const SUCCEED: Action = Succeed { by_opener: false };

/// Messages arrive in any order, or never, or twice.
fn in_any_order() -> Vec<(&'static str, Protocol)> {
    let shallow = |protocol: Protocol| Protocol {
        depth: 4,
        ..protocol
    };
    let mut without_locks = World::asking();
    without_locks.locks.mode = LockMode::Missing;
    let mut late = World::without_server();
    late.local.lag = 3000;
    vec![
        ("a success and a reload", Protocol::asking()),
        (
            "a failure and a cancel",
            Protocol::asking().when(&[Fail, Settle("failed"), Cancel(1)]),
        ),
        (
            "pages put away",
            shallow(Protocol::asking().when(&[
                SUCCEED,
                Settle("completed"),
                PutAway(0),
                Dismiss(1),
            ])),
        ),
        ("no locks", shallow(Protocol::of(without_locks))),
        ("no server", Protocol::of(World::without_server())),
        (
            "pages without ids, and made up ones",
            shallow(Protocol::asking().when(&[
                SucceedPlainly,
                Forge(Stranger),
                Forge(OtherProvider),
                Settle("completed"),
            ])),
        ),
        (
            "storage that is seen late",
            shallow(Protocol::of(late).when(&[SUCCEED, Cancel(1), Reload(0), Open])),
        ),
        (
            "a refresh from two windows",
            Protocol::connecting(World::connecting()).when(&[Refresh(0), Refresh(1), PutAway(0)]),
        ),
        (
            "push in any order",
            shallow(Protocol::connecting(World::pushing()).starting().when(&[
                Settle("completed"),
                Change("reauth_required"),
                BreakPush,
                Close(0),
            ])),
        ),
    ]
}

/// Every message is quick.
fn promptly() -> Vec<(&'static str, Protocol)> {
    let mut unconfirmed = World::asking();
    unconfirmed.config.confirm = false;
    vec![
        (
            "windows that come and go",
            Protocol::asking().prompt(4).when(&[
                Settle("completed"),
                Reload(0),
                Close(0),
                Open,
                Duplicate(1),
                Crash(1),
                Freeze(0),
                PutAway(1),
            ]),
        ),
        (
            "a clock that jumps",
            Protocol::asking().prompt(4).when(&[
                Clock(3600),
                Clock(-5400),
                Reload(0),
                Open,
                Fail,
                Settle("cancelled"),
                Reset(1),
            ]),
        ),
        (
            "a server that fails, forgets and lags",
            Protocol::asking().prompt(4).when(&[
                Answer(Mode::NotFound),
                Answer(Mode::Fails),
                Answer(Mode::WantsQuiet(5000)),
                Answer(Mode::Silent),
                Lag,
                Forge(TooEarly),
                Fail,
                Settle("expired"),
            ]),
        ),
        (
            "a channel that is cut",
            Protocol::asking().prompt(4).when(&[
                Cut,
                SUCCEED,
                Settle("completed"),
                Cancel(0),
                Open,
                Close(1),
            ]),
        ),
        (
            "no server, windows that come and go",
            Protocol::of(World::without_server()).prompt(4).when(&[
                SUCCEED,
                SucceedPlainly,
                Fail,
                Cancel(1),
                Close(0),
                Open,
                Duplicate(1),
                Clock(3600),
            ]),
        ),
        (
            "no confirmation",
            Protocol::of(unconfirmed).prompt(4).when(&[
                SUCCEED,
                Fail,
                Settle("failed"),
                Cancel(1),
                Reload(0),
                Open,
            ]),
        ),
        (
            "connections",
            Protocol::connecting(World::connecting()).prompt(4).when(&[
                Refresh(0),
                Refresh(1),
                Change("reauth_required"),
                Change("disconnected"),
                Provide(Provider::Fails),
                Pass,
                Close(0),
                Duplicate(1),
            ]),
        ),
        (
            "connections by push",
            Protocol::connecting(World::pushing())
                .starting()
                .prompt(4)
                .when(&[
                    Settle("completed"),
                    Refresh(1),
                    Change("reauth_required"),
                    BreakPush,
                    PutAway(0),
                    Reload(0),
                    Open,
                ]),
        ),
    ]
}
