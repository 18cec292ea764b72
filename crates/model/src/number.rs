//! Numbers with Terraform's laws: 512 bits of binary precision, printed as short decimals.
//!
//! Nearly every number is a small integer, so that case is stored inline and everything else is
//! boxed.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};

/// Precision of every inexact result, in bits, as in Terraform.
pub const PRECISION: usize = 512;

/// A binary floating-point number of [`PRECISION`] bits, rounded half to even.
pub type Big = FBig<HalfEven, 2>;

/// A number value. Equal numbers compare and hash equal however they were made.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// Every integer that fits is stored here and never in `Big` (see [`Number::from_big`]).
    Int(i64),
    Big(Arc<Big>),
    /// What a division by zero gives; its sign.
    Infinite(Sign),
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Int(0));
    /// More than every other number: what a positive number divided by zero is.
    pub const INFINITY: Self = Self(Repr::Infinite(Sign::Positive));

    /// A number from a big float, rounded to [`PRECISION`]; whole numbers that fit are stored
    /// inline.
    pub fn from_big(big: Big) -> Self {
        let big = big.with_precision(PRECISION).value();
        match IBig::try_from(big.clone())
            .ok()
            .and_then(|int| i64::try_from(int).ok())
        {
            Some(int) => Self(Repr::Int(int)),
            None => Self(Repr::Big(Arc::new(big))),
        }
    }

    /// The number as a big float of [`PRECISION`] bits.
    pub fn to_big(&self) -> Big {
        match &self.0 {
            Repr::Int(int) => big_int(IBig::from(*int)),
            Repr::Big(big) => big.as_ref().clone(),
            Repr::Infinite(Sign::Positive) => Big::INFINITY,
            Repr::Infinite(Sign::Negative) => Big::NEG_INFINITY,
        }
    }

    /// Whether the number is infinite, which has no decimal digits and no form in JSON.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Infinite(_))
    }

    /// The number as an integer, if it is whole and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(int) => Some(int),
            Repr::Big(_) | Repr::Infinite(_) => None,
        }
    }

    /// The number as an index or a count, if it is whole, not negative and fits.
    pub fn to_usize(&self) -> Option<usize> {
        self.to_i64()?.try_into().ok()
    }

    /// The nearest double.
    pub fn to_f64(&self) -> f64 {
        match self.0 {
            Repr::Infinite(Sign::Positive) => f64::INFINITY,
            Repr::Infinite(Sign::Negative) => f64::NEG_INFINITY,
            _ => self.to_big().to_f64().value(),
        }
    }

    /// The number as an integer of any size, if it is whole.
    pub fn to_integer(&self) -> Option<IBig> {
        match &self.0 {
            Repr::Int(int) => Some(IBig::from(*int)),
            Repr::Big(big) => IBig::try_from(big.as_ref().clone()).ok(),
            Repr::Infinite(_) => None,
        }
    }

    /// A number from a double; `None` for not-a-number.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.is_infinite() {
            return Some(Self(Repr::Infinite(if value > 0.0 {
                Sign::Positive
            } else {
                Sign::Negative
            })));
        }
        // Terraform keeps such results with a double's 53 bits. All that shows of that is how many
        // digits are printed, so the digits it would print are the number.
        let big = FBig::<HalfEven, 2>::try_from(value).ok()?;
        let (significand, exponent) = big.repr().clone().into_parts();
        let (sign, magnitude) = significand.into_parts();
        if magnitude.is_zero() {
            return Some(Self::ZERO);
        }
        let (digits, point) = shortest(&magnitude, exponent, f64::MANTISSA_DIGITS as usize);
        let sign = if sign == Sign::Negative { "-" } else { "" };
        format!("{sign}0.{digits}e{point}").parse().ok()
    }

    /// The exact value of a double in binary; `None` for infinities and not-a-number.
    pub fn from_f64_exact(value: f64) -> Option<Self> {
        FBig::<HalfEven, 2>::try_from(value)
            .ok()
            .filter(|_| value.is_finite())
            .map(Self::from_big)
    }

    /// The whole number that `text` writes in a base from 2 to 62: digits, then letters (of either
    /// case up to base 36, small before capital beyond).
    pub fn from_str_radix(text: &str, base: u32) -> Option<Self> {
        if !(2..=62).contains(&base) {
            return None;
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.is_empty() {
            return None;
        }
        let mut magnitude = IBig::ZERO;
        for c in digits.bytes() {
            let digit = match c {
                b'0'..=b'9' => c - b'0',
                b'a'..=b'z' => c - b'a' + 10,
                b'A'..=b'Z' if base <= 36 => c - b'A' + 10,
                b'A'..=b'Z' => c - b'A' + 36,
                _ => return None,
            };
            if u32::from(digit) >= base {
                return None;
            }
            magnitude = magnitude * IBig::from(base) + IBig::from(digit);
        }
        Some(Self::from_integer(if negative {
            -magnitude
        } else {
            magnitude
        }))
    }

    /// The decimal digits of the magnitude without leading and trailing zeros, and how many of them
    /// stand before the decimal point: all digits if `exact`, otherwise the fewest that read back
    /// as the same number. No digits for zero and infinities.
    pub fn digits(&self, exact: bool) -> (String, i64) {
        let (significand, exponent) = match &self.0 {
            Repr::Infinite(_) | Repr::Int(0) => return (String::new(), 0),
            Repr::Int(int) => (IBig::from(*int), 0),
            Repr::Big(big) => big.repr().clone().into_parts(),
        };
        let (_, magnitude) = significand.into_parts();
        if exact {
            exact_digits(&magnitude, exponent)
        } else {
            shortest(&magnitude, exponent, PRECISION)
        }
    }

    /// Whether the number is whole.
    pub fn is_integer(&self) -> bool {
        self.to_integer().is_some()
    }

    /// Less than zero.
    pub fn is_negative(&self) -> bool {
        *self < Self::ZERO
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Int(0))
    }

    /// The sum, rounded; `None` for opposite infinities.
    pub fn add(&self, other: &Self) -> Option<Self> {
        Some(match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) if a.checked_add(*b).is_some() => Self(Repr::Int(a + b)),
            (Repr::Infinite(a), Repr::Infinite(b)) => return (a == b).then(|| self.clone()),
            (Repr::Infinite(_), _) => self.clone(),
            (_, Repr::Infinite(_)) => other.clone(),
            _ => Self::from_big(sum(&self.to_big(), &other.to_big(), false)),
        })
    }

    /// The difference, rounded; `None` for an infinity less itself.
    pub fn sub(&self, other: &Self) -> Option<Self> {
        Some(match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) if a.checked_sub(*b).is_some() => Self(Repr::Int(a - b)),
            (Repr::Infinite(_), _) | (_, Repr::Infinite(_)) => return self.add(&other.neg()),
            _ => Self::from_big(sum(&self.to_big(), &other.to_big(), true)),
        })
    }

    /// The product, rounded; `None` for zero times an infinity.
    pub fn mul(&self, other: &Self) -> Option<Self> {
        Some(match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) if a.checked_mul(*b).is_some() => Self(Repr::Int(a * b)),
            (Repr::Infinite(_), _) | (_, Repr::Infinite(_)) => {
                if self.is_zero() || other.is_zero() {
                    return None;
                }
                Self(Repr::Infinite(self.sign() * other.sign()))
            }
            _ => Self::from_big(self.to_big() * other.to_big()),
        })
    }

    /// The quotient, rounded: infinite for a division by zero, `None` for zero by zero and
    /// infinity by infinity.
    pub fn div(&self, other: &Self) -> Option<Self> {
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => None,
            (true, false) => Some(Self(Repr::Infinite(self.sign() * other.sign()))),
            (false, true) => Some(Self::ZERO),
            (false, false) if !other.is_zero() => {
                Some(Self::from_big(self.to_big() / other.to_big()))
            }
            (false, false) if self.is_zero() => None,
            (false, false) => Some(Self(Repr::Infinite(self.sign()))),
        }
    }

    fn sign(&self) -> Sign {
        if self.is_negative() {
            Sign::Negative
        } else {
            Sign::Positive
        }
    }

    /// The negation.
    #[must_use]
    pub fn neg(&self) -> Self {
        match &self.0 {
            Repr::Infinite(sign) => Self(Repr::Infinite(-*sign)),
            Repr::Int(int) => int.checked_neg().map_or_else(
                || Self::from_integer(-IBig::from(*int)),
                |int| Self(Repr::Int(int)),
            ),
            Repr::Big(big) => Self::from_big(-big.as_ref().clone()),
        }
    }

    /// The largest whole number that is not greater.
    #[must_use]
    pub fn floor(&self) -> Self {
        match &self.0 {
            Repr::Int(_) | Repr::Infinite(_) => self.clone(),
            Repr::Big(big) => Self::from_big(big.floor()),
        }
    }

    /// The smallest whole number that is not less.
    #[must_use]
    pub fn ceil(&self) -> Self {
        match &self.0 {
            Repr::Int(_) | Repr::Infinite(_) => self.clone(),
            Repr::Big(big) => Self::from_big(big.ceil()),
        }
    }

    /// The whole part, rounded toward zero.
    #[must_use]
    pub fn trunc(&self) -> Self {
        if self.is_negative() {
            self.ceil()
        } else {
            self.floor()
        }
    }
}

