//! What holds in every run: each property under the name that it has in docs/protocol.md.

pub mod connections;
mod flows;
mod polling;

use super::steps::{FLOWS, Run};
use crate::model::{Node, Protocol};

pub struct Property {
    pub name: &'static str,
    /// Panics where it does not hold.
    pub holds: fn(&Run),
    /// The same as the model checker asks for it: it takes nothing but a plain function.
    pub holds_in: fn(&Protocol, &Node) -> bool,
}

macro_rules! always {
    ($name:literal, $holds:expr) => {
        Property {
            name: $name,
            holds: $holds,
            holds_in: |_, node| node.keeps($holds),
        }
    };
}

macro_rules! at_rest {
    ($name:literal, $holds:expr) => {
        Property {
            name: $name,
            holds: $holds,
            holds_in: |_, node| !node.is_at_rest() || node.keeps($holds),
        }
    };
}

/// After every step.
pub const ALWAYS: [Property; 10] = [
    always!("a verdict only rises", flows::verdicts_only_rise),
    always!(
        "no `completed` without the server, where it is to confirm one",
        flows::nothing_is_completed_by_hearsay
    ),
    always!(
        "no verdict is final without the server, where one can be asked",
        flows::nothing_is_final_by_hearsay
    ),
    always!(
        "each instance tells each rise once",
        flows::each_is_told_once
    ),
    always!(
        "no flow is shown that nobody started",
        flows::nobody_shows_a_stranger
    ),
    always!(
        "while locks work one window polls",
        polling::one_window_polls
    ),
    always!("passing on never loops", polling::passing_on_never_loops),
    always!(
        "each change of a connection is told once",
        connections::each_change_is_told_once
    ),
    always!(
        "while locks work one window has a connection refreshed",
        connections::one_window_refreshes
    ),
    always!(
        "the provider is asked once, however many want a connection refreshed",
        connections::the_provider_is_asked_once
    ),
];

/// When nothing happens any more.
pub const AT_REST: [Property; 11] = [
    at_rest!(
        "once the server has settled, a window that is awake and can reach it ends in its status",
        flows::ends_in_the_servers_status
    ),
    at_rest!("a success is never lost", flows::no_success_is_lost),
    at_rest!("every window shows the same", flows::windows_agree),
    at_rest!("what is shown was told", flows::what_is_shown_was_told),
    at_rest!(
        "what a reset took away is gone",
        flows::what_was_forgotten_is_gone
    ),
    at_rest!(
        "while a check is due none goes unasked for longer than 15 s",
        polling::due_checks_are_made
    ),
    at_rest!(
        "while locks work the same window asks each time",
        polling::the_same_window_asks
    ),
    at_rest!(
        "while locks work one stream is open",
        polling::one_stream_is_open
    ),
    at_rest!("no state grows without bound", polling::nothing_grows),
    at_rest!(
        "every window shows the connections that the server keeps",
        connections::every_window_shows_what_the_server_keeps
    ),
    at_rest!(
        "every caller of a refresh has one answer",
        connections::every_caller_has_an_answer
    ),
];

pub fn hold_always(run: &Run) {
    for property in &ALWAYS {
        (property.holds)(run);
    }
}

pub fn hold_at_rest(run: &Run) {
    hold_always(run);
    for property in &AT_REST {
        (property.holds)(run);
    }
}

/// Every window that there has been, with every flow that there may be.
fn windows_and_flows(run: &Run) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    run.all()
        .flat_map(|w| FLOWS.into_iter().map(move |flow| (w, flow)))
}

/// Every window that is open, with every flow that was started.
fn open_and_started(run: &Run) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    run.open()
        .flat_map(|w| run.started.iter().map(move |flow| (w, *flow)))
}
