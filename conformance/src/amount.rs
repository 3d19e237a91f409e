//! How many there are of something, in words: one step, two steps.

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