/// An integer at [`PRECISION`], rounded if it is longer.
fn big_int(int: IBig) -> Big {
    Big::from_parts(int, 0).with_precision(PRECISION).value()
}

/// Why a text is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a number is required")]
pub struct NotANumber;

/// The decimal exponent beyond which a text is refused, so that a short text cannot make a number
/// of unbounded length.
const MAX_EXPONENT: i64 = 1_000_000;

/// Decimal text: digits with an optional sign, fraction and exponent, rounded to [`PRECISION`].
impl FromStr for Number {
    type Err = NotANumber;
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(NotANumber);
                }
                (mantissa, exponent.parse::<i64>().map_err(|_| NotANumber)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotANumber);
        }
        let fraction_length = i64::try_from(fraction.len()).map_err(|_| NotANumber)?;
        let exponent = exponent.checked_sub(fraction_length).ok_or(NotANumber)?;
        if exponent.abs() > MAX_EXPONENT {
            return Err(NotANumber);
        }
        let mut significand: IBig = digits.parse().map_err(|_| NotANumber)?;
        if negative {
            significand = -significand;
        }
        let scale = power_of_ten(exponent.unsigned_abs());
        if exponent >= 0 {
            return Ok(Self::from_big(big_int(significand * scale)));
        }
        let (quotient, remainder) = (&significand).div_rem(&scale);
        if remainder.is_zero() {
            return Ok(Self::from_big(big_int(quotient)));
        }
        Ok(Self::from_big(rounded_quotient(&significand, &scale)))
    }
}

