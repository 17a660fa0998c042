//! SQL of members, logins, links, keys and the audit log.

mod contacts;
mod projects;

pub use contacts::*;
pub use projects::*;

use db::{Reader, Tx};
use kernel::ids::{ApiKeyId, LoginId, MemberId};
use kernel::paging::{Page, PageRequest};
use kernel::text::Email;
use kernel::{Error, Result, Role, Secret, Time};
use rusqlite::{Row, params};
use web::Actor;

use crate::model::{ApiKey, Audit, Login, Member, Purpose};
use crate::sign_in::Browser;
use crate::{TOPIC, gate};

/// One row in the audit log. `act` is `<capability>.<noun>.<verb>`; `detail` never holds a secret.
pub fn audit(tx: &mut Tx<'_>, actor: &Actor, act: &str, subject: &str, detail: &str) -> Result<()> {
    audit_as(tx, &actor.label(), act, subject, detail)
}

/// [`audit`] for an actor that is no request: the command line, a link.
pub fn audit_as(tx: &mut Tx<'_>, actor: &str, act: &str, subject: &str, detail: &str) -> Result<()> {
    tx.run(
        "insert into identity_audits (actor, act, subject, detail, created_at) values (?, ?, ?, ?, ?)",
        params![actor, act, subject, detail, tx.now.0],
    )?;
    Ok(())
}

pub fn list_audits(r: &Reader<'_>, page: &PageRequest) -> Result<Page<Audit>> {
    let rows = r.rows(
        "select id, actor, act, subject, detail, created_at from identity_audits where id < ? order by id desc limit ?",
        params![page.before(), page.limit() + 1],
        |row| {
            Ok(Audit {
                id: row.get(0)?,
                actor: row.get(1)?,
                act: row.get(2)?,
                subject: row.get(3)?,
                detail: row.get(4)?,
                created_at: Time(row.get(5)?),
            })
        },
    )?;
    Ok(Page::from_rows(rows, page, |row| row.id))
}

/// Old audit rows go; see the retention of identity.
pub fn remove_audits(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from identity_audits where id in (select id from identity_audits where created_at < ? order by id limit ?)",
        params![before.0, limit],
    )
}

fn read_role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(column)?;
    // The column's check admits only known roles; whatever else there was gets the least.
    Ok(text.parse().unwrap_or(Role::Viewer))
}

fn read_email(row: &Row<'_>, column: usize) -> rusqlite::Result<Email> {
    let text: String = row.get(column)?;
    Email::parse(&text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}

const MEMBER_COLUMNS: &str = "id, email, name, role, password_hash is not null, totp_secret is not null, disabled_at, created_at";

fn read_member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        id: MemberId(row.get(0)?),
        email: read_email(row, 1)?,
        name: row.get(2)?,
        role: read_role(row, 3)?,
        has_password: row.get(4)?,
        has_totp: row.get(5)?,
        disabled_at: row.get::<_, Option<i64>>(6)?.map(Time),
        created_at: Time(row.get(7)?),
    })
}

#[derive(Debug, Clone, Copy)]
pub struct MemberInsert<'a> {
    pub email: &'a Email,
    pub name: &'a str,
    pub role: Role,
    pub password_hash: Option<&'a str>,
}

pub fn insert_member(tx: &mut Tx<'_>, member: &MemberInsert<'_>) -> Result<MemberId> {
    let insert = tx.insert(
        "insert into identity_members (email, name, role, password_hash, created_at) values (?, ?, ?, ?, ?)",
        params![member.email.as_str(), member.name, member.role.as_str(), member.password_hash, tx.now.0],
    );
    tx.signal(TOPIC);
    insert.map(MemberId).map_err(|error| match error.kind {
        kernel::Kind::Conflict => Error::field("email", "There is a member with this address already."),
        _ => error,
    })
}

/// All of them: a team is small.
pub fn list_members(r: &Reader<'_>) -> Result<Vec<Member>> {
    r.rows(&format!("select {MEMBER_COLUMNS} from identity_members order by disabled_at is not null, name limit 1000"), [], read_member)
}

pub fn get_member(r: &Reader<'_>, id: MemberId) -> Result<Member> {
    let found = r.row(&format!("select {MEMBER_COLUMNS} from identity_members where id = ?"), [id.0], read_member)?;
    found.ok_or_else(|| Error::not_found("member"))
}

