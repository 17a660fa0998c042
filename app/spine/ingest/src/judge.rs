//! What becomes of each thing that a request carries: kept (scrubbed and packed), or dropped for a reason that is counted.
//!
//! Runs on a blocking thread and touches no file.

use kernel::Time;
use std::net::IpAddr;

use crate::carried::{Carried, Thing, UNKNOWN};
use crate::directory::Caller;
use crate::outline::{Outline, forbids_address, forbids_user_agent, outline};
use crate::quota::{Allowances, Group, Quotas, Reached};
use crate::reason::Reason;
use crate::room::Room;
use crate::store::Ready;
use crate::tally::Drops;
use crate::{EventId, Head, Kind, limits, old_spans, pack, recording, reports};

/// Who sent it, and what it is measured by.
pub(crate) struct Bench<'a> {
    pub caller: &'a Caller,
    pub quotas: &'a Quotas,
    pub allowances: &'a Allowances,
    pub now: Time,
    /// `None` where it is not known.
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// As the credential names it; the envelope's own word counts for more.
    pub client: Option<String>,
    /// What is unpacked here takes its place in memory, too.
    pub room: &'a Room,
}

#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub kept: Vec<Ready>,
    pub drops: Drops,
    /// What the sender is told: the id of the envelope, or of what it carried.
    pub id: Option<EventId>,
    /// Limits that took something away from this request.
    pub hit: Vec<Reached>,
}

pub(crate) fn judge(carried: Carried<'_>, bench: &Bench<'_>) -> Judged {
    let head = head_of(&carried, bench);
    let mut judged = Judged { drops: carried.drops, id: carried.event_id, ..Judged::default() };
    for thing in carried.things {
        match judge_thing(&thing, carried.event_id, &head, bench, &mut judged) {
            Ok(ready) => judged.kept.push(ready),
            Err(reason) => judged.drops.drop(thing.kind.category(), reason, quantity(&thing), thing.payload.len()),
        }
    }
    judged
}

fn head_of(carried: &Carried<'_>, bench: &Bench<'_>) -> Head {
    let forbids = |what: fn(&[u8]) -> bool| carried.things.iter().any(|thing| what(&thing.payload));
    let keeps_address = bench.caller.known.project.keeps_addresses && !forbids(forbids_address);
    let mut head = Head {
        key: Some(bench.caller.asker.key),
        sdk: carried.head.sdk.clone().or_else(|| bench.client.clone()),
        address: bench.address.filter(|_| keeps_address).map(|address| address.to_string()),
        user_agent: bench.user_agent.clone().filter(|_| !forbids(forbids_user_agent)),
        ..carried.head.clone()
    };
    // What calls itself by its address may have a token in it.
    if let Some(trace) = &mut head.trace {
        trace.transaction = trace.transaction.take().map(|name| bench.caller.known.scrubber.scrub_text(name));
    }
    head
}

fn judge_thing(
    thing: &Thing<'_>,
    envelope_id: Option<EventId>,
    head: &Head,
    bench: &Bench<'_>,
    judged: &mut Judged,
) -> Result<Ready, Reason> {
    let kind = thing.kind;
    // A picture of a screen cannot be scrubbed, and nothing here shows one: what nobody can look at is not kept.
    if kind == Kind::ReplayVideo {
        return Err(Reason::UnknownType);
    }
    if thing.payload.len() > limits::payload(kind) {
        return Err(Reason::TooLarge);
    }
    let group = Group::of(kind);
    bench.quotas.check(bench.caller.asker, bench.allowances, group, bench.now).map_err(|reached| {
        if !judged.hit.contains(&reached) && reached.group.is_none_or(Group::is_heard) {
            judged.hit.push(reached);
        }
        Reason::RateLimited
    })?;
    // The envelope has one id: a second event of it is told from the first by its own.
    let is_second = has_own_id(kind) && judged.kept.iter().any(|first| first.kind == kind);
    let cleaned = clean(thing, bench, is_second || needs_outline(kind, envelope_id));
    let entries = cleaned.as_ref().ok().and_then(|(_, outline)| outline.entries).filter(|_| limits::is_container(kind));
    let quantity = entries.unwrap_or(1);
    // What turns out to be broken has cost its work all the same.
    bench.quotas.charge(bench.caller.asker, bench.allowances, group, quantity.max(1), bench.now);
    let (packed, outline) = cleaned?;
    if quantity > limits::ENTRIES as u64 {
        return Err(Reason::TooMany);
    }
    if kind == Kind::ClientReport {
        reports::read(&thing.payload, &mut judged.drops);
    }
    let own = outline.event_id.as_deref().and_then(EventId::parse);
    let event_id = if is_second { own.or(envelope_id) } else { None }.or_else(|| event_id_of(kind, (envelope_id, judged.id), own));
    if is_replay(kind) && event_id.is_none() {
        return Err(Reason::Malformed);
    }
    judged.id = judged.id.or(event_id);
    let head = Head {
        filename: thing.filename.clone().map(|name| bench.caller.known.scrubber.scrub_text(name)),
        content_type: thing.content_type.clone(),
        attachment_type: thing.attachment_type.clone(),
        platform: thing.platform.clone(),
        ..head_for(kind, head)
    };
    let head = serde_json::to_string(&head).map_err(|_| Reason::Malformed)?;
    Ok(Ready { kind, event_id, head, payload: packed, quantity })
}

