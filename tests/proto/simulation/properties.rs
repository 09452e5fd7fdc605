//! What holds in every run.

use super::steps::{FLOWS, Run};
use oauth_sync::proto::machine::EventKind;
use oauth_sync::proto::status::Status;

/// Kinds of events that a flow has once in a tab's life.
const ONCE: [EventKind; 9] = [
    EventKind::Started,
    EventKind::Confirming,
    EventKind::Slow,
    EventKind::Overdue,
    EventKind::Completed,
    EventKind::Failed,
    EventKind::Cancelled,
    EventKind::Expired,
    EventKind::Confirmed,
];

/// After every step.
pub fn hold_always(run: &Run) {
    for w in 0..run.world.windows.len() {
        for flow in FLOWS {
            verdicts_only_rise(run, w, flow);
            each_is_told_once(run, w, flow);
            nothing_is_completed_by_hearsay(run, w, flow);
        }
    }
    passing_on_never_loops(run);
}

/// When nothing happens any more.
pub fn hold_at_rest(run: &Run) {
    hold_always(run);
    for w in 0..run.world.windows.len() {
        nothing_grows(run, w);
    }
    for flow in &run.started {
        for w in 0..run.world.windows.len() {
            windows_agree(run, w, flow);
        }
        if run.world.config.askable {
            ends_in_the_servers_status(run, flow);
            due_checks_are_made(run, flow);
        } else {
            no_success_is_lost(run, flow);
        }
    }
}

fn verdicts_only_rise(run: &Run, w: usize, flow: &str) {
    let events = &run.world.windows[w].events;
    let heights: Vec<_> = events
        .iter()
        .filter(|event| event.flow.id.as_str() == flow)
        .map(|event| {
            let view = &event.flow;
            (
                view.status != Status::Pending,
                view.provisional == Some(false),
                view.status == Status::Completed,
                view.status,
            )
        })
        .map(|(settled, is_final, completed, status)| (settled, is_final || completed, status))
        .collect();
    assert!(heights.is_sorted(), "window {w}, {flow}: {heights:?}");
}

fn each_is_told_once(run: &Run, w: usize, flow: &str) {
    let told = run.world.told(w, flow);
    for kind in ONCE {
        let times = told.iter().filter(|told| **told == kind).count();
        assert!(times <= 1, "window {w}, {flow}: {kind:?} in {told:?}");
    }
}

fn nothing_is_completed_by_hearsay(run: &Run, w: usize, flow: &str) {
    let says_so = if run.world.config.askable {
        run.settled.get(flow) == Some(&"completed")
    } else {
        run.noticed.contains(flow)
    };
    assert!(
        says_so || run.world.status(w, flow) != Some(Status::Completed),
        "window {w}, {flow}"
    );
}

fn nothing_grows(run: &Run, w: usize) {
    let keys = run.world.local.keys().len();
    assert!(keys < 60, "{keys} keys");
    let window = &run.world.windows[w];
    assert!(window.session.len() <= FLOWS.len());
    let size = format!("{:?}", window.machine).len();
    assert!(size < 60_000, "window {w}: {size}");
}

fn passing_on_never_loops(run: &Run) {
    assert!(
        run.world.relayed.len() <= run.posted,
        "{} of {}",
        run.world.relayed.len(),
        run.posted
    );
}

/// The flow is the same in every window; one that was dismissed is the same or not there.
fn windows_agree(run: &Run, w: usize, flow: &str) {
    let (mine, first) = (run.world.status(w, flow), run.world.status(0, flow));
    assert_eq!(mine, first, "window {w} and the first, {flow}");
}

fn ends_in_the_servers_status(run: &Run, flow: &str) {
    let Some(end) = run.settled.get(flow) else {
        return;
    };
    for w in 0..run.world.windows.len() {
        match run.world.status(w, flow) {
            Some(status) => assert_eq!(status.as_str(), *end, "window {w}, {flow}"),
            None => assert!(run.dismissed.contains(flow), "window {w}, {flow}"),
        }
    }
}

fn no_success_is_lost(run: &Run, flow: &str) {
    if run.noticed.contains(flow) {
        for w in 0..run.world.windows.len() {
            let status = run.world.status(w, flow);
            let dismissed = status.is_none() && run.dismissed.contains(flow);
            assert!(
                dismissed || status == Some(Status::Completed),
                "window {w}, {flow}: {status:?}"
            );
        }
    }
}

/// In the last minute, in which everybody was awake: a pending flow whose schedule is not at its end was asked about at
/// least as often as its slowest tier says, with what it takes to notice that a window is silent, and by one window.
fn due_checks_are_made(run: &Run, flow: &str) {
    if run.settled.contains_key(flow) || run.world.status(0, flow).is_none() {
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
