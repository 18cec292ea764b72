//! Numbers as decimal text in the forms of the verbs `%e`, `%f` and `%g`.

use std::fmt::Write as _;

use flowctl_model::Number;

/// The decimal digits of a number, and how many of them stand before the decimal point.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn new(number: &Number, exact: bool) -> Self {
        let (digits, point) = number.digits(exact);
        Self {
            negative: number.is_negative(),
            digits: digits.into_bytes(),
            point,
        }
    }

    /// Keeps so many digits, rounding half to even.
    fn round(&mut self, keep: i64) {
        let Ok(keep) = usize::try_from(keep) else {
            self.digits.clear();
            self.point = 0;
            return;
        };
        let Some((&first, rest)) = self.digits.get(keep..).and_then(<[u8]>::split_first) else {
            return;
        };
        let half = first == b'5' && rest.iter().all(|digit| *digit == b'0');
        let last = keep.checked_sub(1).and_then(|at| self.digits.get(at));
        let up = if half {
            last.is_some_and(|last| last % 2 == 1)
        } else {
            first >= b'5'
        };
        self.digits.truncate(keep);
        if up {
            while self.digits.pop_if(|digit| *digit == b'9').is_some() {}
            match self.digits.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    self.digits.push(b'1');
                    self.point += 1;
                }
            }
        }
        while self.digits.pop_if(|digit| *digit == b'0').is_some() {}
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    fn digit(&self, at: i64) -> char {
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at));
        char::from(*digit.unwrap_or(&b'0'))
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn write_scientific(&self, places: i64, letter: char) -> String {
        let mut out = String::from(self.sign());
        out.push(self.digit(0));
        if places > 0 {
            out.push('.');
            out.extend((1..=places).map(|at| self.digit(at)));
        }
        let exponent = if self.digits.is_empty() {
            0
        } else {
            self.point - 1
        };
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{letter}{sign}{:02}", exponent.unsigned_abs());
        out
    }

    fn write_fixed(&self, places: i64) -> String {
        let mut out = String::from(self.sign());
        if self.point > 0 {
            out.extend((0..self.point).map(|at| self.digit(at)));
        } else {
            out.push('0');
        }
        if places > 0 {
            out.push('.');
            out.extend((0..places).map(|at| self.digit(self.point + at)));
        }
        out
    }
}

fn places(precision: usize) -> i64 {
    i64::try_from(precision).unwrap_or(i64::MAX)
}

/// With one digit before the decimal point, so many after it, and an exponent.
pub(super) fn scientific(number: &Number, precision: usize, letter: char) -> String {
    if number.is_infinite() {
        return number.to_string();
    }
    let mut decimal = Decimal::new(number, true);
    decimal.round(places(precision).saturating_add(1));
    decimal.write_scientific(places(precision), letter)
}

/// With so many digits after the decimal point.
pub(super) fn fixed(number: &Number, precision: usize) -> String {
    if number.is_infinite() {
        return number.to_string();
    }
    let mut decimal = Decimal::new(number, true);
    decimal.round(decimal.point.saturating_add(places(precision)));
    decimal.write_fixed(places(precision))
}

/// With an exponent where that is large or small, otherwise without; so many digits in all, or as
/// many as tell the number from every other.
pub(super) fn general(number: &Number, precision: Option<usize>, letter: char) -> String {
    if number.is_infinite() {
        return number.to_string();
    }
    let mut decimal = Decimal::new(number, precision.is_some());
    let limit = match precision {
        Some(precision) => {
            let precision = places(precision).max(1);
            decimal.round(precision);
            let length = places(decimal.digits.len());
            if precision > length && length >= decimal.point {
                length
            } else {
                precision
            }
        }
        None => 6,
    };
    let length = places(decimal.digits.len());
    let exponent = decimal.point - 1;
    if !decimal.digits.is_empty() && (exponent < -4 || exponent >= limit) {
        decimal.write_scientific(length - 1, letter)
    } else {
        decimal.write_fixed((length - decimal.point).max(0))
    }
}