/// Of what contacts do neither the address nor the browser's own words are kept.
fn head_for(kind: Kind, head: &Head) -> Head {
    match kind {
        Kind::Actions => Head { address: None, user_agent: None, ..head.clone() },
        _ => head.clone(),
    }
}

/// How much is lost with it: what is in it, whatever its header says. What cannot be read counts once.
fn quantity(thing: &Thing<'_>) -> u64 {
    if !limits::is_container(thing.kind) {
        return 1;
    }
    outline(&thing.payload).entries.map_or(1, |entries| entries.max(1))
}

/// Most items of an envelope say nothing that its header has not said.
fn needs_outline(kind: Kind, envelope_id: Option<EventId>) -> bool {
    limits::is_container(kind) || matches!(kind, Kind::UserReport | Kind::ReplayEvent) || (has_own_id(kind) && envelope_id.is_none())
}

/// Without what must not be kept, and packed.
fn clean(thing: &Thing<'_>, bench: &Bench<'_>, needs_outline: bool) -> Result<(pack::Packed, Outline), Reason> {
    if thing.kind == Kind::ReplayRecording {
        return clean_recording(thing, bench).map(|packed| (packed, Outline::default()));
    }
    if !limits::is_json(thing.kind) {
        return if thing.is_whole { Ok((pack::pack(&thing.payload), Outline::default())) } else { Err(Reason::Malformed) };
    }
    let contained = if thing.kind == Kind::Spans { old_spans::contained_if_alone(&thing.payload) } else { None };
    let payload = contained.as_deref().unwrap_or(&thing.payload);
    let scrubbed = bench.caller.known.scrubber.scrub(thing.kind, payload).map_err(|error| match error.kind {
        kernel::Kind::TooLarge => Reason::TooMany,
        _ => Reason::Malformed,
    })?;
    // Everything that is reported is an object; a text or number alone means nothing to anybody.
    if scrubbed.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Reason::Malformed);
    }
    let outline = if needs_outline { outline(&scrubbed.bytes) } else { Outline::default() };
    if limits::is_container(thing.kind) && outline.entries.is_none() {
        return Err(Reason::Malformed);
    }
    Ok((pack::pack(&scrubbed.bytes), outline))
}

fn clean_recording(thing: &Thing<'_>, bench: &Bench<'_>) -> Result<pack::Packed, Reason> {
    if !thing.is_whole {
        return Err(Reason::Malformed);
    }
    let mut share = bench.room.share();
    let opened = recording::open(&thing.payload, &mut |bytes| share.grow(bytes));
    opened.and_then(|opened| recording::clean(opened, &bench.caller.known.scrubber)).map_err(|error| match error.kind {
        kernel::Kind::TooLarge => Reason::TooLarge,
        kernel::Kind::RateLimited(_) => Reason::Overloaded,
        kernel::Kind::Invalid => Reason::Malformed,
        _ => Reason::Failed,
    })
}

/// What belongs to a session that is recorded, which is known by the id alone.
fn is_replay(kind: Kind) -> bool {
    matches!(kind, Kind::ReplayEvent | Kind::ReplayRecording)
}

/// Whether each of these is something of its own, known by its id.
pub(crate) fn has_own_id(kind: Kind) -> bool {
    matches!(kind, Kind::Event | Kind::Transaction | Kind::Feedback)
}

/// The envelope's id counts for more than the payload's; what has none gets one. Where the envelope says nothing, what came along
/// belongs to the first that has an id.
fn event_id_of(kind: Kind, (envelope, first): (Option<EventId>, Option<EventId>), own: Option<EventId>) -> Option<EventId> {
    match kind {
        Kind::UserReport | Kind::ReplayEvent => own.or(envelope).or(first),
        _ if has_own_id(kind) => envelope.or(own).or_else(|| Some(EventId::random())),
        Kind::Attachment | Kind::Minidump | Kind::Profile | Kind::ReplayRecording => envelope.or(first),
        _ => None,
    }
}

/// What is refused before anything of it is known counts once.
pub(crate) fn unread(reason: Reason, bytes: usize) -> Drops {
    let mut drops = Drops::default();
    drops.drop(UNKNOWN, reason, 1, bytes);
    drops
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::KnownProject;
    use crate::quota::Asker;
    use crate::scrub::{Scrubber, sample_project};
    use kernel::ids::DsnKeyId;
    use std::sync::Arc;

    #[test]
    fn a_picture_of_a_screen_is_counted_and_not_kept_and_what_comes_with_it_is() {
        let project = sample_project();
        let asker = Asker { project: project.id, key: DsnKeyId(1), per_minute: None };
        let caller = Caller { known: Arc::new(KnownProject { scrubber: Scrubber::for_project(&project), project }), asker };
        let bench = Bench {
            caller: &caller,
            quotas: &Quotas::default(),
            allowances: &Allowances::STANDARD,
            now: Time(0),
            address: None,
            user_agent: None,
            client: None,
            room: &Room::new(1, 1 << 20),
        };
        let id = EventId::random();
        let things = vec![Thing::new(Kind::ReplayVideo, &b"\x83token=S3CR3T"[..]), Thing::new(Kind::Attachment, &b"kept"[..])];
        let judged = judge(Carried { event_id: Some(id), things, ..Carried::default() }, &bench);
        assert_eq!(judged.kept.iter().map(|item| item.kind).collect::<Vec<_>>(), [Kind::Attachment]);
        assert!(judged.drops.has(Reason::UnknownType) && judged.drops.is_all("replay"));
        assert_eq!((judged.drops.ours(), judged.id), (1, Some(id)));
    }
}
