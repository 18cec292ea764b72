//! Functions of IP networks in CIDR notation.

use std::net::{Ipv4Addr, Ipv6Addr};

use dashu_int::ops::BitTest as _;
use dashu_int::{IBig, UBig};
use flowctl_model::{Number, Type, Value};

use super::{Call, Function, FunctionError, Kind, Param, Returns, text};

const PREFIX: Param = Param::new("prefix", Kind::String);
const STRING: Returns = Returns::Fixed(Kind::String);

/// Longer numbers are no part of any address.
const MAX_BITS: usize = 512;

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "cidrhost",
        params: &[PREFIX, Param::new("hostnum", Kind::Number)],
        returns: STRING,
        doc: "The address of a network with a number, which counts from the end if negative.",
        example: ("cidrhost(\"10.12.112.0/20\", 16)", "\"10.12.112.16\""),
        body: |call| {
            let network = network(call)?;
            let mut number = whole(call, 1)?;
            let most = (IBig::ONE << usize::from(network.bits - network.length)) - IBig::ONE;
            // Terraform compares no more than 64 bits of the number, and as a signed one.
            let mut compared = IBig::from(low_bits(&number).cast_signed());
            if number < IBig::ZERO {
                compared = -&number - IBig::ONE;
                number = &most - &compared;
            }
            if compared > most {
                return Err(FunctionError::other(format!(
                    "prefix of {} does not accommodate a host numbered {number}",
                    network.length
                )));
            }
            let width = if network.is_ipv4() { 32 } else { 128 };
            network
                .with_number(number, width)
                .map(|host| text(network.address(host)))
        },
        ..Function::BASE
    },
    Function {
        name: "cidrnetmask",
        params: &[PREFIX],
        returns: STRING,
        doc: "The mask of an IPv4 network as an address.",
        example: ("cidrnetmask(\"172.16.0.0/12\")", "\"255.240.0.0\""),
        body: |call| {
            let network = network(call)?;
            if !network.is_ipv4() {
                return Err(FunctionError::other(
                    "IPv6 addresses cannot have a netmask: only the prefix length is used",
                ));
            }
            Ok(text(network.address(mask(network.bits, network.length))))
        },
        ..Function::BASE
    },
    Function {
        name: "cidrsubnet",
        params: &[
            PREFIX,
            Param::new("newbits", Kind::Number),
            Param::new("netnum", Kind::Number),
        ],
        returns: STRING,
        doc: "A network within a network: by how many bits its prefix is longer, and which of \
              those it is.",
        example: ("cidrsubnet(\"172.16.0.0/12\", 4, 2)", "\"172.18.0.0/16\""),
        body: |call| {
            let network = network(call)?;
            let added = call.integer(1)?;
            let number = whole(call, 2)?;
            let length = i64::from(network.length).saturating_add(added);
            let length = u8::try_from(length)
                .ok()
                .filter(|length| *length <= network.bits)
                .ok_or_else(|| {
                    FunctionError::other(format!(
                        "insufficient address space to extend prefix of {} by {added}",
                        network.length
                    ))
                })?;
            // Terraform compares no more than 64 bits of the number, and without its sign.
            let most = match u32::try_from(added) {
                Ok(added) => 1_u64.checked_shl(added).map_or(u64::MAX, |count| count - 1),
                Err(_) => u64::MAX,
            };
            if low_bits(&number) > most {
                return Err(FunctionError::other(format!(
                    "prefix extension of {added} does not accommodate a subnet numbered {number}"
                )));
            }
            let base = network.with_number(number, length)?;
            let subnet = Network {
                base,
                length,
                ..network
            };
            Ok(text(subnet.to_string()))
        },
        ..Function::BASE
    },
    Function {
        name: "cidrsubnets",
        params: &[PREFIX],
        variadic: Some(Param::new("newbits", Kind::Number)),
        returns: Returns::Fixed(Kind::List(&Kind::String)),
        doc: "Networks within a network, one after the other, each with a prefix longer by so \
              many bits.",
        example: ("cidrsubnets(\"10.1.0.0/16\", 4, 4)[1]", "\"10.1.16.0/20\""),
        body: |call| {
            let given = call.text(0)?;
            let network = Network::parse(given).map_err(|why| FunctionError::argument(0, why))?;
            let mut previous: Option<Network> = None;
            let mut subnets = Vec::new();
            for index in 1..call.args.len() {
                let next = following(call, &network, previous.as_ref(), index)
                    .map_err(|why| FunctionError::argument(index, why))?;
                subnets.push(text(next.to_string()));
                previous = Some(next);
            }
            Ok(Value::list(Type::String, subnets))
        },
        ..Function::BASE
    },
];

/// A network: its first address, how many bits of it are the prefix, and of how many.
#[derive(Clone, Copy)]
struct Network {
    base: u128,
    length: u8,
    bits: u8,
}

