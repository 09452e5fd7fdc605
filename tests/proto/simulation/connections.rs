//! Random runs of connections and push: whatever is lost, in the end every window shows what the server keeps, and every
//! caller has one answer.

use super::properties::connections as properties;
use crate::world::{Faults, LockMode, Provider, PushMode, State, World};
use oauth_sync::proto::machine::Input;
use proptest::prelude::*;

pub const IDS: [&str; 3] = ["int_1", "int_2", "int_3"];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: super::cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_window_ends_with_what_the_server_keeps(seed in any::<u64>().no_shrink(), steps in 1_u32..90) {
        simulate(seed, steps);
    }
}

/// Runs that once failed.
#[test]
fn a_connection_that_is_gone_is_gone_where_a_later_change_of_it_was_held() {
    simulate(12_746_945_113_345_743_607, 71);
}

#[test]
fn a_list_that_could_not_be_had_when_push_began_is_read_before_push_is_believed() {
    simulate(4_859_592_827_378_838_276, 50);
}

#[test]
fn what_a_list_left_out_does_not_come_back_with_a_late_answer() {
    simulate(2_981_141_919_764_654_166, 62);
}

fn simulate(seed: u64, steps: u32) {
    println!("seed {seed}, {steps} steps");
    let mut world = if seed.is_multiple_of(2) {
        World::pushing()
    } else {
        World::connecting()
    };
    world.network.random = seed;
    world.locks.mode = match seed % 5 {
        0 => LockMode::Missing,
        1 => LockMode::NeverAnswers,
        _ => LockMode::Works,
    };
    world.network.faults = Faults {
        lost: pick(&mut world, 4) * 15,
        repeated: 20,
        delay: [0, 5, 300, 2500][index(&mut world, 4)],
        storage: false,
    };
    for _ in 0..3 {
        world.open();
    }
    let mut tokens = 0;
    for _ in 0..steps {
        step(&mut world, &mut tokens);
    }
    come_to_rest(&mut world);
    for w in 0..world.windows.len() {
        properties::are_what_the_server_keeps(&world, w);
        properties::each_is_told_once(&world, w);
        let mut answered: Vec<u32> = world.windows[w]
            .refreshed
            .iter()
            .map(|(token, _)| *token)
            .collect();
        answered.sort_unstable();
        let asked = answered.len();
        answered.dedup();
        assert_eq!(answered.len(), asked, "window {w} answered a caller twice");
    }
    let answers: usize = world
        .windows
        .iter()
        .map(|window| window.refreshed.len())
        .sum();
    assert_eq!(
        answers,
        usize::try_from(tokens).unwrap_or(0),
        "every caller has an answer"
    );
    if world.locks.mode == LockMode::Works {
        assert!(world.streams() <= 1, "{} streams", world.streams());
    }
}

fn step(world: &mut World, tokens: &mut u32) {
    let windows = world.windows.len();
    let w = index(world, windows);
    let id = IDS[index(world, IDS.len())];
    let is_running = world.windows[w].state == State::Running;
    match index(world, 16) {
        0..=4 => {
            let span = [1, 30, 400, 1500, 4000, 15_000, 70_000][index(world, 7)];
            world.run(span);
        }
        5 if world.kept(id).is_none() => world.connect(id),
        6 | 7 => {
            let (state, error) = [
                ("active", None),
                ("refresh_failed", Some("temporarily_unavailable")),
                ("reauth_required", Some("grant_rejected")),
                ("disconnected", None),
            ][index(world, 4)];
            world.change(id, state, error);
        }
        8 | 9 if is_running => {
            let token = *tokens;
            *tokens += 1;
            let id = String::from(id);
            world.feed(
                w,
                Input::Refresh {
                    token,
                    id,
                    seen: None,
                },
            );
        }
        10 => {
            world.person.provider =
                [Provider::Refreshes, Provider::Fails, Provider::Rejects][index(world, 3)];
        }
        11 => world.person.is_down = index(world, 2) == 0,
        12 => match index(world, 3) {
            0 => world.break_push(),
            1 => world.person.push = PushMode::Hangs,
            _ => world.mend_push(),
        },
        13 if is_running => match index(world, 3) {
            0 => world.freeze(w),
            1 => world.cache(w),
            _ => world.stall(w),
        },
        14 => wake(world, w),
        15 if is_running => world.feed(w, Input::Wake),
        _ => {}
    }
}

fn wake(world: &mut World, w: usize) {
    if matches!(world.windows[w].state, State::Frozen | State::Cached) {
        world.thaw(w);
    }
}

/// Everybody is awake and looks, nothing is lost any more, and some time passes.
fn come_to_rest(world: &mut World) {
    world.network.faults = Faults::default();
    world.person.is_down = false;
    world.person.provider = Provider::Refreshes;
    world.mend_push();
    for w in 0..world.windows.len() {
        wake(world, w);
    }
    // Longer than anybody waits for a refresh.
    world.run(75_000);
    for w in 0..world.windows.len() {
        world.feed(w, Input::Visible(false));
        world.feed(w, Input::Visible(true));
        world.run(15_000);
    }
    // Something may just have begun unasked.
    while world.network.len() > 0 {
        world.run(400);
    }
}

fn pick(world: &mut World, bound: u64) -> u64 {
    world.network.below(bound)
}

fn index(world: &mut World, bound: usize) -> usize {
    usize::try_from(pick(world, bound as u64)).unwrap_or(0)
}
