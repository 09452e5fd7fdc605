//! What the web platform gives, one file per facility: an event becomes an [`Input`](crate::proto::machine::Input), an
//! [`Output`](crate::proto::machine::Output) becomes a call. Nothing is decided here.
//!
//! Each facility can be used alone. Whatever listens is a guard: dropping it undoes it. Whatever may be missing or
//! refused says so as a [`Facility`]; nothing panics, because a trap would kill the instance for good.
//!
//! [`Driver`] puts them together around a [`Machine`](crate::proto::machine::Machine). It is what an app in Rust uses:
//!
//! ```no_run
//! use oauth_sync::browser::{Driver, Options, Source};
//! use oauth_sync::proto::machine::Config;
//!
//! let driver = Driver::new(
//!     Options {
//!         config: Config::default(),
//!         source: Some(Source::Url("/oauth/status".into())),
//!         ..Options::default()
//!     },
//!     |events| {
//!         for event in events {
//!             // Give event.flow to a signal of your framework, then say that it was told: driver.feed(Input::Told { … }).
//!             drop(event);
//!         }
//!     },
//!     |_entry| {},
//! );
//! let flows = driver.flows();
//! ```

pub mod bag;
pub mod channel;
pub mod clock;
mod decode;
mod driver;
mod encode;
mod facility;
pub mod fetch;
mod listener;
pub mod lock;
pub mod page;
pub mod popup;
pub mod push;
pub mod storage;
pub mod timer;
mod value;
pub mod window;

pub use driver::{Diagnostics, Driver, LogEntry, Options};
pub use encode::{to_js, to_json};
pub use facility::{Facilities, Facility};
pub use fetch::Source;
pub use listener::Listener;
#[cfg(feature = "module")]
pub(crate) use value::{function, later, objects, property, text};
