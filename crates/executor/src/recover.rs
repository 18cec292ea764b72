//! What became of operations that an earlier run left without a result.
//!
//! [`decide`] is a pure function of what was intended and what the service has now; [`recover`]
//! asks the service, and writes down what follows. It runs before planning.

use std::collections::BTreeMap;

use flowctl_model::event::{Event, Operation, OperationAction, RecoveryFinding, RecoveryNote};
use flowctl_model::snapshot::{ResourceState, Snapshot};
use flowctl_model::{Address, Digester, Text, Value};
use flowctl_schema::{ProviderError, ReadRequest, RemoteObject, ResourceType, agrees};
use tokio::sync::mpsc;

use crate::journal::{Ending, Intent, Journal, JournalError, StateWrite, Unfinished};
use crate::object;
use crate::refresh::{BATCH, read_many};
use crate::service::Services;

/// For how long the service recognises a token, in seconds.
const TOKEN_VALID: f64 = 8.0 * 3600.0;
/// How much earlier than its intent an object may have been made to be ours, in seconds: clocks
/// differ.
const MADE_BEFORE: f64 = 60.0;
/// For how long a request that was sent may still be carried out by the service, in seconds.
const UNDER_WAY: f64 = 120.0;

/// What is known when a decision is made.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The object that the service has under the intent's identity.
    pub live: Option<&'a RemoteObject>,
    /// Whether exactly what was intended is still asked for, so that the very same request can be
    /// sent again.
    pub wanted: bool,
    /// Now, in seconds since 1970.
    pub now: f64,
}

/// What became of an unfinished operation.
pub fn decide(
    unfinished: &Unfinished,
    facts: Facts<'_>,
    resource: &dyn ResourceType,
) -> RecoveryFinding {
    let intent = &unfinished.intent;
    let age = facts.now - unfinished.started_at;
    match (intent.action, facts.live) {
        (OperationAction::Create, None) => {
            // It may be about to happen: sent with the same token, it happens only once. After a
            // clock was put back nobody knows how long ago it was.
            if facts.wanted && age < UNDER_WAY {
                RecoveryFinding::WillResume
            } else {
                RecoveryFinding::NeverHappened
            }
        }
        (OperationAction::Create, Some(live)) => {
            // The service itself can tell whether the object is ours, as long as it knows the
            // token and there is a request to send it with.
            let can_be_asked = facts.wanted && resource.create_is_repeatable();
            if can_be_asked && (0.0..TOKEN_VALID).contains(&age) {
                return RecoveryFinding::WillResume;
            }
            let in_time = match live.created_at {
                Some(made) => {
                    let after = made - unfinished.started_at;
                    (-MADE_BEFORE..=resource.is_made_within().as_secs_f64()).contains(&after)
                }
                None => resource.is_undated(),
            };
            let intended = intent.intended.as_ref().map(|state| &state.attributes);
            if in_time && intended.is_some_and(|i| agrees(resource, i, &live.attributes)) {
                RecoveryFinding::Adopted
            } else if can_be_asked && age < 0.0 {
                // By a clock that was put back nobody can tell when what was made.
                RecoveryFinding::WillResume
            } else {
                RecoveryFinding::NotOurs
            }
        }
        (OperationAction::Delete, None) => RecoveryFinding::Deleted,
        (OperationAction::Delete, Some(_)) => RecoveryFinding::StillThere,
        _ => RecoveryFinding::WillUpdateAgain,
    }
}

/// Whether the configuration still asks for what was intended, secrets included.
fn is_wanted(
    resource: &dyn ResourceType,
    digester: &Digester,
    intent: &Intent,
    wanted: Option<&Value>,
) -> bool {
    let intended = intent.intended.as_ref().map(|state| &state.attributes);
    intended
        .zip(wanted)
        .is_some_and(|(intended, wanted)| object::is_same(resource, digester, intended, wanted))
}

