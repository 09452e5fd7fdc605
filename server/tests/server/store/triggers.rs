//! The guard behind the guards: what no statement may do, whoever sends it.

use crate::harness::{Home, Raw};

async fn made() -> (Home, Raw) {
    let home = Home::chosen().await;
    super::opened_at(&home).await.close().await;
    let database = home.connect().await;
    (home, database)
}

const FLOW: &str = "INSERT INTO flows (id, user_id, provider, status, created_at, expires_at, claimable_until) \
    VALUES ('flow-0001', 'ann', 'mona', 'pending', 1, 2, 3)";

/// Code that forgets a guard is refused by the database itself.
#[tokio::test]
async fn the_trigger_refuses_every_step_that_is_not_in_the_graph() {
    const SETTLE: [(&str, &str); 3] = [
        (
            "cancelled",
            "UPDATE flows SET status = 'cancelled', settled_at = 5",
        ),
        (
            "failed",
            "UPDATE flows SET status = 'failed', error_code = 'server_error', settled_at = 5",
        ),
        (
            "expired",
            "UPDATE flows SET status = 'expired', settled_at = 5",
        ),
    ];
    const STEPS: [&str; 7] = [
        "UPDATE flows SET status = 'pending', settled_at = NULL",
        "UPDATE flows SET status = 'exchanging', settled_at = NULL, claim_id = 'c'",
        "UPDATE flows SET status = 'completed', connection_id = 'int-1'",
        "UPDATE flows SET status = CASE status WHEN 'failed' THEN 'cancelled' ELSE 'failed' END",
        "UPDATE flows SET status = CASE status WHEN 'expired' THEN 'cancelled' ELSE 'expired' END",
        "UPDATE flows SET error_code = 'other'",
        "UPDATE flows SET user_id = 'bob'",
    ];
    for (name, settle) in SETTLE {
        let (_home, mut database) = made().await;
        database.run(FLOW).await.unwrap();
        assert!(
            database
                .run("UPDATE flows SET status = 'completed', connection_id = 'x', settled_at = 5")
                .await
                .is_err()
        );
        database.run(settle).await.unwrap();
        for step in STEPS {
            let refused = database.run(step).await.unwrap_err();
            assert!(
                refused.contains("cannot take this step")
                    || refused.contains("final")
                    || refused.contains("keeps its person"),
                "{name}: {step}: {refused}"
            );
        }
    }
}

#[tokio::test]
async fn a_claim_cannot_change_hands() {
    let (_home, mut database) = made().await;
    database.run(FLOW).await.unwrap();
    assert!(
        database
            .run("UPDATE flows SET status = 'exchanging'")
            .await
            .is_err(),
        "without a claim"
    );
    database
        .run("UPDATE flows SET status = 'exchanging', claim_id = 'c1'")
        .await
        .unwrap();
    let stolen = database
        .run("UPDATE flows SET status = 'failed', settled_at = 5, claim_id = 'c2'")
        .await;
    assert!(stolen.unwrap_err().contains("cannot take this step"));
}

/// A token pair is replaced by its successor alone, and what is disconnected stays as it is.
#[tokio::test]
async fn the_trigger_refuses_a_generation_that_does_not_follow() {
    let (_home, mut database) = made().await;
    let no_bytes = match database {
        Raw::Sqlite(_) => "x''",
        Raw::Postgres(_) => "''",
    };
    let connection = format!(
        "INSERT INTO connections (id, user_id, provider, tools, key_id, access_token, created_at, updated_at) \
         VALUES ('int-1', 'ann', 'mona', '[]', 'k1', {no_bytes}, 1, 1)"
    );
    database.run(&connection).await.unwrap();
    let refused = database.run("UPDATE connections SET generation = 3").await;
    assert!(refused.unwrap_err().contains("cannot take this generation"));
    database
        .run("UPDATE connections SET generation = 2")
        .await
        .unwrap();
    database
        .run("UPDATE connections SET disconnected_at = 5")
        .await
        .unwrap();
    for step in [
        "UPDATE connections SET disconnected_at = NULL",
        "UPDATE connections SET generation = 3",
    ] {
        assert!(database.run(step).await.is_err(), "{step}");
    }
}
