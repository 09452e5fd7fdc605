//! The exploration bites: each of these faults, put between the machine and the world, is found.

use super::node::Action;
use super::{Protocol, explore};
use crate::world::Sabotage;

fn is_found(sabotage: Sabotage, protocol: Protocol) {
    let (states, broken) = explore(protocol.with(sabotage));
    println!("{sabotage:?}: {broken:?} after {states} states");
    assert!(!broken.is_empty(), "{sabotage:?} goes unnoticed");
}

/// A fault that only shows in the end needs every state to be let come to rest.
fn thorough() -> Protocol {
    Protocol {
        rest_of: 1,
        depth: 4,
        ..Protocol::asking()
    }
}

#[test]
fn a_notice_that_is_taken_for_the_servers_word_is_found() {
    is_found(Sabotage::BelievesNotices, Protocol::asking());
}

#[test]
fn marks_that_are_not_written_are_found() {
    let protocol = Protocol {
        deeds: vec![Action::Settle("completed"), Action::Reload(0)],
        losses: 0,
        repeats: 0,
        depth: 8,
        ..Protocol::asking()
    };
    is_found(Sabotage::ForgetsWhatItTold, protocol);
}

#[test]
fn verdicts_that_are_kept_from_the_others_are_found() {
    is_found(Sabotage::KeepsVerdictsToItself, thorough());
}

#[test]
fn a_poller_that_does_not_answer_is_found() {
    is_found(Sabotage::DoesNotSayHere, thorough());
}

#[test]
fn passing_on_what_was_passed_on_is_found() {
    is_found(Sabotage::PassesOnEverything, Protocol::asking());
}
