//! Of who asks, how often, and of what it costs.

use crate::simulation::steps::{FLOWS, Run};
use crate::world::State;
use oauth_sync::proto::machine::Poller;

/// In the last minute, in which everybody was awake: a pending flow whose schedule is not at its end was asked about at
/// least as often as its slowest tier says, with what it takes to notice that a window is silent, and by one window.
pub fn due_checks_are_made(run: &Run, flow: &str) {
    // Where a callback page decides, checking stops.
    let is_decided = run.noticed.contains(flow) && !run.world.config.confirm;
    let is_shown = run.open().all(|w| run.world.status(w, flow).is_some());
    if run.settled.contains_key(flow) || is_decided || !is_shown {
        return;
    }
    // While push delivers, polling rests.
    if run.world.config.push {
        return;
    }
    let polls = run.world.counts.get(flow).map(|(_, polls)| *polls);
    if polls.is_none_or(|polls| polls >= 30) {
        return;
    }
    let from = run.world.now - 60_000;
    let mut times = vec![from];
    times.extend(run.world.asked(flow).into_iter().filter(|at| *at >= from));
    times.push(run.world.now);
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(gap.is_some_and(|gap| gap <= 15_000), "{flow}: {times:?}");
    if run.has_locks() {
        let mut windows: Vec<usize> = run
            .world
            .server
            .requests
            .iter()
            .filter(|request| request.at >= run.world.now - 30_000)
            .map(|request| request.window)
            .collect();
        windows.sort_unstable();
        windows.dedup();
        assert_eq!(windows.len(), 1, "{flow}: {windows:?}");
    }
}

/// Where locks work and every message is quick, one window at most polls, and one at most has a connection refreshed.
pub fn one_window_acts(run: &Run) {
    if !run.prompt || run.was_cut || !run.has_locks() {
        return;
    }
    let windows = run.world.windows.iter().enumerate();
    let running = windows.filter(|(_, window)| window.state == State::Running);
    let (mut polling, mut refreshing) = (Vec::new(), Vec::new());
    for (w, window) in running {
        if window.machine.poller() == Poller::This {
            polling.push(w);
        }
        if !window.refreshing.is_empty() {
            refreshing.push(w);
        }
    }
    assert!(polling.len() <= 1, "{polling:?} poll");
    assert!(refreshing.len() <= 1, "{refreshing:?} refresh");
}

/// Where locks work, one window holds the stream.
pub fn one_stream_is_open(run: &Run) {
    if run.has_locks() {
        assert!(run.world.streams() <= 1, "{} streams", run.world.streams());
    }
}

pub fn nothing_grows(run: &Run, w: usize) {
    let keys = run.world.local.keys().len();
    assert!(keys < 60, "{keys} keys");
    let window = &run.world.windows[w];
    assert!(window.session.len() <= FLOWS.len());
    let size = format!("{:?}", window.machine).len();
    assert!(size < 60_000, "window {w}: {size}");
}

pub fn passing_on_never_loops(run: &Run) {
    assert!(
        run.world.relayed.len() <= run.posted,
        "{} of {}",
        run.world.relayed.len(),
        run.posted
    );
}
