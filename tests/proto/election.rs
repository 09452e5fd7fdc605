//! Who polls, as one window says and hears it: ranks, giving way, asking, and what it tells with a question.

use crate::world::{Alone, EPOCH, World, bare_start, id};
use oauth_sync::proto::error::ErrorCode;
use oauth_sync::proto::machine::{Config, Input, Lock, Output, Poller, Via};
use oauth_sync::proto::message::Message;
use oauth_sync::proto::notice::{End, Notice};
use oauth_sync::proto::schedule::Schedule;
use oauth_sync::proto::time::Millis;

const F: &str = "flow-aaaa";
const G: &str = "flow-bbbb";

fn askable(seed: u32) -> Config {
    Config {
        askable: true,
        seed,
        ..Config::default()
    }
}

fn here(rank: u32, hold: u64) -> Input {
    Input::Message(Message::Here {
        hold: Millis(hold),
        rank,
        push: false,
    })
}

fn ask(check: bool, flow: Option<&str>) -> Message {
    Message::Ask {
        check,
        flow_id: flow.map(id),
    }
}

fn start(flow_id: &str) -> Input {
    Input::Start(bare_start(flow_id, "github", EPOCH))
}

#[test]
fn the_holder_of_the_lock_has_the_highest_rank_and_a_stand_in_its_seed() {
    for (seed, lock, rank) in [
        (7, Lock::Held, u32::MAX),
        (7, Lock::Missing, 7),
        (u32::MAX, Lock::Missing, u32::MAX - 1),
    ] {
        let mut alone = Alone::new(askable(seed));
        alone.feed(10, Input::Lock(lock));
        let said = alone.says(20, Input::Message(ask(false, None)));
        let Input::Message(answer) = here(rank, 0) else {
            return;
        };
        assert_eq!(said, [answer], "{lock:?} of {seed}");
    }
}

#[test]
fn a_poller_contradicts_a_lower_one_and_a_stand_in_gives_way_to_a_higher_and_not_to_its_own_word() {
    for (lock, rank, contradicts, stays) in [
        (Lock::Held, u32::MAX - 1, true, true),
        (Lock::Held, u32::MAX, false, true),
        (Lock::Missing, 999, true, true),
        // jupyterlab#7316: what a window says by storage, some versions of Safari tell itself as well.
        (Lock::Missing, 1000, false, true),
        (Lock::Missing, 1001, false, false),
    ] {
        let mut alone = Alone::new(askable(1000));
        alone.feed(10, Input::Lock(lock));
        let said = alone.says(500, here(rank, 0));
        assert_eq!(said.len(), usize::from(contradicts), "{lock:?}, {rank}");
        let polls = alone.machine.poller() == Poller::This;
        assert_eq!(polls, stays, "{lock:?}, {rank}");
    }
}

#[test]
fn a_poller_says_once_in_a_fifth_of_a_second_that_it_polls() {
    let mut alone = Alone::new(askable(7));
    alone.feed(10, Input::Lock(Lock::Held));
    let said = [1000, 1001, 1199, 1200, 1399].map(|at| alone.says(at, here(7, 0)).len());
    assert_eq!(said, [1, 0, 0, 1, 0]);
}

#[test]
fn a_page_that_is_away_hands_back_only_a_lock_that_it_was_given() {
    for (lock, released) in [(Lock::Held, 1), (Lock::Lost, 0), (Lock::Missing, 0)] {
        let mut alone = Alone::new(askable(7));
        alone.feed(10, Input::Leave);
        let outputs = alone.feed(20, Input::Lock(lock));
        assert_eq!(outputs, vec![Output::ReleaseLock; released], "{lock:?}");
    }
}

#[test]
fn a_window_that_is_seen_already_has_no_reason_to_read_again() {
    let mut alone = Alone::new(askable(7));
    assert_eq!(alone.feed(10, Input::Visible(true)), []);
    assert_eq!(alone.feed(20, Input::Visible(false)), []);
    assert_eq!(alone.feed(30, Input::Visible(true)), [Output::Reread]);
}

