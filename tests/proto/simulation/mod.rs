//! Long random runs of two or three windows in a world that loses, repeats, delays and reorders, and what must hold in
//! all of them. A run follows from its seed and the number of its steps; a run that failed is kept below by name.

mod connections;
mod many;
pub mod properties;
pub mod steps;
pub mod upheavals;

use crate::world::{LockMode, World};
use proptest::prelude::*;
use steps::Run;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn holds_with_a_server(seed in any::<u64>().no_shrink(), steps in 1_u32..90) {
        asking(seed, steps);
    }

    #[test]
    fn holds_without_a_server(seed in any::<u64>().no_shrink(), steps in 1_u32..90) {
        without_server(seed, steps);
    }

    #[test]
    fn holds_while_clocks_jump_and_tabs_come_and_go(seed in any::<u64>().no_shrink(), steps in 1_u32..90) {
        upheavals(seed, steps);
    }
}

/// `PROPTEST_CASES` sets another number, for longer runs.
fn cases() -> u32 {
    let set = std::env::var("PROPTEST_CASES");
    set.ok().and_then(|cases| cases.parse().ok()).unwrap_or(80)
}

/// Runs that once failed.
#[test]
fn an_attempt_that_another_window_wrote_over_is_not_lost() {
    asking(6_848_597_155_669_485_159, 59);
}

#[test]
fn a_flow_opened_again_without_a_server_counts_its_attempts() {
    without_server(13_785_507_192_888_093_933, 33);
}

#[test]
fn a_grant_of_the_lock_that_comes_too_late_makes_no_second_poller() {
    asking(7_506_323_302_159_610_657, 30);
}

/// One run again, with all that happens in it: `SEED=1 STEPS=2 cargo test --test proto one_run -- --ignored --nocapture`.
#[test]
#[ignore = "needs SEED and STEPS"]
fn one_run() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let (Some(seed), Some(steps)) = (number("SEED"), number("STEPS")) else {
        return;
    };
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    if number("MANY").is_some() {
        many::simulate(seed);
    } else if number("UPHEAVALS").is_some() {
        upheavals(seed, steps);
    } else if number("ALONE").is_some() {
        without_server(seed, steps);
    } else {
        asking(seed, steps);
    }
}

fn asking(seed: u64, steps: u32) {
    let mut world = World::asking();
    world.locks.mode = match seed % 5 {
        0 => LockMode::Missing,
        1 => LockMode::NeverAnswers,
        _ => LockMode::Works,
    };
    simulate(world, seed, steps, Run::step);
}

fn without_server(seed: u64, steps: u32) {
    simulate(World::without_server(), seed, steps, Run::step);
}

/// A third of them without a server.
fn upheavals(seed: u64, steps: u32) {
    let mut world = if seed.is_multiple_of(3) {
        World::without_server()
    } else {
        World::asking()
    };
    if seed.is_multiple_of(5) {
        world.locks.mode = LockMode::Missing;
    }
    simulate(world, seed, steps, Run::upheaval);
}

fn simulate(world: World, seed: u64, steps: u32, step: impl Fn(&mut Run)) {
    println!("seed {seed}, {steps} steps");
    let mut run = Run::new(world, seed);
    for _ in 0..steps {
        step(&mut run);
        properties::hold_always(&run);
    }
    run.come_to_rest();
    properties::hold_at_rest(&run);
}
