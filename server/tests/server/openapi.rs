//! The document and the router say the same.

use crate::harness::Server;
use axum::http::{Method, StatusCode};
use oauth_sync_server::push::Limits;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

async fn document(server: &Server) -> Value {
    let answer = server.browser("ann").get("/oauth/openapi.json", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn every_operation_of_the_document_is_routed_and_every_route_is_in_it() {
    // A stream ends soon: each body is read whole.
    let push = Limits {
        life: Duration::from_millis(50),
        ..Limits::default()
    };
    let edit = |text| {
        text + "\n[metrics]\ntoken = \"a-token-of-sixteen-bytes\"\n[rate_limits]\nchange = { user = 0 }\n"
    };
    let server = Server::made(edit, push).await;
    let document = document(&server).await;
    let mut browser = server.browser("ann");
    for (path, item) in document["paths"].as_object().unwrap() {
        let uri = path
            .replace("{provider}", "mona")
            .replace("{id}", "flow-0001")
            .replace("{integration}", "int_1");
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
        ] {
            let is_documented = item.get(method.as_str().to_lowercase()).is_some();
            let token = [("authorization", "Bearer a-token-of-sixteen-bytes")];
            let answer = browser.send(method.clone(), &uri, &token, "").await;
            assert_eq!(
                answer.status != StatusCode::METHOD_NOT_ALLOWED,
                is_documented,
                "{method} {path}: {}",
                answer.status
            );
            if is_documented && method == Method::GET && !path.contains('{') {
                assert_ne!(answer.body, "", "{path} reaches a handler");
            }
        }
    }
    // A route that is added without `routes!` is in no document.
    let source = include_str!("../../src/http/mod.rs");
    assert!(!source.contains(".route("), "every route goes by `routes!`");
}

#[tokio::test]
async fn every_answer_that_scripts_read_has_a_schema_and_every_reference_a_target() {
    let server = Server::start().await;
    let document = document(&server).await;
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.contains("#/components/schemas/Reply"));
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations = document["paths"].as_object().unwrap().values();
    for operation in operations.flat_map(|item| item.as_object().unwrap().values()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(!operation["responses"].as_object().unwrap().is_empty());
        assert!(operation["summary"].is_string(), "{id}");
    }
}

#[tokio::test]
async fn the_readme_lists_the_same_routes() {
    let server = Server::start().await;
    let document = document(&server).await;
    let readme = include_str!("../../README.md");
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(readme.contains(path.as_str()), "README.md lacks {path}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "$ref" => {
                        references.insert(text.clone());
                    }
                    _ => collect(value, references),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
