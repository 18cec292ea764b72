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
}

impl Number {
    /// A number from a big float; whole numbers that fit are stored inline.
    pub fn from_big(big: Big) -> Self {
        if big.is_int_valued() {
            if let Ok(int) = i64::try_from(big.to_int().value()) {
                return Self(Repr::Int(int));
            }
        }
        Self(Repr::Big(Arc::new(big)))
    }
}
