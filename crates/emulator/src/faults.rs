//! Faults on demand: a small language for rules, and the state that decides at each call which
//! of them fire.
//!
//! ```text
//! rules     = entry { "," entry }
//! entry     = "seed=" NUMBER | operation ":" kind { ":" when }
//! operation = "*" | "create" | "describe" | "update" | "delete"      the profile operations
//!           | an operation's own name or path, such as CreateFlow or create-flow
//! kind      = "throttle" 429 | "500" | "503" | "denied" 403 | "auth" 401 | "quota" 402
//!           | "conflict" 409 | "validation" 400 | "server" 400     ConnectorServerException
//!           | "reset"              the connection is reset before any work is done
//!           | "lost"               the work is done, then the connection is closed unanswered
//!           | "echo" 400           a validation error whose message repeats the request's body
//!           | "delay=" DURATION    the work is begun that much later
//!           | "late=" DURATION     the work is done, and the answer takes that much longer
//!           | "stale=" DURATION    after the change, describe answers as before it for so long
//!           | "role-lag=" DURATION an IAM role is refused for so long after it is first named
//!           | "private-failed"     the private connection of the new profile ends as FAILED
//! when      = PROBABILITY 0..1 | "nth=" N | "every=" N | "first=" N | "after=" N
//! DURATION  = NUMBER ( "ms" | "s" | "m" )
//! ```
//!
//! N counts the calls that the rule's operation matches, from 1. Without `when` a rule fires at
//! each of them; with several, all must hold. Every rule counts every call; delays add up, and
//! of several rules that answer, the first listed wins. The same seed (0 unless given) and the
//! same order of calls give the same faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::error::ErrorKind;
use crate::operations::Operation;
use crate::service::SERVICE;

/// A list of fault rules; see the module's documentation for the grammar.
///
/// ```
/// use flowctl_emulator::Faults;
///
/// let faults: Faults = "create:throttle:0.3,update:500:every=5,*:delay=200ms:0.1".parse().unwrap();
/// assert_eq!(faults.to_string(), "create:throttle:0.3,update:500:every=5,*:delay=200ms:0.1");
/// assert!(Faults::parse("create:explode").is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    seed: u64,
    rules: Vec<Rule>,
}

/// Why a list of rules was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault rule `{rule}`: {problem}")]
pub struct FaultsError {
    rule: String,
    problem: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    /// As written.
    text: String,
    /// `None` for every operation.
    operation: Option<Operation>,
    kind: Kind,
    when: Vec<When>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answer(ErrorKind),
    Reset,
    Lost,
    Echo,
    Delay(Duration),
    Late(Duration),
    Stale(Duration),
    RoleLag(Duration),
    PrivateFailed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Probability(f64),
    Nth(u64),
    Every(u64),
    First(u64),
    After(u64),
}

impl Faults {
    /// Reads a list of rules; an empty text is no faults.
    pub fn parse(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let wrong = |problem: String| FaultsError {
                rule: entry.to_owned(),
                problem,
            };
            if let Some(seed) = entry.strip_prefix("seed=") {
                faults.seed = seed
                    .parse()
                    .map_err(|_| wrong("the seed is not a number".into()))?;
            } else {
                faults.rules.push(Rule::parse(entry).map_err(wrong)?);
            }
        }
        Ok(faults)
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, FaultsError> {
        Self::parse(text)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = (self.seed != 0).then(|| format!("seed={}", self.seed));
        let rules = self.rules.iter().map(|rule| rule.text.clone());
        f.write_str(&seed.into_iter().chain(rules).collect::<Vec<_>>().join(","))
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':').map(str::trim);
        let operation = match parts.next().unwrap_or_default() {
            "*" => None,
            "create" => Some(Operation::CreateConnectorProfile),
            "describe" => Some(Operation::DescribeConnectorProfiles),
            "update" => Some(Operation::UpdateConnectorProfile),
            "delete" => Some(Operation::DeleteConnectorProfile),
            name => Some(named(name).ok_or_else(|| format!("no operation is called `{name}`"))?),
        };
        let kind = Kind::parse(parts.next().ok_or("the kind of fault is missing")?)?;
        let when = parts.map(When::parse).collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            operation,
            kind,
            when,
        })
    }
}

