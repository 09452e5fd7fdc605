//! The contract's words for what comes out of the machine, and its shape in JavaScript.

use super::io::{
    Change, ConnectionEvent, ConnectionView, ErrorView, Event, EventKind, FlowView, Poller, Stage,
    Via, WindowHint,
};
use crate::proto::flow::FlowId;
use crate::proto::tree::Tree;

impl Via {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostMessage => "post_message",
            Self::BroadcastChannel => "broadcast_channel",
            Self::Storage => "storage",
            Self::Poll => "poll",
            Self::Push => "push",
            Self::Local => "local",
        }
    }
}

impl WindowHint {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
        }
    }
}

impl EventKind {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Opened => "opened",
            Self::Blocked => "blocked",
            Self::WindowClosed => "window_closed",
            Self::Confirming => "confirming",
            Self::Slow => "slow",
            Self::Overdue => "overdue",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Confirmed => "confirmed",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Change {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Refreshed => "refreshed",
            Self::Expired => "expired",
            Self::RefreshFailed => "refresh_failed",
            Self::ReauthRequired => "reauth_required",
            Self::Disconnected => "disconnected",
            Self::Changed => "changed",
        }
    }
}

impl Stage {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Waiting => "waiting",
            Self::Confirming => "confirming",
            Self::Slow => "slow",
            Self::Overdue => "overdue",
        }
    }
}

impl Poller {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Other => "other",
            Self::None => "none",
        }
    }
}

impl Event {
    /// The event as the front gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        object
            .count("seq", self.seq)
            .text("type", self.kind.as_str())
            .time("at", self.at)
            .text("via", self.via.as_str())
            .put("flow", self.flow.to_wire());
        object
    }
}

impl ConnectionEvent {
    /// The event as the front gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        object
            .count("seq", self.seq)
            .text("type", "connection")
            .text("change", self.change.as_str())
            .time("at", self.at)
            .text("via", self.via.as_str())
            .put("connection", self.connection.to_wire());
        object
    }
}

impl ConnectionView {
    /// The connection as the front gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        self.connection.write(&mut object);
        object.some_time("expiresAt", self.expires_at);
        if let Some(error) = &self.error {
            object.put("error", error.to_wire());
        }
        object
    }
}

impl ErrorView {
    fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        object
            .text("code", self.code.as_str())
            .flag("retryable", self.retryable);
        object
    }
}

impl FlowView {
    /// The flow as the front gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let mut object = Tree::object();
        object
            .text("id", self.id.as_str())
            .text("provider", &self.provider)
            .time("startedAt", self.started_at)
            .time("expiresAt", self.expires_at)
            .flag("startedHere", self.started_here)
            .some_text("appState", self.app_state.as_deref())
            .some_text("retryOf", self.retry_of.as_ref().map(FlowId::as_str))
            .text("status", self.status.as_str())
            .some_text("stage", self.stage.map(Stage::as_str))
            .some_text("window", self.window.map(WindowHint::as_str))
            .some_text("href", self.href.as_deref())
            .some_time("settledAt", self.settled_at);
        if let Some(provisional) = self.provisional {
            object.flag("provisional", provisional);
        }
        if let Some(error) = &self.error {
            object.put("error", error.to_wire());
        }
        self.outcome.write(&mut object);
        object
    }
}
