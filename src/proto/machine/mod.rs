//! The machine of one window. Being written.

mod io;

pub use io::*;
