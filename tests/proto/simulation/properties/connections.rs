//! Of connections and their refreshes.

use crate::simulation::connections::IDS;
use crate::simulation::steps::Run;
use crate::world::{State, World};
use oauth_sync::proto::connection::Refreshed;
use oauth_sync::proto::machine::Change;
use std::collections::BTreeMap;

pub fn each_change_is_told_once(run: &Run) {
    for w in run.all() {
        each_is_told_once(&run.world, w);
    }
}

pub fn every_window_shows_what_the_server_keeps(run: &Run) {
    for w in run.open().filter(|_| run.world.config.connections) {
        are_what_the_server_keeps(&run.world, w);
    }
}

/// Where every message is quick.
pub fn one_window_refreshes(run: &Run) {
    let windows = run.world.windows.iter().enumerate();
    let refreshing: Vec<usize> = windows
        .filter(|(_, window)| window.state == State::Running && !window.refreshing.is_empty())
        .map(|(w, _)| w)
        .collect();
    assert!(
        refreshing.len() <= 1 || !run.hears_at_once(),
        "{refreshing:?} refresh"
    );
}

/// A connection goes once between two times that it was added, and is never told under the same name of one version.
pub fn each_is_told_once(world: &World, w: usize) {
    for id in IDS {
        let mut told = Vec::new();
        let mut is_there = false;
        for event in &world.windows[w].connections {
            let connection = &event.connection.connection;
            if connection.id != id {
                continue;
            }
            let what = (connection.version, event.change);
            assert!(!told.contains(&what), "window {w}: {what:?} twice");
            told.push(what);
            if event.change == Change::Disconnected {
                assert!(is_there, "window {w}: {id} is gone twice");
            }
            is_there = event.change != Change::Disconnected;
        }
    }
}

/// A window shows what the server keeps.
pub fn are_what_the_server_keeps(world: &World, w: usize) {
    let kept: BTreeMap<&str, &str> = IDS
        .into_iter()
        .filter_map(|id| Some((id, world.kept(id)?)))
        .collect();
    let views = world.windows[w].machine.connections();
    let shown: BTreeMap<&str, &str> = views
        .iter()
        .map(|view| (view.connection.id.as_str(), view.connection.state.as_str()))
        .collect();
    assert_eq!(shown, kept, "window {w}");
}

/// However many callers and windows want it, a version that is not good enough is made good once.
pub fn the_provider_is_asked_once(run: &Run) {
    let asked = run.world.person.provider_asked.len();
    assert!(
        run.retries || asked <= run.wanted.len(),
        "{asked} for {:?}",
        run.wanted
    );
}

/// Each caller whose page is still there has one answer, and one that is true.
pub fn every_caller_has_an_answer(run: &Run) {
    for (w, load, token) in &run.callers {
        let window = &run.world.windows[*w];
        if window.load != *load || !run.open().any(|open| open == *w) {
            continue;
        }
        let outcomes: Vec<Refreshed> = window
            .refreshed
            .iter()
            .filter(|(answered, _)| answered == token)
            .map(|(_, outcome)| *outcome)
            .collect();
        assert_eq!(outcomes.len(), 1, "window {w}, {token}: {outcomes:?}");
    }
}
