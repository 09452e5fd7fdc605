//! The server half of oauth-sync.