pub fn find_member_by_email(r: &Reader<'_>, email: &str) -> Result<Option<Member>> {
    r.row(&format!("select {MEMBER_COLUMNS} from identity_members where email = ?"), [email.trim()], read_member)
}

pub fn has_owner(r: &Reader<'_>) -> Result<bool> {
    r.value("select exists (select 1 from identity_members where role = 'owner' and disabled_at is null and password_hash is not null)", [])
}

/// Changes the role; refuses to leave the instance without an owner who can sign in.
pub fn set_role(tx: &mut Tx<'_>, id: MemberId, role: Role) -> Result<()> {
    tx.run("update identity_members set role = ? where id = ?", params![role.as_str(), id.0])?;
    tx.signal(TOPIC);
    keep_an_owner(tx)
}

/// Ends every login with it.
pub fn set_disabled(tx: &mut Tx<'_>, id: MemberId, is_disabled: bool) -> Result<()> {
    let at = is_disabled.then_some(tx.now.0);
    tx.run("update identity_members set disabled_at = ? where id = ?", params![at, id.0])?;
    if is_disabled {
        remove_logins(tx, id, None)?;
    }
    tx.signal(TOPIC);
    keep_an_owner(tx)
}

fn keep_an_owner(tx: &Tx<'_>) -> Result<()> {
    if has_owner(tx)? { Ok(()) } else { Err(Error::conflict("This is the last owner. Please make somebody else an owner first.")) }
}

/// A new password ends every other login of the member.
pub fn set_password(tx: &mut Tx<'_>, id: MemberId, hash: &str, keep: Option<LoginId>) -> Result<()> {
    tx.run("update identity_members set password_hash = ? where id = ?", params![hash, id.0])?;
    remove_logins(tx, id, keep)
}

pub fn set_name(tx: &mut Tx<'_>, id: MemberId, name: &str) -> Result<()> {
    tx.run("update identity_members set name = ? where id = ?", params![name, id.0])?;
    Ok(())
}

pub fn find_password_hash(r: &Reader<'_>, id: MemberId) -> Result<Option<String>> {
    Ok(r.row("select password_hash from identity_members where id = ?", [id.0], |row| row.get::<_, Option<String>>(0))?.flatten())
}

pub(crate) struct Credentials {
    pub id: MemberId,
    pub name: String,
    pub password_hash: Option<String>,
    pub has_totp: bool,
    pub is_disabled: bool,
}

pub(crate) fn find_credentials(r: &Reader<'_>, email: &str) -> Result<Option<Credentials>> {
    r.row(
        "select id, name, password_hash, totp_secret is not null, disabled_at is not null from identity_members where email = ?",
        [email],
        |row| {
            Ok(Credentials {
                id: MemberId(row.get(0)?),
                name: row.get(1)?,
                password_hash: row.get(2)?,
                has_totp: row.get(3)?,
                is_disabled: row.get(4)?,
            })
        },
    )
}

/// `sealed` under [`gate::totp_context`]; `codes` are the recovery codes, of which only digests are kept.
pub fn enable_totp(tx: &mut Tx<'_>, id: MemberId, sealed: &str, step: i64, codes: &[String]) -> Result<()> {
    tx.run("update identity_members set totp_secret = ?, totp_step = ? where id = ?", params![sealed, step, id.0])?;
    tx.run("delete from identity_recovery_codes where member_id = ?", [id.0])?;
    for code in codes {
        let digest = kernel::ids::digest(&crate::totp::plain_recovery_code(code));
        tx.run("insert into identity_recovery_codes (member_id, digest, created_at) values (?, ?, ?)", params![id.0, digest, tx.now.0])?;
    }
    tx.signal(TOPIC);
    Ok(())
}

pub fn disable_totp(tx: &mut Tx<'_>, id: MemberId) -> Result<()> {
    tx.run("update identity_members set totp_secret = null, totp_step = 0 where id = ?", [id.0])?;
    tx.run("delete from identity_recovery_codes where member_id = ?", [id.0])?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn count_recovery_codes(r: &Reader<'_>, id: MemberId) -> Result<u32> {
    r.value("select count(*) from identity_recovery_codes where member_id = ?", [id.0])
}

pub(crate) fn set_totp_step(tx: &mut Tx<'_>, id: MemberId, step: i64) -> Result<()> {
    tx.run("update identity_members set totp_step = ? where id = ?", params![step, id.0])?;
    Ok(())
}

/// Each recovery code opens once.
pub(crate) fn take_recovery_code(tx: &mut Tx<'_>, id: MemberId, digest: &str) -> Result<bool> {
    Ok(tx.run("delete from identity_recovery_codes where member_id = ? and digest = ?", params![id.0, digest])? == 1)
}

pub(crate) struct LoginInsert<'a> {
    pub member: MemberId,
    pub digest: &'a str,
    pub is_pending: bool,
    pub browser: &'a Browser,
    pub expires_at: Time,
}

