//! Every order of events within stated bounds: two processes, a provider and a row, over the code that decides
//! (`tokens::decide`). Messages arrive, or not, or late; processes pause between any two steps, or die; time passes; the person
//! disconnects, or withdraws the grant at the provider. In every state that is reached the properties below hold.
//!
//! What the processes do between two decisions is what `tokens/access.rs` and `tokens/attempt.rs` do: read the row, take
//! the lease, send, store, end. The row's guards are SQL in the server and [`row::Row`] here; `store/guards.rs` holds the two
//! against each other.

pub mod row;
mod state;

use oauth_sync_server::config::Rotation;
use row::Sabotage;
use state::{Action, State};
use stateright::{Checker as _, HasDiscoveries, Model, Property};

/// The one property that asks for something to happen: without it the others would hold of a model that does nothing.
const GOES_ON: &str = "a new token is stored";

/// What may happen in one exploration.
#[derive(Clone)]
pub struct Refresh {
    /// What the configuration says of used refresh tokens.
    pub rotation: Rotation,
    /// What the provider really does with them.
    pub provider: Rotation,
    /// How often callers ask, replies are lost, processes die, time passes, the provider says 503.
    pub calls: u8,
    pub losses: u8,
    pub deaths: u8,
    pub passes: u8,
    pub refusals: u8,
    /// Whether the person disconnects, or withdraws the grant at the provider.
    pub disconnects: bool,
    pub withdraws: bool,
    pub depth: usize,
    pub sabotage: Option<Sabotage>,
}

impl Refresh {
    fn of(rotation: Rotation) -> Self {
        Self {
            rotation,
            provider: rotation,
            calls: 2,
            losses: 1,
            deaths: 1,
            passes: 2,
            refusals: 0,
            disconnects: false,
            withdraws: false,
            depth: 16,
            sabotage: None,
        }
    }
}

impl Model for Refresh {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.actions(actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        last.after(self, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            // Also: of one generation never two, one of which would be void.
            Property::always("what is handed out is stored", |_, state: &State| {
                state
                    .handed_out
                    .iter()
                    .all(|one| state.stored.contains(one))
            }),
            Property::always("asked under one lease at a time", |_, state: &State| {
                !state.was_doubled
            }),
            Property::always("refreshed once", |_, state: &State| {
                state.was_disturbed() || state.taken.iter().all(|(_, times)| *times <= 1)
            }),
            Property::always("disconnected stays", |_, state: &State| {
                state.row.is_disconnected || !state.is_disconnected
            }),
            Property::always("nothing is handed out after the end", |_, state: &State| {
                !state.was_late
            }),
            Property::always(
                "no grant is lost by our own doing",
                |model: &Self, state: &State| {
                    state.was_cut() || !state.is_at_rest() || state.grant_is_there(model.provider)
                },
            ),
            Property::always(
                "the grant is blamed where it is over",
                |_, state: &State| state.is_withdrawn || state.row.reauth != Some("grant_rejected"),
            ),
            Property::sometimes(GOES_ON, |_, state: &State| 1 < state.row.generation),
        ]
    }
}

/// How many states there were, and which properties do not hold. With `only`, it is over when that one is found not to.
fn explore(model: Refresh, only: Option<&'static str>) -> (usize, Vec<&'static str>) {
    let depth = model.depth;
    let checker = model
        .checker()
        .threads(1)
        .target_max_depth(depth)
        .finish_when(match only {
            Some(name) => HasDiscoveries::AnyOf([name].into()),
            None => HasDiscoveries::All,
        })
        .spawn_bfs()
        .join();
    let mut found = Vec::new();
    for (name, path) in checker.discoveries() {
        if name != GOES_ON {
            println!("{name}: {:?}", path.into_actions());
        }
        found.push(name);
    }
    (checker.unique_state_count(), found)
}

fn holds(name: &str, model: Refresh) {
    let (states, found) = explore(model, None);
    println!("{name}: {states} states");
    assert_eq!(found, [GOES_ON], "{name}");
    assert!(1000 < states, "{name}: nothing was explored ({states})");
}

fn cases() -> Vec<(&'static str, Refresh)> {
    vec![
        ("strict", Refresh::of(Rotation::Strict)),
        ("grace", Refresh::of(Rotation::Grace)),
        ("none", Refresh::of(Rotation::None)),
        (
            "not known, and strict",
            Refresh {
                provider: Rotation::Strict,
                ..Refresh::of(Rotation::Unknown)
            },
        ),
        (
            "strict, and the person disconnects",
            Refresh {
                disconnects: true,
                losses: 0,
                passes: 1,
                ..Refresh::of(Rotation::Strict)
            },
        ),
        (
            "strict, and the grant is withdrawn",
            Refresh {
                withdraws: true,
                losses: 0,
                passes: 1,
                ..Refresh::of(Rotation::Strict)
            },
        ),
        (
            "strict, and a provider that is busy",
            Refresh {
                refusals: 2,
                losses: 0,
                deaths: 0,
                ..Refresh::of(Rotation::Strict)
            },
        ),
    ]
}

#[test]
fn small_bounds_hold() {
    for (name, model) in cases() {
        holds(name, model);
    }
}

#[test]
#[ignore = "takes minutes in a release build"]
fn large_bounds_of_a_refresh_hold() {
    for (name, model) in cases() {
        let large = Refresh {
            calls: 3,
            losses: model.losses.max(1),
            deaths: 2,
            passes: 3,
            refusals: model.refusals.max(1),
            disconnects: true,
            withdraws: true,
            depth: 22,
            ..model
        };
        holds(name, large);
    }
}

/// The model sees what would go wrong.
#[test]
fn each_fault_is_found() {
    let strict = || Refresh {
        losses: 0,
        ..Refresh::of(Rotation::Strict)
    };
    for (sabotage, model, broken) in [
        (
            Sabotage::NoLease,
            strict(),
            "asked under one lease at a time",
        ),
        (
            Sabotage::NoIntent,
            strict(),
            "the grant is blamed where it is over",
        ),
        (
            Sabotage::CommitByLease,
            Refresh {
                deaths: 0,
                passes: 3,
                ..strict()
            },
            "no grant is lost by our own doing",
        ),
        (
            Sabotage::CommitAfterTheEnd,
            Refresh {
                disconnects: true,
                ..strict()
            },
            "disconnected stays",
        ),
        (
            Sabotage::ReauthOfAnyGeneration,
            Refresh {
                deaths: 0,
                passes: 3,
                ..strict()
            },
            "no grant is lost by our own doing",
        ),
        (
            Sabotage::HandOutEarly,
            strict(),
            "what is handed out is stored",
        ),
    ] {
        let model = Refresh {
            sabotage: Some(sabotage),
            depth: 30,
            ..model
        };
        let (_, found) = explore(model, Some(broken));
        assert!(found.contains(&broken), "{sabotage:?}: {found:?}");
    }
}
