//! JSON numbers with the digits as written, compared exactly.
//!
//! The arithmetic is ours: it takes time and memory in proportion to the digits, whatever the exponent is. `serde_json`'s arbitrary
//! precision compares numbers as texts, and crates for big numbers write `1e1000000000` out.

use std::cmp::Ordering;
use std::fmt;

/// A number as written (RFC 8259, section 6). Two numbers are equal if they mean the same: `1`, `1.0` and `10e-1`.
#[derive(Debug, Clone)]
pub struct Number(String);

/// The value of a number: `0.digits × 10^exponent`, without zeros at either end of the digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl Number {
    /// Parses a JSON number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let whole = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match whole.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
            }
            None => (whole, None),
        };
        let (before, fraction) = match mantissa.split_once('.') {
            Some((before, fraction)) => (before, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let leads = before == "0" || !before.starts_with('0');
        (digits(before) && leads && fraction.is_none_or(digits) && exponent.is_none_or(digits))
            .then(|| Self(text.to_owned()))
    }

    /// The number as written.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.0
    }

    /// Whether it is written without a fraction and without an exponent.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !self.0.contains(['.', 'e', 'E'])
    }

    /// Whether its value is an integer: `1`, `1.0` and `1e2`.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let decimal = self.decimal();
        decimal.digits.is_empty() || decimal.scale() >= 0
    }

    /// Returns a text that is the same for two numbers only if they are equal.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Decimal { negative, digits, exponent } = self.decimal();
        format!("{}0.{digits}e{exponent}", if negative { "-" } else { "" })
    }

    /// Returns the nearest float, or infinity if the number is too large.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        // Rust parses every JSON number.
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Whether it differs from another number by at most `off`, exactly.
    #[must_use]
    pub fn is_near(&self, other: &Self, off: &Self) -> bool {
        let all = [self.decimal(), other.decimal(), off.decimal()];
        let nonzero = || all.iter().filter(|one| !one.digits.is_empty());
        let Some(top) = nonzero().map(|one| one.exponent).max() else { return true };
        // For a number below all digits of the larger ones, only the sign matters.
        let length = |one: &Decimal| i128::try_from(one.digits.len()).unwrap_or(i128::MAX / 8);
        let lowest = top - all.iter().map(length).sum::<i128>() - 8;
        let all = all.map(|one| one.no_lower_than(lowest));
        let bottom = all.iter().filter(|one| !one.digits.is_empty()).map(Decimal::scale).min();
        let width = usize::try_from(top - bottom.unwrap_or(top)).unwrap_or_default();
        let [own, other, off] = all;
        let (one, two) = (own.padded(top, width), other.padded(top, width));
        let apart = match own.negative == other.negative {
            true if one >= two => subtract(&one, &two),
            true => subtract(&two, &one),
            false => add(&one, &two),
        };
        apart <= off.padded(top, width)
    }

    /// Returns the number times a power of ten, rounded towards zero; none if it does not fit into 127 bits.
    #[must_use]
    pub fn times_ten_to(&self, power: u8) -> Option<i128> {
        let decimal = self.decimal();
        let shift = decimal.scale().checked_add(power.into())?;
        let cut = usize::try_from(shift.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let digits = decimal.digits.get(..decimal.digits.len().saturating_sub(cut)).unwrap_or_default();
        if digits.is_empty() {
            return Some(0);
        }
        let zeros = u32::try_from(shift.max(0)).ok()?;
        let whole = digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)?;
        Some(if decimal.negative { -whole } else { whole })
    }

    /// Whether it is an integer multiple of another number, exactly; none if the other has more than 64 bits.
    #[must_use]
    pub fn is_multiple_of(&self, other: &Self) -> Option<bool> {
        let (own, other) = (self.decimal(), other.decimal());
        if own.digits.is_empty() || other.digits.is_empty() {
            return Some(own.digits.is_empty());
        }
        // Neither ends in a zero, so a number with more decimal places is not a multiple.
        let Ok(mut zeros) = u128::try_from(own.scale() - other.scale()) else { return Some(false) };
        let divisor = u128::from(other.digits.parse::<u64>().ok()?);
        let mut rest =
            own.digits.bytes().fold(0, |rest, byte| (rest * 10 + u128::from(digit(byte))) % divisor);
        // Multiply by ten for each zero after the digits.
        let mut power = 10 % divisor;
        while zeros > 0 {
            if zeros % 2 == 1 {
                rest = rest * power % divisor;
            }
            power = power * power % divisor;
            zeros /= 2;
        }
        Some(rest == 0)
    }

    /// Converts to `serde_json`: rounded to 64 bits, or the largest float if it is out of range.
    #[must_use]
    pub fn to_library(&self) -> serde_json::Number {
        if let Ok(number) = serde_json::from_str(&self.0) {
            return number;
        }
        let largest = if self.0.starts_with('-') { f64::MIN } else { f64::MAX };
        serde_json::Number::from_f64(largest).unwrap_or_else(|| 0.into())
    }

    fn decimal(&self) -> Decimal {
        let negative = self.0.starts_with('-');
        let (mantissa, exponent) = self.0.split_once(['e', 'E']).unwrap_or((&self.0, "0"));
        let mantissa = mantissa.trim_start_matches('-');
        let (before, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [before, fraction].concat();
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Decimal { negative: false, digits, exponent: 0 };
        }
        // An exponent of more than 127 bits is treated as the limit.
        let limit = if exponent.starts_with('-') { i128::MIN / 4 } else { i128::MAX / 4 };
        let exponent =
            exponent.parse().map_or(limit, |exponent: i128| exponent.clamp(i128::MIN / 4, i128::MAX / 4));
        let length = |text: &str| i128::try_from(text.len()).unwrap_or(i128::MAX / 4);
        let exponent = exponent + length(before) - i128::try_from(leading).unwrap_or(i128::MAX / 4);
        Decimal { negative, digits, exponent }
    }
}

