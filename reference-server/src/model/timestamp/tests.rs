//! Tests of both formats.

use super::*;

fn timestamp(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn responses_have_a_space_and_files_a_t() {
    let moment = timestamp("2017-10-16T04:23:04");
    assert_eq!(moment.to_string(), "2017-10-16 04:23:04");
    assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2017-10-16T04:23:04\"");
}

#[test]
fn parses_the_form_with_a_space() {
    assert_eq!(timestamp("2017-10-16 04:23:04"), timestamp("2017-10-16T04:23:04"));
}

#[test]
fn times_before_1970_are_valid() {
    assert_eq!(timestamp("1969-12-31T23:59:59").to_string(), "1969-12-31 23:59:59");
}

#[test]
fn times_are_ordered_and_the_last_one_is_not_exceeded() {
    let last = timestamp("9999-12-31T23:59:59");
    assert!(timestamp("2017-10-16T04:23:04") < last);
    assert_eq!(last.plus_seconds(i64::MAX).to_string(), last.to_string());
}

#[test]
fn leap_days_follow_the_gregorian_calendar() {
    for leap_day in ["2000-02-29T00:00:00", "2024-02-29T23:59:59"] {
        assert_eq!(timestamp(leap_day).to_string(), leap_day.replace('T', " "));
    }
    for none in ["1900-02-29T00:00:00", "2023-02-29T00:00:00"] {
        assert!(none.parse::<Timestamp>().is_err());
    }
}

#[test]
fn rejects_other_texts_with_an_example() {
    for text in [
        "",
        "2017-10-16",
        "2017-10-16T04:23",
        "2017-10-16T04:23:04Z",
        "2017-10-16T04:23:04.5",
        "2017-10-16t04:23:04",
        "2017-13-16T04:23:04",
        "2017-00-16T04:23:04",
        "2017-10-00T04:23:04",
        "2017-10-16T24:23:04",
        "2017-10-16T04:60:04",
        "2017-10-16T04:23:60",
        "+017-10-16T04:23:04",
    ] {
        let error = text.parse::<Timestamp>().unwrap_err();
        assert_eq!(error.to_string(), format!("`{text}` is not a time like 2017-10-16T04:23:04"));
    }
}

#[test]
fn now_is_after_this_was_written() {
    assert!(Timestamp::now() > timestamp("2024-01-01T00:00:00"));
}

#[test]
fn seconds_can_be_added() {
    assert_eq!(timestamp("2017-12-31T23:59:58").plus_seconds(3), timestamp("2018-01-01T00:00:01"));
}
