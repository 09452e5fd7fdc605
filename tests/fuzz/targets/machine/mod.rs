//! One machine in virtual time, fed with whatever can be read, in whatever order: what is found at the start, heard, answered
//! and asked for, while clocks pass and jump and the page is put away and loaded again.
//!
//! Other windows are not there: what they would say is made up, and need make no sense.

mod page;
mod properties;
mod script;

use arbitrary::{Arbitrary, Unstructured};
use page::Page;
use script::Script;

/// The bytes are a [`Script`]; with `TRACE` set, all that happens is printed.
pub fn run(data: &[u8]) {
    let Ok(script) = Script::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut page = Page::new(&script.setting);
    page.load(&script.found);
    for step in &script.steps {
        page.step(step);
    }
    if script.setting.rests {
        page.come_to_rest();
    }
}