impl Network {
    fn parse(given: &str) -> Result<Self, String> {
        let invalid = || format!("invalid CIDR expression: invalid CIDR address: {given}");
        let (address, length) = given.split_once('/').ok_or_else(invalid)?;
        let (address, bits) = if address.contains(':') {
            let address: Ipv6Addr = address.parse().map_err(|_| invalid())?;
            (u128::from(address), 128)
        } else {
            (u128::from(ipv4(address).ok_or_else(invalid)?), 32)
        };
        let length = decimal(length)
            .and_then(|length| u8::try_from(length).ok())
            .filter(|length| *length <= bits)
            .ok_or_else(invalid)?;
        Ok(Self {
            base: address & mask(bits, length),
            length,
            bits,
        })
    }

    fn address(&self, address: u128) -> String {
        if let (32, Ok(address)) = (self.bits, u32::try_from(address)) {
            return Ipv4Addr::from(address).to_string();
        }
        let address = Ipv6Addr::from(address);
        match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => address.to_string(),
        }
    }

    /// Whether it is of IPv4, be it in the form of IPv6.
    fn is_ipv4(&self) -> bool {
        self.bits == 32 || Ipv6Addr::from(self.base).to_ipv4_mapped().is_some()
    }

    /// The base with a number put after the first `length` bits. Negative numbers come out as
    /// Terraform has them: the magnitude of what the two are together.
    fn with_number(&self, number: IBig, length: u8) -> Result<u128, FunctionError> {
        let shifted = number << usize::from(self.bits - length);
        let (_, magnitude) = (IBig::from(self.base) | shifted).into_parts();
        u128::try_from(magnitude)
            .ok()
            .filter(|address| *address <= all(self.bits))
            .ok_or_else(|| FunctionError::other("the number is too large for an address"))
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An IPv4 address in the form of IPv6 is written as the first, and so is its prefix.
        let length = match self.bits {
            128 if self.is_ipv4() => self.length.saturating_sub(96),
            _ => self.length,
        };
        write!(f, "{}/{length}", self.address(self.base))
    }
}

/// Digits as a number; zeros before it count for nothing.
fn decimal(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// Four decimal numbers, which may begin with zeros, as configurations have always had them.
fn ipv4(given: &str) -> Option<u32> {
    let parts = given
        .split('.')
        .map(|part| decimal(part).and_then(|part| u8::try_from(part).ok()))
        .collect::<Option<Vec<u8>>>()?;
    <[u8; 4]>::try_from(parts).ok().map(u32::from_be_bytes)
}

/// The first `length` of `bits` bits.
fn mask(bits: u8, length: u8) -> u128 {
    all(bits) & !all(bits).checked_shr(u32::from(length)).unwrap_or(0)
}

fn network(call: &Call<'_>) -> Result<Network, FunctionError> {
    Network::parse(call.text(0)?).map_err(FunctionError::other)
}

/// The lowest 64 bits of a number's magnitude.
fn low_bits(number: &IBig) -> u64 {
    let (_, magnitude) = number.clone().into_parts();
    u64::try_from(magnitude & UBig::from(u64::MAX)).unwrap_or(u64::MAX)
}

/// A whole number of any size.
fn whole(call: &Call<'_>, index: usize) -> Result<IBig, FunctionError> {
    call.number(index)?
        .to_integer()
        .filter(|number| number.bit_len() <= MAX_BITS)
        .ok_or_else(|| FunctionError::other("value must be a whole number"))
}

/// The next network of a length after the one before, within the whole.
fn following(
    call: &Call<'_>,
    whole: &Network,
    previous: Option<&Network>,
    index: usize,
) -> Result<Network, String> {
    let added = call
        .number(index)
        .ok()
        .and_then(Number::to_i64)
        .ok_or(super::NOT_WHOLE)?;
    if added < 1 {
        return Err("must extend prefix by at least one bit".into());
    }
    let added = u8::try_from(added)
        .ok()
        .filter(|added| *added <= 32)
        .ok_or("may not extend prefix by more than 32 bits")?;
    let length = whole.length + added;
    if length > whole.bits {
        let protocol = if whole.bits == 32 { "IPv4" } else { "IPv6" };
        return Err(format!(
            "would extend prefix to {length} bits, which is too long for an {protocol} address"
        ));
    }
    let base = match previous {
        None => Some(whole.base),
        Some(previous) => {
            let last = previous.base | !mask(previous.bits, previous.length) & all(previous.bits);
            // The next address that begins a network of this size.
            let end = last | !mask(whole.bits, length) & all(whole.bits);
            end.checked_add(1)
        }
    };
    base.filter(|base| {
        base & mask(whole.bits, whole.length) == whole.base && *base <= all(whole.bits)
    })
    .map(|base| Network {
        base,
        length,
        bits: whole.bits,
    })
    .ok_or_else(|| {
        let after = previous.map_or_else(|| whole.to_string(), Network::to_string);
        format!(
            "not enough remaining address space for a subnet with a prefix of {length} bits \
                 after {after}"
        )
    })
}

/// All of so many bits.
fn all(bits: u8) -> u128 {
    u128::MAX >> (128 - u32::from(bits))
}