fn named(name: &str) -> Option<Operation> {
    let by_path = SERVICE
        .operations
        .iter()
        .find(|(_, o)| o.path.strip_prefix('/') == Some(name));
    Operation::from_name(by_path.map_or(name, |(name, _)| name))
}

impl Kind {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = text
            .split_once('=')
            .map_or((text, None), |(n, a)| (n, Some(a)));
        let duration = || duration(argument.ok_or_else(|| format!("`{name}` needs a duration"))?);
        let kind = match name {
            "delay" => return Ok(Self::Delay(duration()?)),
            "late" => return Ok(Self::Late(duration()?)),
            "stale" => return Ok(Self::Stale(duration()?)),
            "role-lag" => return Ok(Self::RoleLag(duration()?)),
            "throttle" => Self::Answer(ErrorKind::Throttling),
            "500" => Self::Answer(ErrorKind::Internal),
            "503" => Self::Answer(ErrorKind::Unavailable),
            "denied" => Self::Answer(ErrorKind::AccessDenied),
            "auth" => Self::Answer(ErrorKind::ConnectorAuthentication),
            "quota" => Self::Answer(ErrorKind::QuotaExceeded),
            "conflict" => Self::Answer(ErrorKind::Conflict),
            "validation" => Self::Answer(ErrorKind::Validation),
            "server" => Self::Answer(ErrorKind::ConnectorServer),
            "reset" => Self::Reset,
            "lost" => Self::Lost,
            "echo" => Self::Echo,
            "private-failed" => Self::PrivateFailed,
            _ => return Err(format!("no kind of fault is called `{name}`")),
        };
        match argument {
            None => Ok(kind),
            Some(_) => Err(format!("`{name}` takes no argument")),
        }
    }
}

impl When {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((name, number)) = text.split_once('=') else {
            return match text.parse::<f64>() {
                Ok(probability) if (0.0..=1.0).contains(&probability) => {
                    Ok(Self::Probability(probability))
                }
                _ => Err(format!(
                    "`{text}` is neither a probability from 0 to 1 nor a condition"
                )),
            };
        };
        let make = match name {
            "nth" => Self::Nth,
            "every" => Self::Every,
            "first" => Self::First,
            "after" => Self::After,
            _ => return Err(format!("no condition is called `{name}`")),
        };
        match number.parse() {
            Ok(number) if number > 0 => Ok(make(number)),
            _ => Err(format!("`{name}` needs a whole number from 1")),
        }
    }

    fn holds(self, call: u64, random: &mut StdRng) -> bool {
        match self {
            Self::Probability(probability) => random.random_bool(probability),
            Self::Nth(n) => call == n,
            Self::Every(n) => call.is_multiple_of(n),
            Self::First(n) => call <= n,
            Self::After(n) => call > n,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || format!("`{text}` is not a duration such as 200ms, 2s or 1m");
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match text.strip_prefix(digits) {
        Some("ms") => Some(number),
        Some("s") => number.checked_mul(1_000),
        Some("m") => number.checked_mul(60_000),
        _ => None,
    };
    // A day: longer than any test, and far from where adding to a clock overflows.
    millis
        .filter(|ms| *ms <= 86_400_000)
        .map(Duration::from_millis)
        .ok_or_else(wrong)
}

/// What befalls one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) delay: Duration,
    /// How much later the answer is sent.
    pub(crate) late: Duration,
    /// Fails the call before any work is done.
    pub(crate) before: Option<Before>,
    /// The work is done and the answer is not sent.
    pub(crate) lost: bool,
    pub(crate) stale: Option<Duration>,
    pub(crate) role_lag: Option<Duration>,
    pub(crate) private_failed: bool,
    /// The rules that fired, as written.
    pub(crate) fired: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Answer(ErrorKind),
    Echo,
    Reset,
}

/// Rules with their counters and random numbers.
#[derive(Debug)]
pub(crate) struct Injector {
    faults: Faults,
    calls: Vec<u64>,
    random: StdRng,
}

