//! The exploration bites: each of these faults, put between the machine and the world, is found by the property that it
//! breaks.

use super::action::Action::{self, *};
use super::{Protocol, explore};
use crate::simulation::upheavals::Forgery::Stranger;
use crate::world::{Mode, PushMode, Sabotage, World};

/// `property` is one that the fault breaks; others may be broken with it.
fn is_found(sabotage: Sabotage, property: &str, protocol: Protocol) {
    let (states, broken) = explore(protocol.with(sabotage));
    println!("{sabotage:?}: {broken:?} after {states} states");
    assert!(broken.contains(&property), "{sabotage:?}: {broken:?}");
}

/// A fault that only shows in the end needs every state to be let come to rest.
fn thorough() -> Protocol {
    Protocol {
        depth: 4,
        ..Protocol::asking()
    }
    .resting()
}

/// A few things that are done in any order while every message is quick.
fn doing(protocol: Protocol, deeds: &[Action]) -> Protocol {
    protocol.prompt(5).when(deeds).resting()
}

#[test]
fn a_notice_that_is_taken_for_the_servers_word_is_found() {
    is_found(
        Sabotage::BelievesNotices,
        "no `completed` without the server, where it is to confirm one",
        Protocol::asking(),
    );
}

#[test]
fn marks_that_are_not_written_are_found() {
    let protocol = Protocol {
        losses: 0,
        repeats: 0,
        depth: 8,
        ..Protocol::asking().when(&[Settle("completed"), Reload(0)])
    };
    is_found(
        Sabotage::ForgetsWhatItTold,
        "each instance tells each rise once",
        protocol,
    );
    let copied = doing(Protocol::asking(), &[Settle("completed"), Duplicate(0)]);
    is_found(
        Sabotage::ForgetsWhatItTold,
        "each instance tells each rise once",
        copied,
    );
}

#[test]
fn marks_that_are_written_too_early_are_found() {
    let deeds = [Settle("completed"), Crash(1), Open];
    is_found(
        Sabotage::MarksBeforeItTells,
        "what is shown was told",
        doing(Protocol::asking(), &deeds),
    );
}

#[test]
fn verdicts_that_are_kept_from_the_others_are_found() {
    is_found(
        Sabotage::KeepsVerdictsToItself,
        "once the server has settled, a window that is awake and can reach it ends in its status",
        thorough(),
    );
}

#[test]
fn a_page_that_comes_back_and_does_not_look_is_found() {
    let deeds = [PutAway(1), Succeed { by_opener: false }, Cancel(0)];
    let mut world = World::without_server();
    world.network.broadcast_missing = true;
    is_found(
        Sabotage::DoesNotReadAgain,
        "a success is never lost",
        doing(Protocol::of(world), &deeds),
    );
}

#[test]
fn a_poller_that_does_not_answer_is_found() {
    is_found(
        Sabotage::DoesNotSayHere,
        "while locks work the same window asks each time",
        thorough(),
    );
}

#[test]
fn passing_on_what_was_passed_on_is_found() {
    is_found(
        Sabotage::PassesOnEverything,
        "passing on never loops",
        Protocol::asking(),
    );
}

#[test]
fn time_that_is_measured_by_the_wall_clock_is_found() {
    let deeds = [Clock(-3600), Reload(0), Fail];
    is_found(
        Sabotage::TrustsTheWallClock,
        "while a check is due none goes unasked for longer than 15 s",
        doing(Protocol::asking(), &deeds),
    );
}

#[test]
fn showing_what_only_a_callback_page_speaks_of_is_found() {
    is_found(
        Sabotage::ShowsStrangers,
        "no flow is shown that nobody started",
        Protocol::asking().when(&[Forge(Stranger), Reload(0)]),
    );
}

#[test]
fn taking_a_server_that_does_not_know_for_one_that_does_is_found() {
    let deeds = [Answer(Mode::NotFound), Settle("completed"), Fail];
    is_found(
        Sabotage::TakesNotFoundForAnEnd,
        "no verdict is final without the server, where one can be asked",
        doing(Protocol::asking(), &deeds),
    );
}

#[test]
fn a_window_that_refreshes_by_itself_is_found() {
    let deeds = [Refresh(0), Refresh(1), Open];
    is_found(
        Sabotage::RefreshesByItself,
        "while locks work one window has a connection refreshed",
        doing(Protocol::connecting(World::connecting()), &deeds),
    );
}

#[test]
fn a_refresh_that_forgets_what_the_caller_has_seen_is_found() {
    is_found(
        Sabotage::ForgetsWhatWasSeen,
        "the provider is asked once, however many want a connection refreshed",
        Protocol::connecting(World::connecting()).when(&[Refresh(1), PutAway(0)]),
    );
}

#[test]
fn taking_the_last_view_of_a_connection_for_the_latest_is_found() {
    let protocol = Protocol {
        ticks: 0,
        depth: 6,
        ..Protocol::connecting(World::pushing())
    };
    is_found(
        Sabotage::TakesTheLastView,
        "every window shows the connections that the server keeps",
        protocol
            .when(&[Change("reauth_required"), Change("active")])
            .resting(),
    );
}

#[test]
fn a_stream_that_is_kept_is_found() {
    let deeds = [PutAway(0), Settle("completed"), Reload(1)];
    is_found(
        Sabotage::KeepsItsStream,
        "while locks work one stream is open",
        doing(Protocol::connecting(World::pushing()), &deeds),
    );
}

#[test]
fn a_stream_that_is_believed_to_have_missed_nothing_is_found() {
    let deeds = [Settle("completed"), MendPush, PutAway(0)];
    let mut world = World::pushing();
    world.person.push = PushMode::Hangs;
    is_found(
        Sabotage::TrustsTheStream,
        "once the server has settled, a window that is awake and can reach it ends in its status",
        doing(Protocol::connecting(world).starting(), &deeds),
    );
}

#[test]
fn a_poller_that_does_not_answer_is_found_by_who_polls_as_well() {
    let deeds = [Reload(0), Settle("completed"), Open];
    is_found(
        Sabotage::DoesNotSayHere,
        "while locks work one window polls",
        doing(Protocol::asking(), &deeds),
    );
}

#[test]
fn telling_what_another_window_says_is_found() {
    let protocol = Protocol::asking().when(&[Cancel(0), Settle("completed")]);
    is_found(
        Sabotage::TellsWhatOthersSay,
        "a verdict only rises",
        protocol,
    );
}

#[test]
fn a_reset_that_is_kept_from_the_others_is_found() {
    is_found(
        Sabotage::KeepsResetsToItself,
        "what a reset took away is gone",
        doing(Protocol::asking(), &[Reset(1), Open]),
    );
}

#[test]
fn a_wait_for_what_is_gone_is_found() {
    is_found(
        Sabotage::WaitsForWhatIsGone,
        "a wait lies in the future, and no input makes work without end",
        doing(Protocol::asking(), &[Reset(1), Open]),
    );
}

#[test]
fn a_caller_that_waits_for_ever_is_found() {
    is_found(
        Sabotage::LeavesCallersWaiting,
        "every caller of a refresh has one answer",
        doing(Protocol::connecting(World::connecting()), &[Refresh(0)]),
    );
}

#[test]
fn a_change_of_a_connection_that_is_told_twice_is_found() {
    is_found(
        Sabotage::TellsChangesTwice,
        "each change of a connection is told once",
        doing(
            Protocol::connecting(World::connecting()),
            &[Change("disconnected")],
        ),
    );
}
