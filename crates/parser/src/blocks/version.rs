//! Version constraints, as `required_version` states them.

/// The version of Terraform whose language flowctl follows.
pub const TERRAFORM_VERSION: [u64; 3] = [1, 11, 4];

/// Whether [`TERRAFORM_VERSION`] meets a version constraint such as `~> 1.9, < 2.0`; `None` if the
/// text is none.
pub fn meets(constraint: &str) -> Option<bool> {
    constraint
        .split(',')
        .try_fold(true, |met, part| Some(met & meets_part(part.trim())?))
}

/// Whether a constraint names a version before its release, such as `1.11.0-beta1`.
pub(super) fn names_prerelease(constraint: &str) -> bool {
    constraint.split(',').any(|part| {
        let part = part.split('+').next().unwrap_or_default();
        part.contains('-')
    })
}

fn meets_part(part: &str) -> Option<bool> {
    let (operator, version) = ["!=", ">=", "<=", "~>", "=", ">", "<"]
        .into_iter()
        .find_map(|op| Some((op, part.strip_prefix(op)?)))
        .unwrap_or(("=", part));
    let version = version.trim();
    let core = version.strip_prefix('v').unwrap_or(version);
    let (core, suffix) = match core.find(['-', '+']) {
        Some(at) => core.split_at(at),
        None => (core, ""),
    };
    let suffix_fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '~');
    if !suffix.chars().all(suffix_fits) || suffix.len() == 1 {
        return None;
    }
    let numbers: Vec<u64> = core
        .split('.')
        .map(|n| {
            n.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| n.parse().ok())?
        })
        .collect::<Option<_>>()?;
    let mut wanted = [0; 3];
    for (slot, number) in wanted.iter_mut().zip(&numbers) {
        *slot = *number;
    }
    // Numbers behind the third make the version a later one than its first three say.
    let beyond = numbers.iter().skip(3).any(|number| *number > 0);
    let have = TERRAFORM_VERSION;
    let order = have.cmp(&wanted).then(if beyond {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Equal
    });
    Some(match operator {
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        // All but the last number given are fixed.
        "~>" => {
            order.is_ge() && {
                let fixed = numbers.len().min(3).saturating_sub(1);
                have[..fixed] == wanted[..fixed]
            }
        }
        _ => order.is_eq(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_those_of_terraform() {
        for (constraint, met) in [
            (">= 1.5", Some(true)),
            ("~> 1.9", Some(true)),
            ("~> 1.11.0", Some(true)),
            ("~> 1.10.0", Some(false)),
            ("~>1", Some(true)),
            ("1.11.4", Some(true)),
            ("v1.11.4", Some(true)),
            ("= 1.11.4.1", Some(false)),
            ("!= 1.11.4", Some(false)),
            (">= 1.0, < 1.11", Some(false)),
            (">= 1.0,< 2", Some(true)),
            ("abc", None),
            (">= 1.x", None),
            ("=> 1.0", None),
            ("1.", None),
            (">= 1.0,", None),
            ("", None),
        ] {
            assert_eq!(meets(constraint), met, "{constraint:?}");
        }
    }
}
