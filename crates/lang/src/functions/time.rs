//! Functions of dates and times, all of them in the form of RFC 3339.

use flowctl_model::Value;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::{Function, FunctionError, Kind, Param, Returns, text};

const STRING: Returns = Returns::Fixed(Kind::String);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "formatdate",
        params: &[
            Param::new("format", Kind::String),
            Param::new("time", Kind::String),
        ],
        returns: STRING,
        doc: "A timestamp in a form of which letters stand for parts: YYYY, MM, DD, hh, mm, ss, \
              MMM, EEE, AA, Z and others.",
        example: (
            "formatdate(\"DD MMM YYYY\", \"2018-01-02T23:12:01Z\")",
            "\"02 Jan 2018\"",
        ),
        body: |call| {
            let moment = parse(call.text(1)?).map_err(|why| FunctionError::argument(1, why))?;
            format_date(call.text(0)?, moment)
                .map(text)
                .map_err(|why| FunctionError::argument(0, why))
        },
        ..Function::BASE
    },
    Function {
        name: "plantimestamp",
        returns: STRING,
        doc: "The time at which the plan was begun, in UTC.",
        body: |call| {
            Ok(text(stamp(OffsetDateTime::from(
                call.world().plan_timestamp(),
            ))))
        },
        ..Function::BASE
    },
    Function {
        name: "timeadd",
        params: &[
            Param::new("timestamp", Kind::String),
            Param::new("duration", Kind::String),
        ],
        returns: STRING,
        doc: "A timestamp with a duration, such as 1h30m or -5s, added.",
        example: (
            "timeadd(\"2017-11-22T00:00:00Z\", \"10m\")",
            "\"2017-11-22T00:10:00Z\"",
        ),
        body: |call| {
            let moment = parse(call.text(0)?).map_err(FunctionError::other)?;
            let nanoseconds = duration(call.text(1)?).map_err(FunctionError::other)?;
            let sum = moment
                .checked_add(time::Duration::nanoseconds(nanoseconds))
                .ok_or_else(|| {
                    FunctionError::other("the result is beyond the years that can be written")
                })?;
            Ok(text(stamp(sum)))
        },
        ..Function::BASE
    },
    Function {
        name: "timecmp",
        params: &[
            Param::new("timestamp_a", Kind::String),
            Param::new("timestamp_b", Kind::String),
        ],
        returns: Returns::Fixed(Kind::Number),
        doc: "-1, 0 or 1 for a timestamp that is before, the same moment as, or after another.",
        example: (
            "timecmp(\"2017-11-22T00:00:00Z\", \"2017-11-22T01:00:00+01:00\")",
            "0",
        ),
        body: |call| {
            let moment = |index: usize| {
                parse(call.text(index)?).map_err(|why| FunctionError::argument(index, why))
            };
            Ok(Value::number(moment(0)?.cmp(&moment(1)?) as i32))
        },
        ..Function::BASE
    },
    Function {
        name: "timestamp",
        returns: STRING,
        doc: "The time in UTC, which while planning is not known yet.",
        body: |call| match call.world().now() {
            Some(now) => Ok(text(stamp(OffsetDateTime::from(now)))),
            None => Ok(call.unknown()),
        },
        ..Function::BASE
    },
];

