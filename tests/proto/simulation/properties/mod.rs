//! What holds in every run.

pub mod connections;
mod flows;
mod polling;

use super::steps::{FLOWS, Run};

/// After every step.
pub fn hold_always(run: &Run) {
    for w in run.all() {
        for flow in FLOWS {
            flows::verdicts_only_rise(run, w, flow);
            flows::each_is_told_once(run, w, flow);
            flows::nothing_is_final_by_hearsay(run, w, flow);
        }
        flows::nobody_shows_a_stranger(run, w);
        connections::each_is_told_once(&run.world, w);
    }
    polling::passing_on_never_loops(run);
    polling::one_window_acts(run);
    connections::the_provider_is_asked_once(run);
}

/// When nothing happens any more.
pub fn hold_at_rest(run: &Run) {
    hold_always(run);
    for w in run.open() {
        polling::nothing_grows(run, w);
        if run.world.config.connections {
            connections::are_what_the_server_keeps(&run.world, w);
        }
        for flow in &run.started {
            flows::windows_agree(run, w, flow);
            flows::what_is_shown_was_told(run, w, flow);
            flows::what_was_forgotten_is_gone(run, w, flow);
        }
    }
    connections::every_caller_has_an_answer(run);
    for flow in &run.started {
        flows::no_success_is_lost(run, flow);
        if run.world.config.askable {
            flows::ends_in_the_servers_status(run, flow);
            polling::due_checks_are_made(run, flow);
        }
    }
    polling::one_stream_is_open(run);
}