/// What recovery found, for planning.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Tokens with which creations are to be sent again: `Change::resume_token`.
    pub resume: BTreeMap<Address, Text>,
    /// Instances whose update was interrupted.
    pub interrupted_updates: Vec<Address>,
    /// What to tell people.
    pub notes: Vec<RecoveryNote>,
    /// Operations about which the service could not be asked: they stay unfinished.
    pub errors: Vec<(Address, ProviderError)>,
    /// Whether state was changed, so that the snapshot must be taken again.
    pub changed: bool,
}

/// Looks into every unfinished operation and brings state in line with what happened.
/// `wanted` says what the configuration asks of an instance, as far as is known before planning;
/// `now` is in seconds since 1970.
pub async fn recover(
    journal: &dyn Journal,
    services: &Services,
    digester: &Digester,
    snapshot: &Snapshot,
    wanted: &(dyn Fn(&Address) -> Option<Value> + Sync),
    now: f64,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<Recovered, JournalError> {
    let mut recovered = Recovered::default();
    // Several operations may concern one instance; each sees what the one before it left.
    let mut state = snapshot.resources.clone();
    let all = journal.unfinished().await?;
    let looked = look(services, &all).await;
    for (unfinished, looked) in all.into_iter().zip(looked) {
        let intent = &unfinished.intent;
        let found = looked.and_then(|live| {
            let resource = services.resource_type(&intent.address.resource.type_name)?;
            Ok((&**resource, live))
        });
        let (resource, live) = match found {
            Ok(found) => found,
            Err(error) => {
                recovered.errors.push((intent.address.clone(), error));
                continue;
            }
        };
        let wanted = wanted(&intent.address);
        let facts = Facts {
            live: live.as_ref(),
            wanted: is_wanted(resource, digester, intent, wanted.as_ref()),
            now,
        };
        let finding = decide(&unfinished, facts, resource);
        let old = state.get(&intent.address);
        let found = Found {
            resource,
            live: live.as_ref(),
            wanted: wanted.and_then(|wanted| resource.identity(&wanted)),
        };
        let write = consequence(finding, intent, old, &found, digester);
        match finding {
            // Stays unfinished until the same request has been answered.
            RecoveryFinding::WillResume => {
                let token = Text::from(intent.token.as_str());
                recovered.resume.insert(intent.address.clone(), token);
            }
            RecoveryFinding::WillUpdateAgain => {
                recovered.interrupted_updates.push(intent.address.clone());
            }
            _ => {}
        }
        if finding != RecoveryFinding::WillResume {
            recovered.changed |= write.is_some();
            match &write {
                Some(StateWrite::Put(address, new)) => {
                    state.insert(address.clone(), (**new).clone());
                }
                Some(StateWrite::Remove(address)) => {
                    state.remove(address);
                }
                None => {}
            }
            let writes = write.into_iter().collect();
            journal
                .end(unfinished.operation, ending(finding), writes)
                .await?;
        }
        let operation = Operation {
            address: intent.address.clone(),
            action: intent.action,
            id: intent.id.clone(),
            deposed: false,
        };
        let note = RecoveryNote { operation, finding };
        // Nobody listening is no reason to stop working.
        let _ = events.send(Event::Recovered(note.clone()));
        recovered.notes.push(note);
    }
    Ok(recovered)
}

/// What the service has now of each operation's object, asked for in as few requests as possible.
async fn look(
    services: &Services,
    all: &[Unfinished],
) -> Vec<Result<Option<RemoteObject>, ProviderError>> {
    let mut answers: Vec<_> = all.iter().map(|_| Ok(None)).collect();
    let mut groups = BTreeMap::<(&Text, &Text), Vec<(usize, ReadRequest)>>::new();
    for (index, Unfinished { intent, .. }) in all.iter().enumerate() {
        // Without an identity nothing can have been left behind in a service.
        let Some(id) = intent.id.clone() else {
            continue;
        };
        let intended = intent.intended.as_ref().map(|state| &state.attributes);
        let prior = intended
            .filter(|_| intent.action != OperationAction::Create)
            .cloned();
        groups
            .entry((&intent.provider, &intent.address.resource.type_name))
            .or_default()
            .push((index, ReadRequest { id, prior }));
    }
    for ((provider, type_name), group) in groups {
        for batch in group.chunks(BATCH) {
            let requests: Vec<_> = batch.iter().map(|(_, request)| request.clone()).collect();
            let found = match services.remote(provider, type_name) {
                Ok(remote) => read_many(&*remote, &requests, &all[batch[0].0].intent.address).await,
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => {
                    for ((index, _), object) in batch.iter().zip(found) {
                        answers[*index] = Ok(object);
                    }
                }
                Err(error) => {
                    for (index, _) in batch {
                        answers[*index] = Err(error.clone());
                    }
                }
            }
        }
    }
    answers
}

fn ending(finding: RecoveryFinding) -> Ending {
    let failed = |why: &str| Ending::Failed(why.to_owned());
    match finding {
        RecoveryFinding::Adopted | RecoveryFinding::Deleted => Ending::Succeeded,
        RecoveryFinding::NeverHappened => failed("the run ended before the service did it"),
        RecoveryFinding::NotOurs => {
            failed("an object of this name exists, and not from this run as far as can be told")
        }
        RecoveryFinding::WillUpdateAgain => {
            failed("the run ended before its result was known; it is planned again")
        }
        RecoveryFinding::StillThere => failed("the run ended before the object was deleted"),
        RecoveryFinding::WillResume => {
            Ending::Unknown("the same request will be sent again".to_owned())
        }
    }
}

/// What was found out about the object of an intent.
struct Found<'a> {
    resource: &'a dyn ResourceType,
    live: Option<&'a RemoteObject>,
    /// The identity of the object that the configuration asks for now.
    wanted: Option<Text>,
}

