//! How often one may ask, and who may see the numbers.

use super::check::Check;
use super::raw::{RawMetrics, RawRate, RawRates};
use super::{Identity, MetricsAccess};
use crate::limit::{Rate, Rates};
use secrecy::ExposeSecret as _;

/// Nobody guesses as many bytes.
const SHORTEST_TOKEN: usize = 16;

impl Check<'_> {
    /// The proxies of the identity's header are those that forward, where no others are named.
    pub(super) fn rates(raw: RawRates, identity: Option<&Identity>) -> Rates {
        let default = Rates::default();
        let rate = |raw: Option<RawRate>, default: Rate| Rate {
            user: raw.and_then(|raw| raw.user).unwrap_or(default.user),
            address: raw.and_then(|raw| raw.address).unwrap_or(default.address),
        };
        let proxies = match (raw.proxies, identity) {
            (Some(proxies), _) => proxies,
            (None, Some(Identity::Header { proxies, .. })) => proxies.clone(),
            (None, _) => Vec::new(),
        };
        Rates {
            read: rate(raw.read, default.read),
            change: rate(raw.change, default.change),
            callback: rate(raw.callback, default.callback),
            proxies: proxies
                .into_iter()
                .map(|address| address.to_canonical())
                .collect(),
        }
    }

    pub(super) fn metrics(&mut self, raw: Option<RawMetrics>) -> MetricsAccess {
        let Some(raw) = raw else {
            return MetricsAccess::default();
        };
        let listen = raw.listen.and_then(|text| {
            let address = text.parse().ok();
            if address.is_none() {
                self.wrong(
                    "metrics.listen",
                    "is not an address and port such as 127.0.0.1:9464",
                );
            }
            address
        });
        let has_token = raw.token.is_some() || raw.token_env.is_some() || raw.token_file.is_some();
        if !has_token && listen.is_none() {
            self.wrong(
                "metrics",
                "must say who may see them: an address of their own (listen), or a token",
            );
        }
        let token = has_token
            .then(|| self.secret("metrics.token", raw.token, raw.token_env, raw.token_file))
            .flatten();
        if token
            .as_ref()
            .is_some_and(|token| token.expose_secret().len() < SHORTEST_TOKEN)
        {
            self.wrong("metrics.token", "is shorter than 16 bytes");
        }
        MetricsAccess { listen, token }
    }
}