impl Injector {
    pub(crate) fn new(faults: Faults) -> Self {
        let random = StdRng::seed_from_u64(faults.seed);
        Self {
            calls: vec![0; faults.rules.len()],
            random,
            faults,
        }
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn decide(&mut self, operation: Operation) -> Decision {
        let mut decision = Decision::default();
        for (rule, calls) in self.faults.rules.iter().zip(&mut self.calls) {
            if rule.operation.is_some_and(|only| only != operation) {
                continue;
            }
            *calls += 1;
            // Every condition is asked, so that the random numbers used up do not depend on
            // the outcome of the others.
            let mut fires = true;
            for when in &rule.when {
                fires &= when.holds(*calls, &mut self.random);
            }
            if !fires {
                continue;
            }
            decision.fired.push(rule.text.clone());
            match rule.kind {
                Kind::Answer(kind) => {
                    decision.before = decision.before.or(Some(Before::Answer(kind)));
                }
                Kind::Reset => decision.before = decision.before.or(Some(Before::Reset)),
                Kind::Echo => decision.before = decision.before.or(Some(Before::Echo)),
                Kind::Lost => decision.lost = true,
                Kind::Delay(delay) => decision.delay += delay,
                Kind::Late(delay) => decision.late += delay,
                Kind::Stale(time) => decision.stale = decision.stale.or(Some(time)),
                Kind::RoleLag(time) => decision.role_lag = decision.role_lag.or(Some(time)),
                Kind::PrivateFailed => decision.private_failed = true,
            }
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(rules: &str, calls: usize) -> Vec<usize> {
        let mut injector = Injector::new(Faults::parse(rules).unwrap());
        (1..=calls)
            .filter(|_| injector.decide(Operation::CreateConnectorProfile) != Decision::default())
            .collect()
    }

    #[test]
    fn conditions_count_the_calls_that_match() {
        assert_eq!(fired("create:500:nth=3", 6), [3]);
        assert_eq!(fired("*:500:every=2", 6), [2, 4, 6]);
        assert_eq!(fired("CreateConnectorProfile:500:first=2", 6), [1, 2]);
        assert_eq!(fired("create-connector-profile:reset:after=4", 6), [5, 6]);
        assert_eq!(fired("create:500:after=2:every=2", 8), [4, 6, 8]);
        assert_eq!(fired("update:500", 3), [0; 0]);
        assert_eq!(fired("create:500:0", 50), [0; 0]);
        assert_eq!(fired("create:500:1.0", 3), [1, 2, 3]);
    }

    #[test]
    fn a_seed_repeats_itself() {
        let some = fired("seed=7,create:throttle:0.3", 1000);
        assert!((250..350).contains(&some.len()), "{}", some.len());
        assert_eq!(some, fired("seed=7,create:throttle:0.3", 1000));
        assert_ne!(some, fired("seed=8,create:throttle:0.3", 1000));
    }

    #[test]
    fn the_first_answer_wins_and_delays_add_up() {
        let rules = "*:delay=200ms,*:late=1s,create:denied,create:throttle,create:echo,*:delay=1s,create:lost";
        let mut injector = Injector::new(Faults::parse(rules).unwrap());
        let decision = injector.decide(Operation::CreateConnectorProfile);
        assert_eq!(decision.delay, Duration::from_millis(1200));
        assert_eq!(decision.late, Duration::from_secs(1));
        assert_eq!(
            decision.before,
            Some(Before::Answer(ErrorKind::AccessDenied))
        );
        assert!(decision.lost);
        assert_eq!(decision.fired.len(), 7);
    }

    #[test]
    fn what_is_not_a_rule_is_refused() {
        let wrong = [
            "create",
            "nope:500",
            "create:nope",
            "create:delay",
            "create:delay=5",
            "create:late",
            "create:echo=1s",
            "create:500=1",
            "create:delay=99999999m",
            "create:500:2",
            "create:500:nth=0",
            "create:500:nth=x",
            "create:500:soon=1",
            "seed=x",
            "create:500:-0.1",
            "create:500:NaN",
        ];
        for rule in wrong {
            let error = Faults::parse(rule).expect_err(rule).to_string();
            assert!(error.contains(rule), "{error}");
        }
        assert!(Faults::parse(" , ").unwrap().is_empty());
    }
}