#[test]
fn a_holder_that_slept_lets_the_others_go_first_for_a_second() {
    let mut world = World::asking();
    let a = world.open();
    world.start(a, F);
    world.run(5000);
    world.stall(a);
    world.run(20_000);
    let before = world.asked(F).len();
    world.unstall(a);
    world.run(5000);
    assert_eq!(world.asked(F)[before..], [26_000, 28_000, 30_000]);
}

#[test]
fn a_holder_that_slept_refreshes_nothing_unasked_within_that_second() {
    let mut world = World::connecting();
    world.connect("c1");
    let a = world.open();
    world.run(1000);
    world.stall(a);
    world.run(3_400_000);
    world.unstall(a);
    world.run(900);
    assert!(world.person.refreshes.is_empty());
    world.run(200);
    assert_eq!(world.person.refreshes, [a]);
}

#[test]
fn a_hidden_window_that_waits_for_the_lock_does_not_step_in_until_it_is_seen() {
    let mut world = World::asking();
    let (a, b) = (world.open(), world.open());
    world.start(b, F);
    world.feed(b, Input::Visible(false));
    world.run(5000);
    world.stall(a);
    world.run(20_000);
    let asked = |world: &World| {
        let windows = world.server.requests.iter().map(|request| request.window);
        windows.filter(|window| *window == b).count()
    };
    assert_eq!(asked(&world), 0);
    world.feed(b, Input::Visible(true));
    world.run(1000);
    assert_eq!(asked(&world), 1);
}

/// A window that has started both flows and hears that another polls.
fn follower() -> Alone {
    let mut alone = Alone::new(askable(7));
    alone.feed(10, start(F));
    alone.feed(20, here(u32::MAX, 0));
    alone.feed(30, start(G));
    alone.feed(40, here(u32::MAX, 0));
    alone
}

/// Of which flows it tells, and the question after that.
fn told_and_asked(said: &[Message]) -> (Vec<&str>, Option<&Message>) {
    let told = said.iter().filter_map(|message| match message {
        Message::State(state) => Some(state.flow_id.as_str()),
        _ => None,
    });
    let asked = said
        .last()
        .filter(|message| matches!(message, Message::Ask { .. }));
    (told.collect(), asked)
}

#[test]
fn a_follower_asks_about_the_one_flow_that_is_urgent_or_about_all() {
    let mut alone = follower();
    let check = Input::Check {
        token: 1,
        flow_id: Some(id(G)),
    };
    let said = alone.says(2000, check);
    assert_eq!(told_and_asked(&said), (vec![G], Some(&ask(true, Some(G)))));
    alone.feed(2010, here(u32::MAX, 0));
    let said = alone.says(5000, Input::Wake);
    assert_eq!(told_and_asked(&said), (vec![F, G], Some(&ask(true, None))));
}

/// Goes on hearing that another polls, often enough to have nothing to ask.
fn hear_until(alone: &mut Alone, from: u64, until: u64) {
    for at in (from..=until).step_by(900) {
        alone.feed(at, here(u32::MAX, 0));
    }
}

#[test]
fn a_follower_that_asks_who_polls_tells_of_flows_that_are_neglected() {
    let mut alone = follower();
    assert_eq!(alone.until, 1040);
    let said = alone.says(1040, Input::Tick);
    assert_eq!(told_and_asked(&said), (vec![], Some(&ask(false, None))));
    hear_until(&mut alone, 1100, 10_100);
    let said = alone.says(11_100, Input::Tick);
    assert_eq!(told_and_asked(&said), (vec![F, G], Some(&ask(false, None))));
}

#[test]
fn what_waits_because_the_server_wants_quiet_is_not_neglected() {
    for (at, told) in [(20_000, vec![]), (50_099, vec![]), (50_100, vec![F, G])] {
        let mut alone = follower();
        hear_until(&mut alone, 100, 10_000);
        alone.feed(10_100, here(u32::MAX, 40_000));
        hear_until(&mut alone, 10_200, at - 1900);
        alone.feed(at - 1000, here(u32::MAX, 0));
        let said = alone.says(at, Input::Tick);
        assert_eq!(told_and_asked(&said), (told, Some(&ask(false, None))));
    }
}