/// The moment to the second, in the form of RFC 3339.
pub(super) fn stamp(moment: OffsetDateTime) -> String {
    let zone = if moment.offset().is_utc() {
        "Z".to_owned()
    } else {
        written_offset(moment.offset(), ":")
    };
    // Years before the first are written with a sign in front of four digits.
    let sign = if moment.year() < 0 { "-" } else { "" };
    format!(
        "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
        moment.year().unsigned_abs(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

/// Hours and minutes with a sign.
fn written_offset(offset: UtcOffset, colon: &str) -> String {
    let (hours, minutes, _) = offset.as_hms();
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!(
        "{sign}{:02}{colon}{:02}",
        hours.unsigned_abs(),
        minutes.unsigned_abs()
    )
}

/// The next part of a timestamp that is being read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    /// Exactly so many digits.
    fn digits(&mut self, count: usize, what: &str) -> Result<u16, String> {
        let digits = self.0.get(..count).unwrap_or(self.0);
        if digits.is_empty() {
            return Err(format!("end of string before {what}"));
        }
        if digits.len() != count || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("cannot use {digits:?} as {what}"));
        }
        self.0 = self.0.get(count..).unwrap_or_default();
        digits
            .parse()
            .map_err(|_| format!("cannot use {digits:?} as {what}"))
    }

    fn skip(&mut self, wanted: char) -> Result<(), String> {
        match self.0.strip_prefix(wanted) {
            Some(rest) => self.0 = rest,
            None if wanted == 'T' => return Err("missing required time introducer 'T'".into()),
            None => return Err(format!("found {:?} where {wanted:?} is expected", self.0)),
        }
        Ok(())
    }

    fn two_digits(&mut self, what: &str) -> Result<u8, String> {
        Ok(u8::try_from(self.digits(2, what)?).unwrap_or(u8::MAX))
    }
}

/// A timestamp as the functions of the language accept it: RFC 3339 without lower-case letters.
fn parse(given: &str) -> Result<OffsetDateTime, String> {
    let invalid = |why: String| format!("not a valid RFC3339 timestamp: {why}");
    parse_parts(&mut Reader(given)).map_err(invalid)
}

fn parse_parts(reader: &mut Reader<'_>) -> Result<OffsetDateTime, String> {
    let year = reader.digits(4, "year")?;
    reader.skip('-')?;
    let month = reader.two_digits("month")?;
    reader.skip('-')?;
    let day = reader.two_digits("day of month")?;
    reader.skip('T')?;
    let hour = reader.two_digits("hour")?;
    reader.skip(':')?;
    let minute = reader.two_digits("minute")?;
    reader.skip(':')?;
    let second = reader.two_digits("second")?;
    let mut nanoseconds = 0;
    if let Some(rest) = reader.0.strip_prefix('.') {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = rest.split_at(length);
        if digits.is_empty() {
            return Err(format!("cannot use {:?} as UTC offset", reader.0));
        }
        let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
        nanoseconds = nine.parse().unwrap_or(0);
        reader.0 = rest;
    }
    let offset = offset(reader.0)?;
    let month = Month::try_from(month).map_err(|_| "month out of range")?;
    let date =
        Date::from_calendar_date(i32::from(year), month, day).map_err(|_| "day out of range")?;
    let time = Time::from_hms_nano(hour, minute, second, nanoseconds)
        .map_err(|_| "time of day out of range")?;
    Ok(PrimitiveDateTime::new(date, time).assume_offset(offset))
}

pub(super) fn offset(written: &str) -> Result<UtcOffset, String> {
    let wrong = || format!("cannot use {written:?} as UTC offset");
    match written {
        "" => return Err("end of string before UTC offset".into()),
        "Z" => return Ok(UtcOffset::UTC),
        _ => {}
    }
    let sign = match written.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(wrong()),
    };
    let mut reader = Reader(written.get(1..).unwrap_or_default());
    let hours = reader.two_digits("hour").map_err(|_| wrong())?;
    reader.skip(':').map_err(|_| wrong())?;
    let minutes = reader.two_digits("minute").map_err(|_| wrong())?;
    if hours > 23 || minutes > 59 || !reader.0.is_empty() {
        return Err(wrong());
    }
    UtcOffset::from_whole_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60))
        .map_err(|_| wrong())
}

/// The nanoseconds that a duration such as `1h30m` or `-1.5s` stands for.
fn duration(given: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {given:?}");
    let (negative, mut rest) = match given.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, given.strip_prefix('+').unwrap_or(given)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut sum: i128 = 0;
    while !rest.is_empty() {
        let number_length = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_length);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return Err(invalid());
        }
        let unit_length = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_length);
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("time: missing unit in duration {given:?}")),
            unit => return Err(format!("time: unknown unit {unit:?} in duration {given:?}")),
        };
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| invalid())?
        };
        // Digits beyond nanoseconds of an hour have no effect.
        let fraction: String = fraction.chars().take(18).collect();
        let places = u32::try_from(fraction.len()).unwrap_or(0);
        let fraction: i128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().map_err(|_| invalid())?
        };
        sum = whole
            .checked_mul(scale)
            .and_then(|whole| whole.checked_add(fraction * scale / 10_i128.pow(places)))
            .and_then(|part| sum.checked_add(part))
            .ok_or_else(invalid)?;
        rest = after;
    }
    i64::try_from(if negative { -sum } else { sum }).map_err(|_| invalid())
}

