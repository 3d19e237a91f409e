//! Tests of the responses.

use http_body_util::BodyExt as _;

use super::*;

async fn rendered(reply: impl Into<Reply>) -> (u16, String, String) {
    let response = reply.into().into_response();
    let status = response.status().as_u16();
    let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, content_type, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn every_rejection_but_405_is_json_with_its_message() {
    for (rejection, status, message) in [
        (Rejection::Unauthorized, 401, "Unauthorized"),
        (Rejection::Forbidden, 403, "Forbidden"),
        (Rejection::NotFound, 404, "Not found"),
        (Rejection::WrongFormat, 400, "Wrong format"),
        (Rejection::EmailMissing, 400, "email missing"),
        (Rejection::PasswordMissing, 400, "password missing"),
        (Rejection::CannotCreate("no".into()), 400, "Can't create User: no"),
        (Rejection::NoUserFound, 404, "no user found for this email"),
        (Rejection::WrongPassword, 401, "wrong password"),
        (Rejection::BadRequest, 400, "Bad request"),
        (Rejection::BodyTooSlow, 408, "Request timeout"),
        (Rejection::BodyTooLarge, 413, "Content too large"),
    ] {
        let body = format!("{{\n  \"error\": \"{message}\"\n}}\n");
        assert_eq!(rendered(rejection).await, (status, "application/json".to_owned(), body));
    }
}

#[tokio::test]
async fn a_405_is_the_html_page_of_the_transcripts() {
    let reply = Reply::from(Rejection::MethodNotAllowed("OPTIONS, POST"));
    assert_eq!(reply.allow, Some("OPTIONS, POST"));
    let page = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n\
                <title>405 Method Not Allowed</title>\n\
                <h1>Method Not Allowed</h1>\n\
                <p>The method is not allowed for the requested URL.</p>\n";
    assert_eq!(rendered(reply).await, (405, "text/html; charset=utf-8".to_owned(), page.to_owned()));
}

#[test]
fn cookie_has_only_the_path_attribute() {
    let response = Reply::html("").with_cookie("_my_session_id", "df05b4e1", "").into_response();
    assert_eq!(response.headers()[SET_COOKIE], "_my_session_id=df05b4e1; Path=/");
}
