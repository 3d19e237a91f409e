//! Sends the same exchanges in a loop over reqwest and checks only status and session: the lower bound for a runner.
//!
//! Usage: `bare_loop BASE SCENARIOS IN_FLIGHT fresh|reuse`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Client, RequestBuilder};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// How often a scenario repeats its five exchanges.
const ROUNDS: usize = 4;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, scenarios, in_flight, connections] = &arguments[..] else {
        return Err("usage: bare_loop BASE SCENARIOS IN_FLIGHT fresh|reuse".into());
    };
    let (scenarios, in_flight): (usize, usize) = (scenarios.parse()?, in_flight.parse()?);
    let mut runtime =
        if in_flight == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    runtime.enable_all().build()?.block_on(async {
        let kept = if connections == "reuse" { usize::MAX } else { 0 };
        let client = Client::builder().no_proxy().pool_max_idle_per_host(kept).build()?;
        if in_flight == 1 {
            for _ in 0..scenarios {
                scenario(&client, base).await?;
            }
            return Ok(());
        }
        let mut tasks = JoinSet::new();
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..in_flight {
            let (client, base, begun) = (client.clone(), base.clone(), Arc::clone(&begun));
            tasks.spawn(async move {
                while begun.fetch_add(1, Ordering::Relaxed) < scenarios {
                    scenario(&client, &base).await?;
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    })
}

async fn scenario(client: &Client, base: &str) -> Done {
    for _ in 0..ROUNDS {
        let form =
            client.post(format!("{base}/login")).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let login = form.body("email=ada@example.org&password=pwd").send().await?;
        let cookie = login.headers().get(SET_COOKIE).ok_or("no cookie")?.to_str()?.to_owned();
        let cookie = cookie.split(';').next().unwrap_or_default();
        if login.status() != 200 || login.bytes().await?.is_empty() {
            return Err("the login failed".into());
        }
        expect(client.get(format!("{base}/me")).header(COOKIE, cookie), 200).await?;
        expect(client.get(format!("{base}/users/ada")).header(COOKIE, cookie), 200).await?;
        expect(client.delete(format!("{base}/logout")).header(COOKIE, cookie), 200).await?;
        expect(client.get(format!("{base}/me")).header(COOKIE, cookie), 403).await?;
    }
    Ok(())
}

async fn expect(request: RequestBuilder, status: u16) -> Done {
    let answer = request.send().await?;
    let own = answer.status().as_u16();
    answer.bytes().await?;
    if own == status { Ok(()) } else { Err(format!("{own} instead of {status}").into()) }
}