fn power_of_ten(exponent: u64) -> IBig {
    IBig::from(10).pow(usize::try_from(exponent).unwrap_or(usize::MAX))
}

/// `numerator / denominator` rounded half to even at [`PRECISION`] bits, in one rounding.
fn rounded_quotient(numerator: &IBig, denominator: &IBig) -> Big {
    let bits = |int: &IBig| isize::try_from(int.bit_len()).unwrap_or(isize::MAX);
    // Two bits more than the precision, and a sticky bit below them, decide the rounding.
    let wanted = isize::try_from(PRECISION).unwrap_or(isize::MAX) + 2;
    let shift = (wanted - (bits(numerator) - bits(denominator))).max(0);
    let shifted = numerator << shift.unsigned_abs();
    let (quotient, remainder) = shifted.div_rem(denominator);
    let sticky = match (remainder.is_zero(), numerator.sign()) {
        (true, _) => IBig::ZERO,
        (false, Sign::Positive) => IBig::ONE,
        (false, Sign::Negative) => IBig::NEG_ONE,
    };
    Big::from_parts((quotient << 1) + sticky, -shift - 1)
        .with_precision(PRECISION)
        .value()
}

/// `a + b`, or `a - b`, rounded once: both are brought to one exponent and added as integers.
fn sum(a: &Big, b: &Big, subtract: bool) -> Big {
    let (a, a_exponent) = a.repr().clone().into_parts();
    let (b, b_exponent) = b.repr().clone().into_parts();
    let exponent = a_exponent.min(b_exponent);
    let a = a << (a_exponent - exponent).unsigned_abs();
    let b = b << (b_exponent - exponent).unsigned_abs();
    Big::from_parts(if subtract { a - b } else { a + b }, exponent)
        .with_precision(PRECISION)
        .value()
}

