//! Main 1: creates sessions and prints the dictionary after each.
//!
//! `AUTH_TYPE=session_auth cargo run -p reference-server --example main_1`

use std::sync::Arc;

use reference_server::auth::{Auth, SessionAuth};
use serde_json::{Value, json};

mod python;

fn main() {
    let sa = SessionAuth::new(Auth::new(None));

    println!("<class 'dict'>: {}", python::dict(&sa.user_id_by_session_id()));

    // In Rust a user id is always a string. A value of another type comes from JSON, and `as_str` converts it to
    // `None`.
    for user_id in [Value::Null, json!(89), json!("abcde"), json!("fghij"), json!("abcde")] {
        let session = sa.create_session(user_id.as_str().map(Arc::from));
        let dictionary = python::dict(&sa.user_id_by_session_id());
        println!("{} => {}: {dictionary}", python::text(&user_id), python::none_or(session));
    }
}
