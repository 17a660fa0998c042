//! DNS messages (RFC 1035), as much as a fake needs: one question in, records out, no compression.

use super::Record;

pub const CNAME: u16 = 5;
const CLASS_IN: u16 = 1;
const TTL: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// In lower case, without the last dot.
    pub name: String,
    pub kind: u16,
    /// Where the question ends in the packet.
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    NoError = 0,
    ServFail = 2,
    NxDomain = 3,
    Refused = 5,
}

pub struct Answer {
    pub code: Code,
    pub records: Vec<(String, Record)>,
    pub is_truncated: bool,
    pub is_wrong_id: bool,
}

impl Answer {
    pub fn code(code: Code) -> Self {
        Self { code, records: Vec::new(), is_truncated: false, is_wrong_id: false }
    }
}

pub fn parse(packet: &[u8]) -> Option<Query> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(packet.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]);
    packet.get(at + 3)?;
    Some(Query { name: labels.join("."), kind, end: at + 4 })
}

pub fn encode(packet: &[u8], query: &Query, answer: &Answer) -> Vec<u8> {
    let id = u16::from_be_bytes([packet[0], packet[1]]);
    let id = if answer.is_wrong_id { id.wrapping_add(1) } else { id };
    let recursion_desired = packet[2] & 1;
    let mut message = id.to_be_bytes().to_vec();
    message.push(0x84 | recursion_desired | if answer.is_truncated { 0x02 } else { 0 });
    message.push(0x80 | answer.code as u8);
    for count in [1, answer.records.len(), 0, 0] {
        push_u16(&mut message, count);
    }
    // The question goes back byte by byte: resolvers check even the case of its letters.
    message.extend_from_slice(&packet[12..query.end]);
    for (owner, record) in &answer.records {
        push_name(&mut message, owner);
        push_u16(&mut message, usize::from(kind_of(record)));
        push_u16(&mut message, usize::from(CLASS_IN));
        message.extend_from_slice(&TTL.to_be_bytes());
        let data = data_of(record);
        push_u16(&mut message, data.len());
        message.extend_from_slice(&data);
    }
    message
}

pub fn kind_of(record: &Record) -> u16 {
    match record {
        Record::A(_) => 1,
        Record::Ns(_) => 2,
        Record::Cname(_) => CNAME,
        Record::Soa(..) => 6,
        Record::Mx(..) => 15,
        Record::Txt(_) => 16,
        Record::Aaaa(_) => 28,
    }
}

pub fn kind_name(kind: u16) -> String {
    let names = [(1, "A"), (2, "NS"), (5, "CNAME"), (6, "SOA"), (15, "MX"), (16, "TXT"), (28, "AAAA")];
    names.iter().find(|(number, _)| *number == kind).map_or_else(|| kind.to_string(), |(_, name)| (*name).to_owned())
}

fn data_of(record: &Record) -> Vec<u8> {
    let mut data = Vec::new();
    match record {
        Record::A(ip) => data.extend_from_slice(&ip.octets()),
        Record::Aaaa(ip) => data.extend_from_slice(&ip.octets()),
        Record::Cname(name) | Record::Ns(name) => push_name(&mut data, name),
        Record::Mx(preference, name) => {
            data.extend_from_slice(&preference.to_be_bytes());
            push_name(&mut data, name);
        }
        Record::Txt(text) => {
            for part in text.as_bytes().chunks(255) {
                data.push(u8::try_from(part.len()).unwrap_or(255));
                data.extend_from_slice(part);
            }
        }
        Record::Soa(primary, serial) => {
            push_name(&mut data, primary);
            push_name(&mut data, "hostmaster.example");
            for number in [*serial, 3_600, 600, 86_400, 60] {
                data.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
    data
}

fn push_name(message: &mut Vec<u8>, name: &str) {
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).unwrap_or(63));
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
}

fn push_u16(message: &mut Vec<u8>, number: usize) {
    message.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
}