/// The shortest decimal that reads back as the same number, without an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let big = match &self.0 {
            Repr::Int(int) => return fmt::Display::fmt(int, f),
            Repr::Big(big) => big,
            Repr::Infinite(Sign::Positive) => return f.write_str("+Inf"),
            Repr::Infinite(Sign::Negative) => return f.write_str("-Inf"),
        };
        let (significand, exponent) = big.repr().clone().into_parts();
        let (sign, magnitude) = significand.into_parts();
        let (digits, point) = shortest(&magnitude, exponent, PRECISION);
        if sign == Sign::Negative {
            f.write_str("-")?;
        }
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        if point >= length {
            write!(f, "{digits}{}", zeros(point - length))
        } else if point <= 0 {
            write!(f, "0.{}{digits}", zeros(-point))
        } else {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            write!(f, "{whole}.{fraction}")
        }
    }
}

/// All decimal digits of `magnitude * 2^exponent` but for zeros at the end, and how many of them
/// stand before the decimal point.
fn exact_digits(magnitude: &UBig, exponent: isize) -> (String, i64) {
    let (text, decimals) = if exponent >= 0 {
        ((magnitude << exponent.unsigned_abs()).to_string(), 0)
    } else {
        let places = exponent.unsigned_abs();
        (
            (magnitude * UBig::from(5_u8).pow(places)).to_string(),
            i64::try_from(places).unwrap_or(i64::MAX),
        )
    };
    let point = i64::try_from(text.len()).unwrap_or(i64::MAX) - decimals;
    (text.trim_end_matches('0').to_owned(), point)
}

/// The fewest decimal digits within half a unit in the last of `precision` places around
/// `magnitude * 2^exponent`, and how many of them stand before the decimal point.
///
/// The bounds lie half a unit away on both sides, even at powers of two where the lower neighbour
/// is nearer: so does Terraform, and printed numbers must be the same.
fn shortest(magnitude: &UBig, exponent: isize, precision: usize) -> (String, i64) {
    // One bit more than the precision, so that the last bit stands for half a unit.
    let shift = (precision + 1).saturating_sub(magnitude.bit_len());
    let doubled = magnitude << shift;
    let exponent = exponent - isize::try_from(shift).unwrap_or(isize::MAX);
    let (scale, decimals) = if exponent >= 0 {
        (UBig::ONE << exponent.unsigned_abs(), 0)
    } else {
        let places = exponent.unsigned_abs();
        (
            UBig::from(5_u8).pow(places),
            i64::try_from(places).unwrap_or(i64::MAX),
        )
    };
    let decimal = |significand: UBig| {
        let text = (significand * &scale).to_string();
        let point = i64::try_from(text.len()).unwrap_or(i64::MAX) - decimals;
        (text.trim_end_matches('0').to_owned(), point)
    };
    let inclusive = !doubled.bit(1);
    let (exact, point) = decimal(doubled.clone());
    let (lower, _) = decimal(&doubled - UBig::ONE);
    let (upper, _) = decimal(doubled + UBig::ONE);
    let at = |text: &str, i: usize| text.as_bytes().get(i).copied().unwrap_or(b'0');
    for (i, digit) in exact.bytes().enumerate() {
        let (l, u) = (at(&lower, i), at(&upper, i));
        let down = l != digit || (inclusive && i + 1 == lower.len());
        let up = digit != u && (inclusive || digit + 1 < u || i + 1 < upper.len());
        let round_up = match (down, up) {
            (false, false) => continue,
            (true, false) => false,
            (false, true) => true,
            (true, true) => {
                let rest = exact.as_bytes().get(i + 1..).unwrap_or_default();
                match rest.split_first() {
                    Some((b'5', [])) => digit % 2 == 1,
                    Some((next, _)) => *next >= b'5',
                    None => false,
                }
            }
        };
        let kept = exact.get(..=i).unwrap_or_default();
        return if round_up {
            incremented(kept, point)
        } else {
            (kept.trim_end_matches('0').to_owned(), point)
        };
    }
    (exact, point)
}

