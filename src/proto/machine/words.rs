//! The contract's words for what comes out of the machine, and its shape in JavaScript.

use super::io::{Event, EventKind, FlowView, Poller, Stage, Via, WindowHint};
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
        Tree::object()
            .with("seq", self.seq)
            .with("type", self.kind.as_str())
            .with("at", self.at)
            .with("via", self.via.as_str())
            .with("flow", self.flow.to_wire())
    }
}

impl FlowView {
    /// The flow as the front gets it.
    #[must_use]
    pub fn to_wire(&self) -> Tree {
        let error = self.error.as_ref().map(|error| {
            Tree::object()
                .with("code", &error.code)
                .with("retryable", error.retryable)
        });
        let object = Tree::object()
            .with("id", &self.id)
            .with("provider", &self.provider)
            .with("startedAt", self.started_at)
            .with("expiresAt", self.expires_at)
            .with("startedHere", self.started_here)
            .with_some("appState", self.app_state.as_ref())
            .with_some("retryOf", self.retry_of.as_ref())
            .with("status", self.status.as_str())
            .with_some("stage", self.stage.map(Stage::as_str))
            .with_some("window", self.window.map(WindowHint::as_str))
            .with_some("href", self.href.as_ref())
            .with_some("settledAt", self.settled_at)
            .with_some("provisional", self.provisional)
            .with_some("error", error);
        self.outcome.write(object)
    }
}
