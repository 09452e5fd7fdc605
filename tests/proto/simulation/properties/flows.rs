//! Of verdicts, and of telling them.

use crate::simulation::steps::Run;
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

pub fn verdicts_only_rise(run: &Run, w: usize, flow: &str) {
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

pub fn each_is_told_once(run: &Run, w: usize, flow: &str) {
    let told = run.world.told(w, flow);
    for kind in ONCE {
        let times = told.iter().filter(|told| **told == kind).count();
        assert!(times <= 1, "window {w}, {flow}: {kind:?} in {told:?}");
    }
}

/// A server that can be asked has said so, or, where a callback page decides, it has.
pub fn nothing_is_final_by_hearsay(run: &Run, w: usize, flow: &str) {
    let Some(view) = run.world.view(w, flow) else {
        return;
    };
    let config = &run.world.config;
    let end = run.settled.get(flow);
    let is_by_the_server = end == Some(&view.status.as_str());
    let is_by_a_notice = run.noticed.contains(flow) && !config.confirm;
    if view.status == Status::Completed {
        assert!(is_by_the_server || is_by_a_notice, "window {w}, {flow}");
    } else if config.askable && view.provisional == Some(false) {
        assert!(is_by_the_server, "window {w}, {flow}: {view:?}");
    }
}

/// Where a server can be asked, a flow that nobody has started is not shown because a callback page names it.
pub fn nobody_shows_a_stranger(run: &Run, w: usize) {
    if run.world.config.askable {
        for flow in run.world.windows[w].machine.flows() {
            assert!(
                run.started.contains(flow.id.as_str()),
                "window {w}: {}",
                flow.id
            );
        }
    }
}

/// The flow is the same in every window; one that was dismissed is the same or not there.
pub fn windows_agree(run: &Run, w: usize, flow: &str) {
    let first = run.open().next().unwrap_or(w);
    assert_eq!(
        run.world.status(w, flow),
        run.world.status(first, flow),
        "windows {w} and {first}, {flow}"
    );
}

/// Listeners have heard of what a window shows.
pub fn what_is_shown_was_told(run: &Run, w: usize, flow: &str) {
    if let Some(status) = run.world.status(w, flow) {
        let told = run.world.told(w, flow);
        assert!(
            told_as(status).is_none_or(|kind| told.contains(&kind)),
            "window {w}, {flow}: {status:?} is not in {told:?}"
        );
    }
}

fn told_as(status: Status) -> Option<EventKind> {
    match status {
        Status::Pending => None,
        Status::Expired => Some(EventKind::Expired),
        Status::Cancelled => Some(EventKind::Cancelled),
        Status::Failed => Some(EventKind::Failed),
        Status::Completed => Some(EventKind::Completed),
    }
}

/// Nothing brings back what a reset took away.
pub fn what_was_forgotten_is_gone(run: &Run, w: usize, flow: &str) {
    if run.forgotten.contains(flow) {
        assert_eq!(run.world.status(w, flow), None, "window {w}, {flow}");
    }
}

/// Every window that is open shows what the server says.
pub fn ends_in_the_servers_status(run: &Run, flow: &str) {
    let Some(end) = run.settled.get(flow) else {
        return;
    };
    let decided = run.noticed.contains(flow) && !run.world.config.confirm;
    for w in run.open().filter(|_| !decided) {
        match run.world.status(w, flow) {
            Some(status) => assert_eq!(status.as_str(), *end, "window {w}, {flow}"),
            None => assert!(is_taken_away(run, flow), "window {w}, {flow}"),
        }
    }
}

/// A success that a callback page told of, where its word decides.
pub fn no_success_is_lost(run: &Run, flow: &str) {
    if run.noticed.contains(flow) && !run.world.config.confirm {
        for w in run.open() {
            let status = run.world.status(w, flow);
            assert!(
                status == Some(Status::Completed) || status.is_none() && is_taken_away(run, flow),
                "window {w}, {flow}: {status:?}"
            );
        }
    }
}

fn is_taken_away(run: &Run, flow: &str) -> bool {
    run.dismissed.contains(flow) || run.forgotten.contains(flow)
}