impl Decimal {
    /// Returns the power of ten of the last digit.
    fn scale(&self) -> i128 {
        self.exponent - i128::try_from(self.digits.len()).unwrap_or(i128::MAX / 4)
    }

    /// Returns the number, or the smallest number with its sign if it is below `10^lowest`.
    fn no_lower_than(self, lowest: i128) -> Self {
        if self.digits.is_empty() || self.exponent >= lowest {
            return self;
        }
        Self { digits: "1".into(), exponent: lowest, ..self }
    }

    /// Returns `width` digits from `10^(top - 1)` down, with one more place for a carry.
    fn padded(&self, top: i128, width: usize) -> Vec<u8> {
        let mut digits = vec![0; width + 1];
        if !self.digits.is_empty() {
            let begin = usize::try_from(top - self.exponent).unwrap_or(width).saturating_add(1);
            digits.iter_mut().skip(begin).zip(self.digits.bytes()).for_each(|(to, byte)| *to = digit(byte));
        }
        digits
    }
}

fn digit(byte: u8) -> u8 {
    byte.wrapping_sub(b'0')
}

fn add(one: &[u8], two: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = (one.iter().zip(two).rev())
        .map(|(one, two)| {
            let sum = one + two + carry;
            carry = sum / 10;
            sum % 10
        })
        .collect();
    sum.reverse();
    sum
}

/// Subtracts the smaller number from the larger.
fn subtract(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut rest: Vec<u8> = (larger.iter().zip(smaller).rev())
        .map(|(one, two)| {
            let two = two + borrow;
            borrow = u8::from(*one < two);
            one + 10 * borrow - two
        })
        .collect();
    rest.reverse();
    rest
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decimal() == other.decimal()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, other) = (self.decimal(), other.decimal());
        let sign = |one: &Decimal| match (one.digits.is_empty(), one.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || own.exponent.cmp(&other.exponent).then_with(|| own.digits.cmp(&other.digits));
        sign(&own).cmp(&sign(&other)).then_with(|| match sign(&own) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl From<serde_json::Number> for Number {
    fn from(number: serde_json::Number) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