/// Decimal digits with one added to the last of them.
fn incremented(digits: &str, point: i64) -> (String, i64) {
    let kept = digits.trim_end_matches('9');
    match kept.as_bytes().split_last() {
        Some((last, before)) => {
            let mut text = String::from_utf8_lossy(before).into_owned();
            text.push(char::from(last + 1));
            (text, point)
        }
        None => ("1".to_owned(), point + 1),
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            (Repr::Infinite(a), Repr::Infinite(b)) => a.cmp(b),
            (Repr::Infinite(Sign::Positive), _) | (_, Repr::Infinite(Sign::Negative)) => {
                Ordering::Greater
            }
            (Repr::Infinite(Sign::Negative), _) | (_, Repr::Infinite(Sign::Positive)) => {
                Ordering::Less
            }
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Int(int) => int.hash(state),
            // A big float is kept normalized, so equal numbers have equal parts.
            Repr::Big(big) => {
                let (significand, exponent) = big.repr().clone().into_parts();
                (significand, exponent).hash(state);
            }
            Repr::Infinite(sign) => sign.hash(state),
        }
    }
}

impl From<i64> for Number {
    fn from(int: i64) -> Self {
        Self(Repr::Int(int))
    }
}

impl From<i32> for Number {
    fn from(int: i32) -> Self {
        Self(Repr::Int(int.into()))
    }
}

impl From<u64> for Number {
    fn from(int: u64) -> Self {
        Self::from_integer(int.into())
    }
}

impl From<usize> for Number {
    fn from(int: usize) -> Self {
        Self::from_integer(int.into())
    }
}

impl Number {
    /// A number from an integer of any size, rounded to [`PRECISION`] bits.
    pub fn from_integer(int: IBig) -> Self {
        Self::from_big(big_int(int))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn decimals_print_as_they_were_written() {
        for (text, printed) in [
            ("0", "0"),
            ("-0", "0"),
            ("1.10", "1.1"),
            ("1e400", &format!("1{}", "0".repeat(400))),
            ("1e-20", "0.00000000000000000001"),
            ("99999999999999999999.5", "99999999999999999999.5"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("9223372036854775808", "9223372036854775808"),
            (".5", "0.5"),
            ("+5", "5"),
        ] {
            assert_eq!(number(text).to_string(), printed, "{text}");
        }
    }

    #[test]
    fn results_are_rounded_to_512_bits() {
        let third = number("1").div(&number("3")).unwrap().to_string();
        assert_eq!(third, format!("0.{}5", "3".repeat(154)));
        assert_eq!(
            number("0.1").add(&number("0.2")).unwrap().to_string(),
            "0.3"
        );
        assert_eq!(
            number("1.1").add(&number("2.2")).unwrap().to_string(),
            format!("3.3{}2", "0".repeat(152))
        );
        assert_ne!(number("1.1").add(&number("2.2")), Some(number("3.3")));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "1_0",
            " 1",
            "1 ",
            ".",
            "1e99999999999",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn equal_numbers_are_stored_alike() {
        assert_eq!(number("1e3").to_i64(), Some(1000));
        assert_eq!(number("4.5").mul(&number("2")).unwrap().to_i64(), Some(9));
        assert_eq!(number("-7.5").trunc().to_i64(), Some(-7));
    }

    #[test]
    fn infinite_numbers_follow_the_laws_of_floats() {
        let zero = Number::ZERO;
        let infinite = number("1").div(&zero).unwrap();
        let negative = number("-2.5").div(&zero).unwrap();
        assert_eq!(infinite, Number::INFINITY);
        assert_eq!(infinite.neg(), negative);
        assert!(negative < number("-1e400") && infinite > number("1e400"));
        assert_eq!(infinite.to_string(), "+Inf");
        assert_eq!(number("7").sub(&infinite), Some(negative.clone()));
        assert_eq!(negative.mul(&number("-1.5")), Some(infinite.clone()));
        assert_eq!(number("5").div(&infinite), Some(zero.clone()));
        for undefined in [
            zero.div(&zero),
            infinite.div(&infinite),
            infinite.sub(&infinite),
            infinite.add(&negative),
            infinite.mul(&zero),
        ] {
            assert_eq!(undefined, None);
        }
        assert_eq!(Number::from_f64(f64::NEG_INFINITY), Some(negative));
    }
}
