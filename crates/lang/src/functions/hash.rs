//! Functions of hashes, identifiers and encryption.

use base64::Engine as _;
use flowctl_model::Value;
use md5::Md5;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, PrivateKey};
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};
use uuid::Uuid;

use super::{Call, Function, FunctionError, Kind, Param, Returns, read_bytes, text};

const STR: Param = Param::new("str", Kind::String);
const PATH: Param = Param::new("path", Kind::String);
const STRING: Returns = Returns::Fixed(Kind::String);

/// The cost of bcrypt where none, or too low a one, is given.
const DEFAULT_COST: u32 = 10;
/// The costs that bcrypt knows.
const COSTS: std::ops::RangeInclusive<i64> = 4..=31;
/// So many bytes of a password count.
const MAX_PASSWORD: usize = 72;

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        body: |call| Ok(text(base64(&Sha256::digest(call.text(0)?)))),
        ..of_string(
            "base64sha256",
            "The SHA-256 hash of a string in base64.",
            (
                "base64sha256(\"hello world\")",
                "\"uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\"",
            ),
        )
    },
    Function {
        body: |call| Ok(text(base64(&Sha512::digest(call.text(0)?)))),
        ..of_string(
            "base64sha512",
            "The SHA-512 hash of a string in base64.",
            ("length(base64sha512(\"hello world\"))", "88"),
        )
    },
    Function {
        name: "bcrypt",
        params: &[STR],
        variadic: Some(Param::new("cost", Kind::Number)),
        returns: STRING,
        doc: "A hash of a password, different each time; its cost is 10 unless given.",
        body: bcrypt,
        ..Function::BASE
    },
    Function {
        body: |call| Ok(text(base64(&Sha256::digest(file(call)?)))),
        ..of_file("filebase64sha256", "The SHA-256 hash of a file in base64.")
    },
    Function {
        body: |call| Ok(text(base64(&Sha512::digest(file(call)?)))),
        ..of_file("filebase64sha512", "The SHA-512 hash of a file in base64.")
    },
    Function {
        body: |call| Ok(text(hex(&Md5::digest(file(call)?)))),
        ..of_file("filemd5", "The MD5 hash of a file in hexadecimal digits.")
    },
    Function {
        body: |call| Ok(text(hex(&Sha1::digest(file(call)?)))),
        ..of_file(
            "filesha1",
            "The SHA-1 hash of a file in hexadecimal digits.",
        )
    },
    Function {
        body: |call| Ok(text(hex(&Sha256::digest(file(call)?)))),
        ..of_file(
            "filesha256",
            "The SHA-256 hash of a file in hexadecimal digits.",
        )
    },
    Function {
        body: |call| Ok(text(hex(&Sha512::digest(file(call)?)))),
        ..of_file(
            "filesha512",
            "The SHA-512 hash of a file in hexadecimal digits.",
        )
    },
    Function {
        body: |call| Ok(text(hex(&Md5::digest(call.text(0)?)))),
        ..of_string(
            "md5",
            "The MD5 hash of a string in hexadecimal digits.",
            (
                "md5(\"hello world\")",
                "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"",
            ),
        )
    },
    Function {
        name: "rsadecrypt",
        params: &[
            Param::new("ciphertext", Kind::String),
            Param::new("privatekey", Kind::String),
        ],
        returns: STRING,
        doc: "The text that was encrypted with RSA (PKCS #1 v1.5) and written in base64, by means \
              of a private key in PEM form.",
        body: rsa_decrypt,
        ..Function::BASE
    },
    Function {
        body: |call| Ok(text(hex(&Sha1::digest(call.text(0)?)))),
        ..of_string(
            "sha1",
            "The SHA-1 hash of a string in hexadecimal digits.",
            (
                "sha1(\"hello world\")",
                "\"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed\"",
            ),
        )
    },
    Function {
        body: |call| Ok(text(hex(&Sha256::digest(call.text(0)?)))),
        ..of_string(
            "sha256",
            "The SHA-256 hash of a string in hexadecimal digits.",
            ("length(sha256(\"hello world\"))", "64"),
        )
    },
    Function {
        body: |call| Ok(text(hex(&Sha512::digest(call.text(0)?)))),
        ..of_string(
            "sha512",
            "The SHA-512 hash of a string in hexadecimal digits.",
            ("length(sha512(\"hello world\"))", "128"),
        )
    },
    Function {
        name: "uuid",
        returns: STRING,
        doc: "A random identifier, which while planning is not known yet.",
        body: |call| {
            let mut bytes = [0; 16];
            Ok(if call.world().random(&mut bytes) {
                let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
                text(uuid.to_string())
            } else {
                call.unknown()
            })
        },
        ..Function::BASE
    },
    Function {
        name: "uuidv5",
        params: &[
            Param::new("namespace", Kind::String),
            Param::new("name", Kind::String),
        ],
        returns: STRING,
        doc: "The identifier of a name in a namespace: dns, url, oid, x500 or an identifier.",
        example: (
            "uuidv5(\"dns\", \"www.terraform.io\")",
            "\"a5008fae-b28c-5ba5-96cd-82b4c53552d6\"",
        ),
        body: |call| {
            let given = call.text(0)?;
            let namespace = match given {
                "dns" => Uuid::NAMESPACE_DNS,
                "url" => Uuid::NAMESPACE_URL,
                "oid" => Uuid::NAMESPACE_OID,
                "x500" => Uuid::NAMESPACE_X500,
                _ => Uuid::parse_str(given).map_err(|error| {
                    FunctionError::other(format!(
                        "uuidv5() doesn't support namespace {given} ({error})"
                    ))
                })?,
            };
            let name = call.text(1)?.as_bytes();
            Ok(text(Uuid::new_v5(&namespace, name).to_string()))
        },
        ..Function::BASE
    },
];

