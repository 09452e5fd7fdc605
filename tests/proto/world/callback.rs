//! A callback page.

use super::World;
use super::network::Parcel;
use oauth_sync::proto::machine::Via;
use serde_json::{Value, json};

/// By which ways it speaks.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    /// To this window.
    pub post_message: Option<usize>,
    pub broadcast: bool,
    pub storage: bool,
}

/// BroadcastChannel and storage: the opener was cut off.
pub const ALL: Channels = Channels {
    post_message: None,
    broadcast: true,
    storage: true,
};

impl Channels {
    pub fn post_message(w: usize) -> Self {
        Self {
            post_message: Some(w),
            broadcast: false,
            storage: false,
        }
    }

    pub fn broadcast() -> Self {
        Self {
            post_message: None,
            broadcast: true,
            storage: false,
        }
    }

    pub fn storage() -> Self {
        Self {
            post_message: None,
            broadcast: false,
            storage: true,
        }
    }
}

/// What it says.
#[derive(Clone, Debug)]
pub struct Callback(pub Value);

impl Callback {
    pub fn success(notice_id: &str) -> Self {
        Self(json!({
            "type": "oauth-complete", "v": 1, "id": notice_id, "provider": "github", "success": true,
        }))
    }

    pub fn failure(notice_id: &str, code: &str) -> Self {
        Self(json!({
            "type": "oauth-failed", "v": 1, "id": notice_id, "provider": "github", "success": false,
            "error": { "code": code },
        }))
    }

    /// As a hand-written page says it.
    pub fn plain(success: bool) -> Self {
        Self(
            json!({ "type": "oauth-complete", "provider": "github", "success": success, "integrationId": 7 }),
        )
    }

    pub fn of(self, flow_id: &str) -> Self {
        self.with("flowId", json!(flow_id))
    }

    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }
}

impl World {
    /// The callback page of this moment speaks.
    pub fn notify(&mut self, callback: Callback, channels: Channels) {
        let wall = self.wall();
        let is_plain = callback.0.get("id").is_none();
        let wire = if is_plain || callback.0.get("timestamp").is_some() {
            callback.0
        } else {
            callback.with("timestamp", json!(wall)).0
        };
        if let Some(w) = channels.post_message {
            let load = self.windows[w].load;
            let parcel = Parcel::Notice(wire.clone(), Via::PostMessage);
            self.network.deliver(self.now + 1, w, load, parcel);
        }
        if channels.broadcast {
            self.send_notice(None, &wire);
        }
        if channels.storage {
            self.store_notice(&wire, is_plain);
        }
    }

    fn store_notice(&mut self, wire: &Value, is_plain: bool) {
        if is_plain {
            let mut plain = wire.clone();
            plain["timestamp"] = json!(self.wall());
            if let Some(fields) = plain.as_object_mut() {
                fields.remove("type");
            }
            self.write_local(None, "oauth-status", plain);
            return;
        }
        if wire["success"] == true {
            self.write_local(None, "oauth-status", wire.clone());
        }
        let slot = match wire["flowId"].as_str() {
            Some(flow_id) => format!("oauth-status:{flow_id}"),
            None => format!(
                "oauth-status:p:{}",
                oauth_sync::proto::text::hash(wire["id"].as_str().unwrap_or_default())
            ),
        };
        self.write_slot(None, &slot, wire.clone());
    }

    /// A failure does not write over a success: the slot is all that a page finds that was away.
    pub(super) fn write_slot(&mut self, by: Option<usize>, slot: &str, wire: Value) {
        let has_success = self
            .local
            .value(slot)
            .is_some_and(|before| before["success"] == true);
        if !has_success || wire["success"] == true {
            self.write_local(by, slot, wire);
        }
    }

    /// Over the namespace's BroadcastChannel.
    pub(super) fn send_notice(&mut self, from: Option<usize>, wire: &Value) {
        for to in self.others(from) {
            let load = self.windows[to].load;
            let parcel = Parcel::Notice(wire.clone(), Via::BroadcastChannel);
            self.network.send(self.now, to, load, parcel);
        }
    }
}
