//! Files that came with events. Strangers sent them: nothing of them runs in the console.

use capability::Cx;
use db::Reader;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use ingest::EventId;
use kernel::ids::ProjectId;
use kernel::{Error, Result, Time};
use serde::Deserialize;
use web::{Path, Query, Reply, Response, State};

use super::event;
use crate::pages::event::Attachment;
use crate::store::attachments::{self, Attachment as Stored};

/// A text begins on the page itself.
const TEXT_START: usize = 4_000;
/// Larger texts are only there to download: unpacking them to show their first lines is not worth it.
const TEXT_SIZE: u64 = 256 << 10;
/// Of all files of one page so much is unpacked to tell pictures and to show texts; the rest is there to download.
const PAGE_SIZE: u64 = 20 << 20;
/// Larger pictures are only there to download.
const PICTURE_SIZE: u64 = 5 << 20;
const SNIFFED: usize = 16;

/// Pictures that a browser draws without running anything, told by their first bytes and not by what was claimed.
fn picture_type(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn is_text(file: &Stored) -> bool {
    let kind = file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let name = file.filename.to_ascii_lowercase();
    kind.starts_with("text/")
        || kind.ends_with("json")
        || [".txt", ".log", ".json", ".csv", ".yaml", ".yml", ".toml"].iter().any(|end| name.ends_with(end))
}

/// Of one event, as its page shows them.
pub(super) fn of_event(r: &Reader<'_>, project: ProjectId, event_id: Option<EventId>, received_at: Time) -> Result<Vec<Attachment>> {
    let Some(event_id) = event_id else { return Ok(Vec::new()) };
    let mut room = PAGE_SIZE;
    attachments::attachments_of(r, project, event_id, received_at)?.into_iter().map(|file| shown(r, file, &mut room)).collect()
}

fn shown(r: &Reader<'_>, file: Stored, room: &mut u64) -> Result<Attachment> {
    let has_room = file.size <= *room;
    let may_be_picture = has_room
        && file.size <= PICTURE_SIZE
        && (file.content_type.starts_with("image/") || file.attachment_type == "event.attachment" || file.content_type.is_empty());
    let may_be_text = has_room && is_text(&file) && file.size <= TEXT_SIZE;
    let bytes = if may_be_picture || may_be_text {
        *room -= file.size;
        bytes_of(r, file.item)?.unwrap_or_default()
    } else {
        Vec::new()
    };
    let text = if may_be_text { String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT_START)]).into_owned() } else { String::new() };
    Ok(Attachment {
        item: file.item,
        is_picture: picture_type(&bytes[..bytes.len().min(SNIFFED)]).is_some(),
        filename: file.filename,
        content_type: file.content_type,
        size: file.size,
        text,
    })
}

fn bytes_of(r: &Reader<'_>, item: i64) -> Result<Option<Vec<u8>>> {
    ingest::store::find_item(r, item)?.map(|item| item.payload()).transpose()
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    show: Option<String>,
}

/// The file itself. It has to belong to this event of this issue.
pub async fn download(State(cx): State<Cx>, Path((id, item, file)): Path<(i64, i64, i64)>, Query(asked): Query<Asked>) -> Reply {
    let (issue, loaded, _) = event::of_issue(&cx, id, item).await?;
    let stored = cx.telemetry.read(move |r| attachments::find_attachment(r, file)).await?;
    let is_own = |file: &Stored| file.project == issue.project && file.event_id.is_some() && file.event_id == loaded.stored.event_id;
    let stored = stored.filter(is_own).ok_or_else(|| Error::not_found("file"))?;
    let bytes = cx.telemetry.read(move |r| bytes_of(r, file)).await?.ok_or_else(|| Error::not_found("file"))?;
    let picture = picture_type(&bytes).filter(|_| asked.show.is_some());
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(picture.unwrap_or("application/octet-stream")));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"));
    disposition(headers, &stored.filename, picture.is_some());
    Ok(response)
}

/// RFC 6266: the name percent-encoded, so that nothing in it can be more than a name.
fn disposition(headers: &mut HeaderMap, filename: &str, is_shown: bool) {
    let base = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = base.chars().filter(|c| !c.is_control()).take(150).collect();
    let name = if name.trim_matches('.').is_empty() { "file".to_owned() } else { name };
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let how = if is_shown { "inline" } else { "attachment" };
    let value = HeaderValue::from_str(&format!("{how}; filename*=UTF-8''{encoded}"));
    headers.insert(CONTENT_DISPOSITION, value.unwrap_or(HeaderValue::from_static("attachment")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_like_a_picture_is_one() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(picture_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b""[..], b"GIF", b"<svg xmlns='http://www.w3.org/2000/svg'>", b"<html>", b"RIFF....WAVE"] {
            assert_eq!(picture_type(other), None);
        }
    }

    #[test]
    fn a_name_of_a_file_is_nothing_but_a_name() {
        for (name, expected) in [
            ("a b.txt", "attachment; filename*=UTF-8''a%20b.txt"),
            ("../../etc/passwd", "attachment; filename*=UTF-8''passwd"),
            ("C:\\x\\y.log", "attachment; filename*=UTF-8''y.log"),
            ("x\r\nSet-Cookie: a=b", "attachment; filename*=UTF-8''xSet-Cookie%3A%20a%3Db"),
            ("\"; filename=evil.html", "attachment; filename*=UTF-8''%22%3B%20filename%3Devil.html"),
            ("", "attachment; filename*=UTF-8''file"),
            ("..", "attachment; filename*=UTF-8''file"),
        ] {
            let mut headers = HeaderMap::new();
            disposition(&mut headers, name, false);
            assert_eq!(headers[CONTENT_DISPOSITION], expected, "{name:?}");
        }
    }
}
