//! Formats counts and durations: `1 step`, `2 steps`, `2.50 s`.

use std::fmt::Display;
use std::time::Duration;

/// Returns a number with a noun, in the plural unless the number is 1.
///
/// ```
/// # use conformance_suite::amount::amount;
/// assert_eq!([amount(0_u64, "step"), amount(1_usize, "step"), amount(2_u32, "step")], ["0 steps", "1 step", "2 steps"]);
/// ```
#[must_use]
pub fn amount<N: Copy + Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Returns a number with thousands separators.
///
/// ```
/// # use conformance_suite::amount::grouped;
/// assert_eq!([grouped(0), grouped(999), grouped(1_234), grouped(12_345_678)], ["0", "999", "1,234", "12,345,678"]);
/// ```
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a duration in milliseconds or seconds.
///
/// ```
/// # use conformance_suite::amount::time;
/// assert_eq!([time(40.4), time(2500.0)], ["40 ms", "2.50 s"]);
/// ```
#[must_use]
pub fn time(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.2} s", milliseconds / 1000.0)
    }
}

/// Parses a duration: an integer or a decimal, followed by `ms`, `s`, `m`, `h` or `d`.
///
/// ```
/// # use conformance_suite::amount::duration;
/// assert_eq!(duration("1.5s").map(|time| time.as_millis()), Some(1500));
/// assert_eq!(duration("2"), None);
/// ```
#[must_use]
pub fn duration(written: &str) -> Option<Duration> {
    let digits = written.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match written.get(digits.len()..)? {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    let number: f64 = digits.trim_end().parse().ok()?;
    Duration::try_from_secs_f64(number * factor).ok()
}
