//! The row of the model, held against the real ones.

use super::refreshing::{connected, ending, intent, queued};
use super::{NOW, sealed};
use crate::model::row::{Lease, Row};
use oauth_sync_server::store::{
    Beginning, Disconnection, Intent, ReauthReason, Renewal, Store, TokenKind, Verdict,
};
use std::sync::Arc;

/// Steps of one life of a connection, in an order made of `seed`.
pub async fn guards_a_row_as_the_model_does(store: Arc<dyn Store>) {
    connected(&*store).await;
    let first = store.connection("ann", "mona").await.unwrap().unwrap();
    let mut row = Row {
        generation: first.generation,
        refresh: 0,
        access: 0,
        issued_at: first.access_issued_at.unwrap(),
        expires_at: first.access_expires_at.unwrap(),
        lease: None,
        sent: None,
        reauth: None,
        cooling_until: None,
        is_disconnected: false,
        sabotage: None,
    };
    let (mut now, mut dice, mut disconnects) = (NOW, Dice(7), 0);
    for step in 0..600 {
        // Mostly the generation that is there, mostly forward, and time goes back now and then.
        let generation = row.generation - i64::from(dice.of(4) == 0);
        let lease = dice.of(3) as u8;
        now += [0, 1, 400, 1000, 2500, -1500][dice.of(6)];
        let at = format!("step {step} at {now}: {row:?}");
        match dice.of(10) {
            0..=3 => {
                let forced = dice.of(2) == 0;
                let wish = Intent {
                    forced,
                    ..intent(&format!("lease-{lease}"), generation, now)
                };
                let real = match store.begin_refresh(&wish, now).await.unwrap() {
                    Beginning::Begun(_) => Lease::Taken,
                    Beginning::Refused(_) => Lease::Refused,
                    Beginning::Gone => Lease::Gone,
                };
                let until = wish.until;
                assert_eq!(
                    real,
                    row.begin(generation, (lease, until), forced, now),
                    "{at}"
                );
            }
            4..=5 => {
                let name = format!("token-{step}");
                let renewal = Renewal {
                    connection: "int-1".to_owned(),
                    generation,
                    access_token: sealed(&name),
                    refresh_token: Some(sealed(&name)),
                    scope: None,
                    access_expires_at: Some(now + 9000),
                    otherwise: vec![queued(&name, TokenKind::Refresh)],
                };
                let real = store.renew(&renewal, now).await.unwrap();
                let modelled = row.renew((generation, lease), (0, 0), now + 9000, now);
                assert_eq!(real, modelled, "{at}");
            }
            6..=8 => {
                let (error, until) = ("x".to_owned(), now + 1500);
                let verdict = match dice.of(4) {
                    0 => Verdict::Untouched,
                    1 => Verdict::Cooling { error, until },
                    2 => Verdict::Uncertain { error, until },
                    _ => Verdict::Reauth(ReauthReason::GrantRejected),
                };
                let end = ending(&format!("lease-{lease}"), generation, verdict.clone());
                let real = store.end_refresh(&end, now).await.unwrap();
                assert_eq!(real, row.end((generation, lease), &verdict, now), "{at}");
            }
            _ if 500 < step && disconnects == 0 => {
                disconnects += 1;
                let of = Disconnection {
                    connection: "int-1".to_owned(),
                    generation: row.generation,
                    tokens: vec![queued("last", TokenKind::Access)],
                };
                assert!(store.disconnect(&of, now).await.unwrap(), "{at}");
                row.is_disconnected = true;
            }
            _ => {}
        }
        let stored = store.connection("ann", "mona").await.unwrap();
        assert_eq!(stored.is_none(), row.is_disconnected, "{at}");
        if let Some(stored) = stored {
            let expected = row.stored();
            assert_eq!(stored.generation, expected.generation, "{at}");
            assert_eq!(stored.lease_until, expected.lease_until, "{at}");
            assert_eq!(stored.sent_generation, expected.sent_generation, "{at}");
            assert_eq!(stored.reauth_reason, expected.reauth_reason, "{at}");
            assert_eq!(stored.cooling_until, expected.cooling_until, "{at}");
            assert_eq!(stored.access_expires_at, expected.access_expires_at, "{at}");
            assert_eq!(stored.access_issued_at, expected.access_issued_at, "{at}");
        }
    }
    assert!(20 < row.generation && row.is_disconnected, "{row:?}");
}

/// The same throws on every run.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: usize) -> usize {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}