#[test]
fn of_many_neglected_flows_sixteen_are_told_of_at_once() {
    let mut alone = Alone::new(askable(7));
    for n in 0..20 {
        alone.feed(10, start(&format!("flow-{n:04}")));
        alone.feed(11, here(u32::MAX, 0));
    }
    hear_until(&mut alone, 100, 11_000);
    let said = alone.says(12_000, Input::Tick);
    assert_eq!(told_and_asked(&said).0.len(), 16);
}

#[test]
fn a_window_steps_in_after_three_seconds_of_silence_and_up_to_one_by_its_seed() {
    let mut alone = Alone::new(askable(5700));
    alone.feed(10, start(F));
    alone.feed(20, here(u32::MAX, 0));
    let mut at = 20;
    while alone.machine.poller() != Poller::This {
        at = alone.until;
        alone.feed(at, Input::Tick);
    }
    assert_eq!(at, 3720);
}

#[test]
fn a_page_that_is_away_neither_seeks_nor_reads_the_list_of_connections() {
    let mut alone = Alone::new(Config {
        connections: true,
        ..askable(7)
    });
    let reads = |outputs: &[Output]| {
        let mut outputs = outputs.iter();
        outputs.any(|output| matches!(output, Output::ReadConnections { .. }))
    };
    assert!(reads(&alone.feed(10, Input::Lock(Lock::Held))));
    assert!(!reads(&alone.feed(20, Input::Leave)));
    assert_eq!(alone.feed(60_000, Input::Wake), []);
    assert!(reads(&alone.feed(60_010, Input::Return)));
}

#[test]
fn a_window_steps_in_for_what_a_notice_has_planned_and_not_where_nothing_is() {
    for is_heard in [true, false] {
        let mut alone = Alone::new(Config {
            schedule: Schedule::new(Vec::new()),
            ..askable(7)
        });
        alone.feed(10, start(F));
        alone.feed(20, here(u32::MAX, 0));
        if is_heard {
            let notice = Notice {
                id: String::from("n1"),
                plain: false,
                provider: String::from("github"),
                flow_id: Some(id(F)),
                end: End::Failure(ErrorCode::START_FAILED),
                timestamp: Some(Millis(EPOCH + 30)),
                relayed: true,
            };
            let via = Via::BroadcastChannel;
            alone.feed(30, Input::Notice { notice, via });
            alone.feed(40, here(u32::MAX, 0));
        }
        let (mut says, mut checks) = (false, false);
        alone.run(10_000, |_, _, outputs| {
            for output in outputs {
                says |= matches!(output, Output::Broadcast(_));
                checks |= matches!(output, Output::Check { .. });
            }
        });
        assert_eq!((says, checks), (is_heard, is_heard));
    }
}

#[test]
fn another_is_said_to_poll_until_four_seconds_after_it_was_heard() {
    let mut alone = Alone::new(askable(7));
    assert_eq!(alone.machine.poller(), Poller::None);
    alone.feed(10, here(u32::MAX, 0));
    for (at, poller) in [(4009, Poller::Other), (4010, Poller::None)] {
        alone.feed(at, Input::Tick);
        assert_eq!(alone.machine.poller(), poller, "{at}");
    }
}

#[test]
fn a_holder_whose_tick_is_more_than_three_seconds_late_was_asleep() {
    for (late, asks) in [(3000, true), (3001, false)] {
        let mut alone = Alone::new(askable(7));
        alone.feed(10, Input::Lock(Lock::Held));
        alone.feed(20, start(F));
        let outputs = alone.feed(alone.until + late, Input::Tick);
        let mut outputs = outputs.iter();
        let asked = outputs.any(|output| matches!(output, Output::Check { .. }));
        assert_eq!(asked, asks, "{late}");
    }
}