fn format_date(format: &str, moment: OffsetDateTime) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(rest, &mut out)?;
            continue;
        }
        let length = if first.is_ascii_alphabetic() {
            rest.bytes().take_while(|b| char::from(*b) == first).count()
        } else {
            first.len_utf8()
        };
        let (verb, after) = rest.split_at(length);
        if first.is_ascii_alphabetic() {
            out.push_str(&part(verb, moment)?);
        } else {
            out.push_str(verb);
        }
        rest = after;
    }
    Ok(out)
}

/// Literal text between apostrophes, of which two stand for one; what follows.
fn quoted<'a>(rest: &'a str, out: &mut String) -> Result<&'a str, String> {
    let mut inside = rest.get(1..).unwrap_or_default();
    if let Some(after) = inside.strip_prefix('\'') {
        out.push('\'');
        return Ok(after);
    }
    loop {
        let (literal, after) = inside.split_once('\'').ok_or("unterminated literal '")?;
        out.push_str(literal);
        match after.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                inside = after;
            }
            None => return Ok(after),
        }
    }
}

/// What one run of a letter stands for.
fn part(verb: &str, moment: OffsetDateTime) -> Result<String, String> {
    let two = |number: u8| format!("{number:02}");
    let first = |name: String| name.chars().take(3).collect::<String>();
    let noon = moment.hour() >= 12;
    let hour = match moment.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let offset = |colon: &str| written_offset(moment.offset(), colon);
    let utc = moment.offset().is_utc();
    Ok(match verb {
        "YYYY" => format!("{:04}", moment.year()),
        "YY" => format!("{:02}", moment.year().rem_euclid(100)),
        "MMMM" => moment.month().to_string(),
        "MMM" => first(moment.month().to_string()),
        "MM" => two(moment.month().into()),
        "M" => u8::from(moment.month()).to_string(),
        "DD" => two(moment.day()),
        "D" => moment.day().to_string(),
        "EEEE" => moment.weekday().to_string(),
        "EEE" => first(moment.weekday().to_string()),
        "hh" => two(moment.hour()),
        "h" => moment.hour().to_string(),
        "HH" => two(hour),
        "H" => hour.to_string(),
        "AA" => if noon { "PM" } else { "AM" }.to_owned(),
        "aa" => if noon { "pm" } else { "am" }.to_owned(),
        "mm" => two(moment.minute()),
        "m" => moment.minute().to_string(),
        "ss" => two(moment.second()),
        "s" => moment.second().to_string(),
        "ZZZ" if utc => "UTC".to_owned(),
        "Z" if utc => "Z".to_owned(),
        "Z" | "ZZZZZ" => offset(":"),
        "ZZZ" | "ZZZZ" => offset(""),
        _ => {
            let must = match verb.as_bytes().first() {
                Some(b'Y') => ": year must either be \"YY\" or \"YYYY\"",
                Some(b'M') => ": month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"",
                Some(b'D') => ": day of month must either be \"D\" or \"DD\"",
                Some(b'E') => ": day of week must either be \"EEE\" or \"EEEE\"",
                Some(b'h') => ": 24-hour must either be \"h\" or \"hh\"",
                Some(b'H') => ": 12-hour must either be \"H\" or \"HH\"",
                Some(b'A') => ": must be \"AA\"",
                Some(b'a') => ": must be \"aa\"",
                Some(b'm') => ": minute must either be \"m\" or \"mm\"",
                Some(b's') => ": second must either be \"s\" or \"ss\"",
                Some(b'Z') => ": timezone must be Z, ZZZZ, or ZZZZZ",
                _ => "",
            };
            return Err(format!("invalid date format verb {verb:?}{must}"));
        }
    })
}
