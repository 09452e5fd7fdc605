//! The callback page for axum of `examples/`, served as an app would; `tests/callbacks` drives it.

use std::io;

#[path = "../../examples/callback-pages/axum.rs"]
mod callback_page;

use callback_page::{Outcome, callback_page};

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?.port());
    let routes = callback_page(async |provider, query| {
        let value = |name: &str| query.get(name).cloned();
        let result = match value("code").as_deref() {
            Some("good") => Ok(format!("int_{provider}")),
            _ => Err(value("error").unwrap_or_else(|| "server_error".into())),
        };
        Outcome {
            flow_id: value("state").unwrap_or_default(),
            result,
        }
    });
    axum::serve(listener, routes).await
}
