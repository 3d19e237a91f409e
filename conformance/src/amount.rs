//! How many there are of something, and how long it took, in words: one step, two steps, 2.5 seconds.

use std::fmt::Display;

/// Returns a number with its noun, which has an `s` where there is not one of it.
///
/// ```
/// # use conformance::amount::amount;
/// assert_eq!([amount(0_u64, "step"), amount(1_usize, "step"), amount(2_u32, "step")], ["0 steps", "1 step", "2 steps"]);
/// ```
#[must_use]
pub fn amount<N: Copy + Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Returns whole milliseconds, the nearest ones. It is written in a fifth of the time that its fractions take.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no time is negative or so long")]
pub fn whole(milliseconds: f64) -> usize {
    milliseconds.round() as usize
}

/// Returns a time in the unit that suits it.
///
/// ```
/// # use conformance::amount::time;
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
