//! How often one may ask, by person and by address: a bucket for each that refills evenly over a minute.

use crate::clock::Clock;
use axum::http::HeaderMap;
use governor::Quota;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often buckets that are full again are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// What is limited together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Reading: status, outcome pages, events.
    Read,
    /// Changing: starts, cancels, and whatever else writes.
    Change,
    /// Coming back from a provider.
    Callback,
}

impl Class {
    /// As metrics and the configuration write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Callback => "callback",
        }
    }
}

/// Requests a minute. A bucket holds as many: what was not used is there at once. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Of one person.
    pub user: u32,
    /// Of one address: an office behind one, or somebody without a name.
    pub address: u32,
}

/// The limits of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of [`Class::Read`]. The module asks at most once a second, for one window of all.
    pub read: Rate,
    /// Of [`Class::Change`]. Each start writes two rows.
    pub change: Rate,
    /// Of [`Class::Callback`].
    pub callback: Rate,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            read: Rate {
                user: 600,
                address: 6000,
            },
            change: Rate {
                user: 60,
                address: 600,
            },
            callback: Rate {
                user: 60,
                address: 600,
            },
            proxies: Vec::new(),
        }
    }
}

/// Which bucket was empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The person's.
    User,
    /// The address's.
    Address,
}

impl By {
    /// As metrics write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "address",
        }
    }
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Whose bucket was empty.
    pub by: By,
    /// When there is a request in it again.
    pub wait: Duration,
}

/// The buckets.
pub struct Limiter {
    read: Pair,
    change: Pair,
    callback: Pair,
    proxies: Vec<IpAddr>,
    clock: Clock,
    /// Keys are hashes of a secret kind: each takes the same few bytes, however long a name is.
    hasher: RandomState,
    forget_at_ms: AtomicU64,
    has_warned: AtomicBool,
}

impl Limiter {
    /// Full buckets.
    #[must_use]
    pub fn new(rates: Rates, clock: &Clock) -> Self {
        Self {
            read: Pair::new(rates.read, clock),
            change: Pair::new(rates.change, clock),
            callback: Pair::new(rates.callback, clock),
            proxies: rates.proxies,
            clock: clock.clone(),
            hasher: RandomState::new(),
            forget_at_ms: AtomicU64::new(0),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Takes a request out of the address's bucket and out of the person's.
    ///
    /// # Errors
    ///
    /// [`Limited`] where one of them is empty.
    pub fn check(
        &self,
        class: Class,
        address: Option<IpAddr>,
        user: Option<&str>,
    ) -> Result<(), Limited> {
        self.forget();
        let pair = match class {
            Class::Read => &self.read,
            Class::Change => &self.change,
            Class::Callback => &self.callback,
        };
        if let (Some(buckets), Some(address)) = (&pair.address, address) {
            buckets.take(self.hasher.hash_one(household(address)), By::Address)?;
        }
        if let (Some(buckets), Some(user)) = (&pair.user, user) {
            buckets.take(self.hasher.hash_one(user), By::User)?;
        }
        Ok(())
    }

    /// Who asks: the peer, or, where that is a proxy of ours, the rightmost address that is none. What stands further
    /// left was written by whoever asks, and is not believed.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        let forwarded = headers.get_all("x-forwarded-for");
        if !self.proxies.contains(&client) {
            if forwarded.iter().next().is_some() && !self.has_warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    operation = "limit",
                    peer = %client,
                    "X-Forwarded-For comes from an address that is not in rate_limits.proxies: everybody behind it \
                     shares one limit"
                );
            }
            return Some(client);
        }
        let hops: Vec<&str> = forwarded
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in hops.into_iter().rev() {
            let Some(address) = address_of(hop.trim()) else {
                break;
            };
            client = address;
            if !self.proxies.contains(&client) {
                break;
            }
        }
        Some(client)
    }

    /// How many buckets are remembered.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.all().map(|buckets| buckets.0.len()).sum()
    }

    /// A full bucket and none are the same. Thus a bucket is kept for a minute after its last request at most.
    fn forget(&self) {
        let now = u64::try_from(self.clock.steady().as_millis()).unwrap_or(u64::MAX);
        let due = self.forget_at_ms.load(Ordering::Relaxed);
        let next = now.saturating_add(FORGET_EVERY.as_millis() as u64);
        let is_ours = due <= now
            && self
                .forget_at_ms
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_ours {
            for buckets in self.all() {
                buckets.0.retain_recent();
                buckets.0.shrink_to_fit();
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Buckets> {
        [&self.read, &self.change, &self.callback]
            .into_iter()
            .flat_map(|pair| pair.user.iter().chain(&pair.address))
    }
}

struct Pair {
    user: Option<Buckets>,
    address: Option<Buckets>,
}

impl Pair {
    fn new(rate: Rate, clock: &Clock) -> Self {
        Self {
            user: Buckets::new(rate.user, clock),
            address: Buckets::new(rate.address, clock),
        }
    }
}

/// Buckets of one size, by key.
struct Buckets(governor::RateLimiter<u64, DashMapStateStore<u64>, Steady, NoOpMiddleware<Nanos>>);

impl Buckets {
    fn new(a_minute: u32, clock: &Clock) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(a_minute)?);
        let clock = Steady(clock.clone());
        Some(Self(governor::RateLimiter::dashmap_with_clock(
            quota, clock,
        )))
    }

    fn take(&self, key: u64, by: By) -> Result<(), Limited> {
        self.0.check_key(&key).map_err(|not_until| {
            let now = governor::clock::Clock::now(self.0.clock());
            Limited {
                by,
                wait: not_until.wait_time_from(now),
            }
        })
    }
}

/// Our clock, as governor asks for one.
#[derive(Clone, Debug)]
struct Steady(Clock);

impl governor::clock::Clock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.steady().into()
    }
}

/// One subscriber has a whole /64 of IPv6 (RFC 6177).
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// With a port too, as some proxies write it.
fn address_of(hop: &str) -> Option<IpAddr> {
    let address: IpAddr = hop
        .parse()
        .or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()))
        .ok()?;
    Some(address.to_canonical())
}
