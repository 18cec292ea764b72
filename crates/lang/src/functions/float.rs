//! Logarithms and powers of doubles to the last digit of what Terraform's runtime computes, because
//! results are compared with its own. The operating system's functions round otherwise.

/// The exponential: reduction to a small number by multiples of ln 2, a Taylor series, and squaring,
/// with the products and sums that are rounded only once there rounded only once here.
fn exp(x: f64) -> f64 {
    const LN2_UPPER: f64 = 0.693_147_180_559_663;
    const LN2_LOWER: f64 = 2.823_529_056_303_157_7e-13;
    const FIRST: f64 = 2.480_158_730_158_73e-5;
    const FURTHER: [f64; 7] = [
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
        1.0,
    ];
    let power = (x * std::f64::consts::LOG2_E).round_ties_even();
    let reduced = power.mul_add(-LN2_UPPER, x);
    let small = power.mul_add(-LN2_LOWER, reduced) * 0.0625;
    let series = FURTHER
        .iter()
        .fold(FIRST, |sum, term| sum.mul_add(small, *term));
    // From e^y - 1 to e^2y - 1 three times, then once more to e^2y.
    let grown = (0..3).fold(small * series, |y, _| y * (y + 2.0));
    scaled(grown.mul_add(grown + 2.0, 1.0), power)
}

/// A number times 2 to the power of a whole number.
fn scaled(number: f64, power: f64) -> f64 {
    // In steps that stay within what a double can be.
    const STEP: f64 = 1000.0;
    let mut number = number;
    let mut left = power.clamp(-5000.0, 5000.0);
    while left.abs() > STEP {
        let step = STEP.copysign(left);
        number *= step.exp2();
        left -= step;
    }
    number * left.exp2()
}

/// A number as a fraction from a half to one, and the power of 2 to multiply it with.
fn fraction_and_power(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (normal, shift) = if x.abs() < f64::MIN_POSITIVE {
        (x * 52_f64.exp2(), -52)
    } else {
        (x, 0)
    };
    let bits = normal.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    (fraction, exponent - 1022 + shift)
}

/// A power: the fractional part of the exponent by logarithm and exponential, the whole part by
/// repeated squaring of the fraction, with the exponent of two kept apart.
#[expect(clippy::float_cmp, reason = "exactly these are special")]
pub(super) fn pow(x: f64, y: f64) -> f64 {
    const MANY_BITS: i64 = 1 << 12;
    let special = y == 0.0 || x == 1.0 || x == 0.0 || !x.is_finite() || !y.is_finite();
    if special || y.abs() >= 63_f64.exp2() {
        // Exact by the rules of floating point.
        return x.powf(y);
    }
    if y == 1.0 {
        return x;
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let (mut whole, mut part) = (y.abs().trunc(), y.abs().fract());
    if part != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    let mut result = 1.0;
    let mut result_power = 0_i64;
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        result = exp(part * ln(x));
    }
    let (mut fraction, mut power) = fraction_and_power(x);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and below 2^63"
    )]
    let mut left = whole as i64;
    while left != 0 {
        if power.abs() > MANY_BITS {
            // Beyond every double, one way or the other.
            result_power += power;
            break;
        }
        if left & 1 == 1 {
            result *= fraction;
            result_power += power;
        }
        fraction *= fraction;
        power *= 2;
        if fraction < 0.5 {
            fraction += fraction;
            power -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        result_power = -result_power;
    }
    let power = i32::try_from(result_power.clamp(-20_000, 20_000)).unwrap_or(0);
    scaled(result, f64::from(power))
}

/// The natural logarithm, computed as Terraform's runtime does it (reduction to a fraction near
/// one, then a polynomial), because results are compared to the last digit.
pub(super) fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ODD: [f64; 4] = [
        6.666_666_666_666_735e-1,
        2.857_142_874_366_239e-1,
        1.818_357_216_161_805e-1,
        1.479_819_860_511_658_6e-1,
    ];
    const EVEN: [f64; 3] = [
        3.999_999_999_940_942e-1,
        2.222_219_843_214_978_4e-1,
        1.531_383_769_920_937_3e-1,
    ];
    if !(x > f64::MIN_POSITIVE && x.is_finite()) {
        return x.ln();
    }
    let bits = x.to_bits();
    let mut power = f64::from(i16::try_from(bits >> 52).unwrap_or(0) - 1022);
    let mut fraction = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3fe0_0000_0000_0000);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        power -= 1.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let polynomial = |terms: &[f64]| terms.iter().rev().fold(0.0, |sum, term| term + s4 * sum);
    let r = s2 * polynomial(&ODD) + s4 * polynomial(&EVEN);
    let half = 0.5 * f * f;
    power * LN2_HIGH - ((half - (s * (half + r) + power * LN2_LOW)) - f)
}
