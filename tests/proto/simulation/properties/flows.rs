//! Of verdicts, and of telling them.

use super::{open_and_started, windows_and_flows};
use crate::simulation::steps::Run;
use oauth_sync::proto::machine::{EventKind, FlowView};
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

pub fn verdicts_only_rise(run: &Run) {
    for (w, flow) in windows_and_flows(run) {
        let events = run.world.windows[w].events.iter();
        let heights: Vec<_> = events
            .filter(|event| event.flow.id.as_str() == flow)
            .map(|event| {
                let FlowView { status, .. } = event.flow;
                let is_final = event.flow.provisional == Some(false);
                (
                    status != Status::Pending,
                    is_final || status == Status::Completed,
                    status,
                )
            })
            .collect();
        assert!(heights.is_sorted(), "window {w}, {flow}: {heights:?}");
    }
}

pub fn each_is_told_once(run: &Run) {
    for (w, flow) in windows_and_flows(run) {
        let told = run.world.told(w, flow);
        for kind in ONCE {
            let times = told.iter().filter(|told| **told == kind).count();
            assert!(times <= 1, "window {w}, {flow}: {kind:?} in {told:?}");
        }
    }
}

/// The server has said so, or, where a callback page decides, it has.
pub fn nothing_is_completed_by_hearsay(run: &Run) {
    for (w, flow) in windows_and_flows(run) {
        if run.world.status(w, flow) == Some(Status::Completed) {
            let is_by_the_server = run.settled.get(flow) == Some(&"completed");
            assert!(
                is_by_the_server || is_decided_by_a_page(run, flow),
                "window {w}, {flow}"
            );
        }
    }
}

pub fn nothing_is_final_by_hearsay(run: &Run) {
    for (w, flow) in windows_and_flows(run).filter(|_| run.world.config.askable) {
        let view = run.world.view(w, flow);
        let is_final =
            |view: &FlowView| view.provisional == Some(false) && view.status != Status::Completed;
        if let Some(view) = view.filter(is_final) {
            let is_by_the_server = run.settled.get(flow) == Some(&view.status.as_str());
            assert!(is_by_the_server, "window {w}, {flow}: {view:?}");
        }
    }
}

/// Where a server can be asked, a flow that nobody has started is not shown because a callback page names it.
pub fn nobody_shows_a_stranger(run: &Run) {
    for w in run.all().filter(|_| run.world.config.askable) {
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
pub fn windows_agree(run: &Run) {
    for (w, flow) in open_and_started(run) {
        let first = run.open().next().unwrap_or(w);
        assert_eq!(
            run.world.status(w, flow),
            run.world.status(first, flow),
            "windows {w} and {first}, {flow}"
        );
    }
}

/// Listeners have heard of what a window shows.
pub fn what_is_shown_was_told(run: &Run) {
    for (w, flow) in open_and_started(run) {
        let told = run.world.told(w, flow);
        let kind = run.world.status(w, flow).and_then(told_as);
        assert!(
            kind.is_none_or(|kind| told.contains(&kind)),
            "window {w}, {flow}: {kind:?} is not in {told:?}"
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
pub fn what_was_forgotten_is_gone(run: &Run) {
    for (w, flow) in open_and_started(run) {
        if run.forgotten.contains(flow) {
            assert_eq!(run.world.status(w, flow), None, "window {w}, {flow}");
        }
    }
}

/// Every window that is open shows what the server says, where no callback page has decided.
pub fn ends_in_the_servers_status(run: &Run) {
    for (w, flow) in open_and_started(run).filter(|_| run.world.config.askable) {
        let end = run.settled.get(flow);
        if let Some(end) = end.filter(|_| !is_decided_by_a_page(run, flow)) {
            match run.world.status(w, flow) {
                Some(status) => assert_eq!(status.as_str(), *end, "window {w}, {flow}"),
                None => assert!(is_taken_away(run, flow), "window {w}, {flow}"),
            }
        }
    }
}

/// Whoever tells of it: the server, or a callback page where its word decides.
pub fn no_success_is_lost(run: &Run) {
    for (w, flow) in open_and_started(run) {
        let is_by_the_server =
            run.world.config.askable && run.settled.get(flow) == Some(&"completed");
        if is_by_the_server || is_decided_by_a_page(run, flow) {
            let status = run.world.status(w, flow);
            assert!(
                status == Some(Status::Completed) || status.is_none() && is_taken_away(run, flow),
                "window {w}, {flow}: {status:?}"
            );
        }
    }
}

/// A callback page has called it a success, and needs nobody to confirm it.
pub fn is_decided_by_a_page(run: &Run, flow: &str) -> bool {
    run.noticed.contains(flow) && !run.world.config.confirm
}

fn is_taken_away(run: &Run, flow: &str) -> bool {
    run.dismissed.contains(flow) || run.forgotten.contains(flow)
}