/// A function of one string whose result is a string.
const fn of_string(
    name: &'static str,
    doc: &'static str,
    example: (&'static str, &'static str),
) -> Function {
    Function {
        name,
        params: &[STR],
        returns: STRING,
        doc,
        example,
        ..Function::BASE
    }
}

/// A function of the path of a file whose result is a string.
const fn of_file(name: &'static str, doc: &'static str) -> Function {
    Function {
        name,
        params: &[PATH],
        returns: STRING,
        doc,
        ..Function::BASE
    }
}

fn file(call: &Call<'_>) -> Result<Vec<u8>, FunctionError> {
    read_bytes(call, 0, call.text(0)?).map_err(|error| match error {
        FunctionError::Argument(_, why) => FunctionError::Other(why),
        other @ FunctionError::Other(_) => other,
    })
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn bcrypt(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let failed =
        |why: &str| FunctionError::other(format!("error occurred generating password {why}"));
    let cost = match call.args.len() {
        1 => i64::from(DEFAULT_COST),
        2 => call.integer(1)?,
        _ => {
            return Err(FunctionError::other(
                "bcrypt() takes no more than two arguments",
            ));
        }
    };
    if cost > *COSTS.end() {
        return Err(failed(&format!(
            "crypto/bcrypt: cost {cost} is outside allowed range (4,31)"
        )));
    }
    let cost = u32::try_from(cost)
        .ok()
        .filter(|_| COSTS.contains(&cost))
        .unwrap_or(DEFAULT_COST);
    let password = call.text(0)?.as_bytes();
    if password.len() > MAX_PASSWORD {
        return Err(failed("bcrypt: password length exceeds 72 bytes"));
    }
    let mut salt = [0; 16];
    if !call.world().random(&mut salt) {
        return Ok(call.unknown());
    }
    let hash =
        bcrypt::hash_with_salt(password, cost, salt).map_err(|error| failed(&error.to_string()))?;
    Ok(text(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn rsa_decrypt(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let ciphertext = super::encoding::decode_base64(call.text(0)?).ok_or_else(|| {
        FunctionError::argument(
            0,
            "failed to decode input: cipher text must be base64-encoded",
        )
    })?;
    let pem = call.text(1)?;
    let wrong_key = |why: &str| FunctionError::argument(1, format!("invalid private key: {why}"));
    let key = if pem.contains("BEGIN RSA PRIVATE KEY") {
        PrivateKey::from_pkcs1_pem(pem.trim()).ok()
    } else if pem.contains("BEGIN PRIVATE KEY") {
        PrivateKey::from_pkcs8_pem(pem.trim()).ok()
    } else {
        return Err(wrong_key(
            "a key in PEM form, of PKCS #1 or PKCS #8 and without a passphrase, is required",
        ));
    };
    let key = key.ok_or_else(|| wrong_key("it is not an RSA key or is damaged"))?;
    let plain = decrypted(&key, &ciphertext)
        .ok_or_else(|| FunctionError::other("failed to decrypt: the key does not fit"))?;
    // What is no text becomes text as in any other string, with replacement characters.
    Ok(text(String::from_utf8_lossy(&plain).into_owned()))
}

/// The message in a ciphertext, `None` where its padding shows that the key is another one.
///
/// The library's own decryption answers a wrong key with random bytes, against attackers who can
/// ask many times; whoever writes a configuration has the key and is owed an error.
fn decrypted(key: &PrivateKey, ciphertext: &[u8]) -> Option<Vec<u8>> {
    const LEAST_PADDING: usize = 8;
    let number = BoxedUint::from_be_slice(ciphertext, key.n_bits_precision()).ok()?;
    let no_blinding = None::<&mut dyn rsa::rand_core::CryptoRng>;
    let block = rsa_decrypt_and_check(key, no_blinding, &number).ok()?;
    let block = block.to_be_bytes();
    // The block may be held with more zeros in front than it has.
    let block = block.get(block.len().checked_sub(key.size())?..)?;
    let padded = block.strip_prefix(&[0, 2])?;
    let end = padded.iter().position(|byte| *byte == 0)?;
    let message = padded.get(end + 1..)?;
    (end >= LEAST_PADDING).then(|| message.to_vec())
}
