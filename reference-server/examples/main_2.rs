//! Main 2: creates sessions and looks up their user ids.
//!
//! `AUTH_TYPE=session_auth cargo run -p reference-server --example main_2`

use std::sync::Arc;

use reference_server::auth::{Auth, SessionAuth, SessionLookup as _};
use serde_json::{Value, json};

mod python;

fn main() {
    let sa = SessionAuth::new(Auth::new(None));
    let create_session = |user_id: &str| {
        let session = python::none_or(sa.create_session(Some(Arc::from(user_id))));
        println!("{user_id} => {session}: {}", python::dict(&sa.user_id_by_session_id()));
        json!(session)
    };
    let show_user_id = |tmp_session_id: &Value| {
        let tmp_user_id = sa.user_id_for_session_id(tmp_session_id.as_str());
        println!("{} => {}", python::text(tmp_session_id), python::none_or(tmp_user_id));
    };

    let user_id_1 = "abcde";
    let session_1 = create_session(user_id_1);

    let user_id_2 = "fghij";
    let session_2 = create_session(user_id_2);

    println!("---");

    show_user_id(&Value::Null);
    show_user_id(&json!(89));
    show_user_id(&json!("doesntexist"));

    println!("---");

    show_user_id(&session_1);
    show_user_id(&session_2);

    println!("---");

    let session_1_bis = create_session(user_id_1);
    show_user_id(&session_1_bis);
    show_user_id(&session_1);
}
