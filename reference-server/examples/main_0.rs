//! Main 0: creates a user in the working directory and prints the base64 credentials for Basic authentication.
//!
//! `API_HOST=0.0.0.0 API_PORT=5000 AUTH_TYPE=basic_auth cargo run -p reference-server --example main_0`

use std::error::Error;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reference_server::model::{Model as _, User};
use reference_server::store::{Directory, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Create a user test
    let user_email = "bob@hbtn.io";
    let user_clear_pwd = "H0lbertonSchool98!";

    let users: Store<User> = Directory::open(Path::new("."))?.store()?;
    let mut user = User::new();
    user.email = Some(user_email.to_owned());
    user.set_password(Some(user_clear_pwd));
    println!("New user: {}", user.id());
    users.save(user).await?;

    let basic_clear = format!("{user_email}:{user_clear_pwd}");
    println!("Basic Base64: {}", STANDARD.encode(basic_clear));
    Ok(())
}
