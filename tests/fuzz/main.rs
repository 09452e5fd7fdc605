//! Every input that fuzzing has found worth keeping, on stable: the same functions, and so the same properties, that
//! `npm run fuzz` looks for new inputs with.
#![cfg(not(target_arch = "wasm32"))]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in tests, but not in what they share; a target that is not satisfied fails"
)]

mod targets;

use std::fs;
use std::path::Path;

fn replay(target: &str, run: impl Fn(&[u8])) {
    // By hand, for each bound something that is past it; and found, for whatever can be reached.
    for (kind, least) in [("seeds", 1), ("corpus", 20)] {
        let inputs = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz")
            .join(kind);
        let mut count = 0;
        for file in fs::read_dir(inputs.join(target)).expect("a directory") {
            let path = file.expect("an entry").path();
            // The last one that is named is the one that failed.
            println!("{}", path.display());
            run(&fs::read(&path).expect("a file"));
            count += 1;
        }
        assert!(count >= least, "the {kind} of {target} are not there");
    }
}

#[test]
fn every_input_of_the_corpus_of_notices_holds() {
    replay("notices", targets::notices::run);
}

#[test]
fn every_input_of_the_corpus_of_messages_holds() {
    replay("messages", targets::messages::run);
}

#[test]
fn every_input_of_the_corpus_of_replies_holds() {
    replay("replies", targets::replies::run);
}

#[test]
fn every_input_of_the_corpus_of_records_holds() {
    replay("records", targets::records::run);
}

#[test]
fn every_input_of_the_corpus_of_the_machine_holds() {
    replay("machine", targets::machine::run);
}
