//! Of who asks, how often, and of what it costs.

use super::flows::is_decided_by_a_page;
use crate::simulation::steps::{FLOWS, Run};
use crate::world::State;
use oauth_sync::proto::machine::Poller;
use std::collections::BTreeSet;

/// In the last minute, in which everybody was awake: a pending flow whose schedule is not at its end was asked about at
/// least as often as its slowest tier says, with what it takes to notice that a window is silent.
pub fn due_checks_are_made(run: &Run) {
    for flow in run
        .started
        .iter()
        .filter(|flow| is_to_be_checked(run, flow))
    {
        let from = run.world.now - 60_000;
        let mut times = vec![from];
        times.extend(run.world.asked(flow).into_iter().filter(|at| *at >= from));
        times.push(run.world.now);
        let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(gap.is_some_and(|gap| gap <= 15_000), "{flow}: {times:?}");
    }
}

/// And by one window, for half a minute.
pub fn the_same_window_asks(run: &Run) {
    if run.has_locks() && run.started.iter().any(|flow| is_to_be_checked(run, flow)) {
        let requests = run.world.server.requests.iter();
        let asking: BTreeSet<usize> = requests
            .filter(|request| request.at >= run.world.now - 30_000)
            .map(|request| request.window)
            .collect();
        assert_eq!(asking.len(), 1, "{asking:?}");
    }
}

fn is_to_be_checked(run: &Run, flow: &str) -> bool {
    // While push delivers, polling rests; where a callback page has decided, checking stops.
    let config = &run.world.config;
    if !config.askable || config.push || is_decided_by_a_page(run, flow) {
        return false;
    }
    let is_shown = run.open().all(|w| run.world.status(w, flow).is_some());
    let polls = run.world.counts.get(flow).map(|(_, polls)| *polls);
    is_shown && !run.settled.contains_key(flow) && polls.is_some_and(|polls| polls < 30)
}

/// Where every message is quick.
pub fn one_window_polls(run: &Run) {
    let windows = run.world.windows.iter().enumerate();
    let polling: Vec<usize> = windows
        .filter(|(_, window)| window.state == State::Running)
        .filter(|(_, window)| window.machine.poller() == Poller::This)
        .map(|(w, _)| w)
        .collect();
    assert!(
        polling.len() <= 1 || !run.hears_at_once(),
        "{polling:?} poll"
    );
}

/// Where locks work, one window holds the stream.
pub fn one_stream_is_open(run: &Run) {
    if run.has_locks() {
        assert!(run.world.streams() <= 1, "{} streams", run.world.streams());
    }
}

pub fn nothing_grows(run: &Run) {
    let keys = run.world.local.keys().len();
    assert!(keys < 60, "{keys} keys");
    for w in run.open() {
        let window = &run.world.windows[w];
        assert!(window.session.len() <= FLOWS.len());
        let size = format!("{:?}", window.machine).len();
        assert!(size < 60_000, "window {w}: {size}");
    }
}

pub fn passing_on_never_loops(run: &Run) {
    assert!(
        run.world.relayed.len() <= run.posted,
        "{} of {}",
        run.world.relayed.len(),
        run.posted
    );
}