/// What a finding means for the state of the instance.
fn consequence(
    finding: RecoveryFinding,
    intent: &Intent,
    old: Option<&ResourceState>,
    found: &Found<'_>,
    digester: &Digester,
) -> Option<StateWrite> {
    let address = intent.address.clone();
    let put = |state| Some(StateWrite::Put(address.clone(), Box::new(state)));
    match finding {
        RecoveryFinding::Adopted => {
            let (mut state, live) = (intent.intended.clone()?, found.live?);
            let whole = object::after_request(found.resource, &state.attributes, live);
            state.id = live.id.clone();
            // Whether the object has the secrets that were intended cannot be read: they are
            // sent again.
            state.attributes = object::without_digests(&object::without_secrets(
                found.resource,
                digester,
                &address,
                &whole,
            ));
            // What was to replace the old object and is not asked for any more is put aside: the
            // old one may be what is asked for again.
            let replaces = |old: &ResourceState| {
                old.id == state.id || state.deposed.iter().any(|(id, _)| *id == old.id)
            };
            match old {
                // The old one was gone when the new one was made.
                Some(old) if !replaces(old) => put(state),
                Some(old) if found.wanted.as_ref() != Some(&state.id) && old.id != state.id => {
                    let mut kept = old.clone();
                    kept.deposed.retain(|(id, _)| *id != state.id);
                    kept.deposed.push((state.id, state.attributes));
                    put(kept)
                }
                old => put(object::beside(old, state)),
            }
        }
        RecoveryFinding::WillUpdateAgain => {
            let mut state = old?.clone();
            state.attributes = object::without_digests(&state.attributes);
            put(state)
        }
        RecoveryFinding::Deleted => match object::without_object(old?, intent.id.as_deref()?) {
            Some(state) => put(state),
            None => Some(StateWrite::Remove(address)),
        },
        RecoveryFinding::NeverHappened
        | RecoveryFinding::WillResume
        | RecoveryFinding::NotOurs
        | RecoveryFinding::StillThere => None,
    }
}

#[cfg(test)]
mod tests;
