//! Percent-encoded parts of a request's address.

/// Decodes `%XX`; `None` if the result is not UTF-8. A `%` that begins no code stays as it is.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail
            .split_at_checked(2)
            .filter(|_| byte == b'%')
            .and_then(|(code, tail)| {
                let code = std::str::from_utf8(code)
                    .ok()
                    .filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()))?;
                Some((u8::from_str_radix(code, 16).ok()?, tail))
            });
        let (byte, tail) = code.unwrap_or((byte, tail));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// All values of the parameter `name` in a query, in order.
pub(crate) fn values(query: &str, name: &str) -> Vec<String> {
    query
        .split('&')
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if decode(key)? == name {
                decode(&value.replace('+', " "))
            } else {
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding() {
        let cases = [
            ("arn%3Aaws%3Ax%2Fé", Some("arn:aws:x/é")),
            ("%", Some("%")),
            ("%2", Some("%2")),
            ("%+1", Some("%+1")),
            ("%ff", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
        assert_eq!(
            values("tagKeys=a%20b&x=1&tagKeys=c+d&tagKeys", "tagKeys"),
            ["a b", "c d", ""]
        );
    }
}
