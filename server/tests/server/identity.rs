//! Who is asking, over the router.

use crate::harness::{BY_SCRIPT, FROM_THE_APP, ORIGIN, Server};
use axum::http::StatusCode;
use hmac::{Hmac, KeyInit as _, Mac as _};
use oauth_sync_server::random::base64url;

const SECRET: &str = "the secret that the app shares with us";

fn by_token(text: String) -> String {
    text.replace(
        "header = \"X-User\"\nproxies = [\"127.0.0.1\"]",
        &format!("token_secret = \"{SECRET}\"\ntoken_cookie = \"app_user\"\ntoken_audience = \"oauth-sync\""),
    )
}

fn token(user: &str) -> String {
    let claims = format!(
        r#"{{"sub":"{user}","aud":"oauth-sync","exp":{}}}"#,
        crate::harness::BEGIN / 1000 + 600
    );
    let signed = format!(
        "{}.{}",
        base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
        base64url(claims.as_bytes())
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", base64url(&mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_token_in_a_cookie_carries_a_whole_flow() {
    let server = Server::with(by_token).await;
    let mut browser = server.browser("not believed");
    browser.cookies.insert("app_user".to_owned(), token("ann"));
    let departure = browser.start("mona", "flow-0001").await;
    browser.land("mona", &departure.state, "c").await;
    assert_eq!(browser.status("flow-0001").await["status"], "completed");
    let mut bob = server.browser("ann");
    bob.cookies.insert("app_user".to_owned(), token("bob"));
    assert_eq!(bob.status("flow-0001").await["status"], "unknown");
    server.clock.advance(std::time::Duration::from_secs(700));
    assert_eq!(
        browser.status("flow-0001").await["status"],
        "unknown",
        "the token has expired"
    );
}

#[tokio::test]
async fn a_bearer_needs_no_origin_for_no_page_elsewhere_can_send_it() {
    let server = Server::with(by_token).await;
    let mut client = server.browser("not believed");
    let bearer = format!("Bearer {}", token("ann"));
    let body = r#"{"provider":"mona","flow":"flow-0001"}"#;
    let made = client
        .post("/oauth/flows", &[("authorization", &bearer)], body)
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let page = [
        ("authorization", bearer.as_str()),
        ("origin", "https://elsewhere.example"),
    ];
    assert_eq!(
        client.post("/oauth/flows", &page, body).await.status,
        StatusCode::FORBIDDEN
    );
    client.cookies.insert("app_user".to_owned(), token("ann"));
    assert_eq!(
        client.post("/oauth/flows", &[], body).await.status,
        StatusCode::FORBIDDEN,
        "a cookie is ambient"
    );
    assert_eq!(
        client.post("/oauth/flows", BY_SCRIPT, body).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_header_is_believed_from_the_proxy_alone() {
    let server = Server::with(|text| text.replace("127.0.0.1\"]", "10.1.2.3\"]")).await;
    let mut browser = server.browser("ann");
    let answer = browser
        .get("/oauth/start/mona?flow=flow-0001", FROM_THE_APP)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = browser
        .post(
            "/oauth/flows",
            &[("origin", ORIGIN)],
            r#"{"provider":"mona"}"#,
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