pub(crate) fn insert_login(tx: &mut Tx<'_>, login: &LoginInsert<'_>) -> Result<()> {
    tx.run("delete from identity_logins where expires_at <= ?", [tx.now.0])?;
    tx.run(
        "insert into identity_logins (member_id, digest, is_pending, address, user_agent, seen_at, expires_at, created_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            login.member.0,
            login.digest,
            login.is_pending,
            login.browser.address,
            kernel::text::shorten(&login.browser.user_agent, 300),
            tx.now.0,
            login.expires_at.0,
            tx.now.0
        ],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub(crate) struct Pending {
    pub member: MemberId,
    pub name: String,
    pub totp_secret: String,
    pub totp_step: i64,
}

pub(crate) fn find_pending(r: &Reader<'_>, digest: &str) -> Result<Option<Pending>> {
    r.row(
        "select member.id, member.name, member.totp_secret, member.totp_step from identity_logins as login join identity_members as member on member.id = login.member_id \
         where login.digest = ? and login.is_pending = 1 and login.expires_at > ? and member.disabled_at is null and member.totp_secret is not null",
        params![digest, r.now.0],
        |row| Ok(Pending { member: MemberId(row.get(0)?), name: row.get(1)?, totp_secret: row.get(2)?, totp_step: row.get(3)? }),
    )
}

pub(crate) fn complete_login(tx: &mut Tx<'_>, digest: &str, fresh_digest: &str, expires_at: Time) -> Result<()> {
    tx.run(
        "update identity_logins set digest = ?, is_pending = 0, seen_at = ?, expires_at = ? where digest = ?",
        params![fresh_digest, tx.now.0, expires_at.0, digest],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub(crate) struct LoginMember {
    pub id: LoginId,
    pub member: MemberId,
    pub name: String,
    pub role: Role,
    pub seen_at: Time,
}

pub(crate) fn find_login(r: &Reader<'_>, digest: &str) -> Result<Option<LoginMember>> {
    r.row(
        "select login.id, member.id, member.name, member.role, login.seen_at from identity_logins as login join identity_members as member on member.id = login.member_id \
         where login.digest = ? and login.is_pending = 0 and login.expires_at > ? and member.disabled_at is null",
        params![digest, r.now.0],
        |row| Ok(LoginMember { id: LoginId(row.get(0)?), member: MemberId(row.get(1)?), name: row.get(2)?, role: read_role(row, 3)?, seen_at: Time(row.get(4)?) }),
    )
}

pub(crate) fn touch_login(tx: &mut Tx<'_>, id: LoginId) -> Result<()> {
    let expires_at = tx.now + crate::model::LOGIN_IDLE;
    tx.run("update identity_logins set seen_at = ?, expires_at = ? where id = ?", params![tx.now.0, expires_at.0, id.0])?;
    Ok(())
}

pub fn list_logins(r: &Reader<'_>, member: MemberId) -> Result<Vec<Login>> {
    r.rows(
        "select id, address, user_agent, seen_at, created_at from identity_logins where member_id = ? and is_pending = 0 and expires_at > ? order by seen_at desc limit 100",
        params![member.0, r.now.0],
        |row| Ok(Login { id: LoginId(row.get(0)?), address: row.get(1)?, user_agent: row.get(2)?, seen_at: Time(row.get(3)?), created_at: Time(row.get(4)?) }),
    )
}

/// Signs one browser of this member out.
pub fn remove_login(tx: &mut Tx<'_>, member: MemberId, id: LoginId) -> Result<()> {
    tx.run("delete from identity_logins where id = ? and member_id = ?", params![id.0, member.0])?;
    tx.signal(TOPIC);
    Ok(())
}

/// Signs every browser of this member out, but `keep`.
pub fn remove_logins(tx: &mut Tx<'_>, member: MemberId, keep: Option<LoginId>) -> Result<()> {
    tx.run("delete from identity_logins where member_id = ? and id <> ?", params![member.0, keep.map_or(0, |id| id.0)])?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn insert_link(tx: &mut Tx<'_>, digest: &str, purpose: Purpose, member: Option<MemberId>, expires_at: Time) -> Result<()> {
    tx.run(
        "insert into identity_links (digest, purpose, member_id, expires_at, created_at) values (?, ?, ?, ?, ?)",
        params![digest, purpose.as_str(), member.map(|id| id.0), expires_at.0, tx.now.0],
    )?;
    Ok(())
}

/// A link for a member to choose a password: an invitation or a new start. The token is given once; only its digest stays.
pub fn new_link(tx: &mut Tx<'_>, member: MemberId, purpose: Purpose) -> Result<Secret> {
    let lifetime = if purpose == Purpose::Invite { crate::model::INVITE_FOR } else { crate::model::PASSWORD_LINK_FOR };
    let token = kernel::ids::random_token();
    tx.run("delete from identity_links where member_id = ?", [member.0])?;
    insert_link(tx, &kernel::ids::digest(&token), purpose, Some(member), tx.now + lifetime)?;
    Ok(Secret::new(token))
}

/// The member a valid link is for (0 for the set-up link, which has none yet).
pub fn find_link(r: &Reader<'_>, digest: &str, purpose: Purpose) -> Result<Option<MemberId>> {
    r.row(
        "select coalesce(member_id, 0) from identity_links where digest = ? and purpose = ? and expires_at > ?",
        params![digest, purpose.as_str(), r.now.0],
        |row| row.get(0).map(MemberId),
    )
}

/// [`find_link`], and the link is used up.
pub fn take_link(tx: &mut Tx<'_>, digest: &str, purpose: Purpose) -> Result<Option<MemberId>> {
    let found = find_link(tx, digest, purpose)?;
    tx.run("delete from identity_links where digest = ? and purpose = ?", params![digest, purpose.as_str()])?;
    Ok(found)
}

pub(crate) fn remove_links(tx: &mut Tx<'_>, purpose: Purpose) -> Result<()> {
    tx.run("delete from identity_links where purpose = ?", [purpose.as_str()])?;
    Ok(())
}

const KEY_COLUMNS: &str = "id, name, hint, role, scopes, created_by, used_at, created_at";

fn read_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let scopes: String = row.get(4)?;
    Ok(ApiKey {
        id: ApiKeyId(row.get(0)?),
        name: row.get(1)?,
        hint: row.get(2)?,
        role: read_role(row, 3)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created_by: row.get(5)?,
        used_at: row.get::<_, Option<i64>>(6)?.map(Time),
        created_at: Time(row.get(7)?),
    })
}

/// The token is given once; only its digest stays.
pub fn new_key(tx: &mut Tx<'_>, name: &str, role: Role, scopes: &[String], created_by: &str) -> Result<(ApiKeyId, Secret)> {
    let token = format!("{}{}", gate::KEY_PREFIX, kernel::ids::random_token());
    let inserted = tx.insert(
        "insert into identity_keys (name, hint, digest, role, scopes, created_by, created_at) values (?, ?, ?, ?, ?, ?, ?)",
        params![name, &token[..8], kernel::ids::digest(&token), role.as_str(), scopes.join(" "), created_by, tx.now.0],
    );
    tx.signal(TOPIC);
    let id = inserted.map_err(|error| match error.kind {
        kernel::Kind::Conflict => Error::field("name", "There is a key of this name already."),
        _ => error,
    })?;
    Ok((ApiKeyId(id), Secret::new(token)))
}

pub fn list_keys(r: &Reader<'_>) -> Result<Vec<ApiKey>> {
    r.rows(&format!("select {KEY_COLUMNS} from identity_keys order by name limit 1000"), [], read_key)
}

pub fn find_key(r: &Reader<'_>, id: ApiKeyId) -> Result<Option<ApiKey>> {
    r.row(&format!("select {KEY_COLUMNS} from identity_keys where id = ?"), [id.0], read_key)
}

pub(crate) fn find_key_by_digest(r: &Reader<'_>, digest: &str) -> Result<Option<ApiKey>> {
    r.row(&format!("select {KEY_COLUMNS} from identity_keys where digest = ?"), [digest], read_key)
}

pub(crate) fn touch_key(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<()> {
    tx.run("update identity_keys set used_at = ? where id = ?", params![tx.now.0, id.0])?;
    Ok(())
}

pub fn remove_key(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<()> {
    let removed = tx.run("delete from identity_keys where id = ?", [id.0])?;
    tx.signal(TOPIC);
    if removed == 0 { Err(Error::not_found("API key")) } else { Ok(()) }
}
