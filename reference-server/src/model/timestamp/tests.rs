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
fn counts_seconds_from_1970() {
    assert_eq!(timestamp("1970-01-01T00:00:00").seconds, 0);
    assert_eq!(timestamp("2017-10-16T04:23:04").seconds, 1_508_127_784);
    assert_eq!(timestamp("1969-12-31T23:59:59").seconds, -1);
}

#[test]
fn every_day_of_four_centuries_survives_a_round_trip() {
    let first = days_before(1900, 1, 1);
    for days in first..first + 146_097 {
        let (year, month, day) = date_of(days);
        assert_eq!(days_before(year, month, day), days);
    }
    assert_eq!(date_of(first + 146_097), (2300, 1, 1));
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
