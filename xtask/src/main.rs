//! Build steps that are Rust: wasm-bindgen and its test runner, in the version of the crate itself.
//!
//! `cargo xtask bindgen <wasm> <directory>` writes the module and its glue; `cargo xtask test-runner …` is what Cargo
//! runs wasm tests with (see `.cargo/config.toml`).

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let step = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let outcome = match (step.to_str(), rest.as_slice()) {
        (Some("bindgen"), [wasm, directory]) => {
            wasm_bindgen_cli::wasm_bindgen::run_cli_with_args([
                OsString::from("wasm-bindgen"),
                wasm.clone(),
                "--out-dir".into(),
                directory.clone(),
                // The one target that every bundler, a plain page and Node can import.
                "--target".into(),
                "web".into(),
                "--out-name".into(),
                "oauth_sync".into(),
                // The front says where the module is, so that bundlers copy it once.
                "--omit-default-module-path".into(),
            ])
        }
        (Some("test-runner"), [_, ..]) => {
            let args = [OsString::from("wasm-bindgen-test-runner")];
            wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(
                args.into_iter().chain(rest),
            )
        }
        _ => {
            eprintln!(
                "usage: cargo xtask bindgen <wasm> <directory>\n       cargo xtask test-runner <wasm> [filter]"
            );
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:?}", step.display());
            ExitCode::FAILURE
        }
    }
}
