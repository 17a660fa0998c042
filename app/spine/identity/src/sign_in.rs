//! Signing in: the password, then (where one is set up) the code, then a login of this browser.

use db::{Db, Tx};
use kernel::ids::MemberId;
use kernel::{Error, Result, Role, Sealer, Secret, Time};

use crate::gate::TotpContext;
use crate::{model, password, store, totp};

/// What a browser shows of itself: for the list of logins.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub address: String,
    pub user_agent: String,
}

/// A right password. `token` goes into the cookie; while `needs_code` it opens nothing but the page that asks for the code.
#[derive(Debug)]
pub struct SignedIn {
    pub token: Secret,
    pub needs_code: bool,
}

/// One sentence for wrong address, wrong password and disabled member: none of them is told apart.
fn refused() -> Error {
    Error::field("password", "This address and password do not fit together. Please try again, or ask an owner for a new password link.")
}

pub async fn with_password(db: &Db, email: &str, password: &Secret, browser: Browser) -> Result<SignedIn> {
    let email = email.trim().to_owned();
    let credentials = db.read(move |r| store::find_credentials(r, &email)).await?;
    let hash = credentials.as_ref().and_then(|credentials| credentials.password_hash.clone());
    let is_right = password::is_right(hash, password).await?;
    let credentials = credentials.filter(|credentials| is_right && !credentials.is_disabled).ok_or_else(refused)?;
    let token = kernel::ids::random_token();
    let digest = kernel::ids::digest(&token);
    let needs_code = credentials.has_totp;
    let lifetime = if needs_code { model::PENDING_FOR } else { model::LOGIN_IDLE };
    db.write(move |tx| {
        let expires_at = tx.now + lifetime;
        store::insert_login(
            tx,
            &store::LoginInsert { member: credentials.id, digest: &digest, is_pending: needs_code, browser: &browser, expires_at },
        )?;
        if !needs_code {
            note_sign_in(tx, credentials.id, &credentials.name)?;
        }
        Ok(())
    })
    .await?;
    Ok(SignedIn { token: Secret::new(token), needs_code })
}

/// Takes a code of the app or a recovery code, and gives a new token: the one from before the code is worth nothing after it.
pub async fn with_code(db: &Db, sealer: &Sealer, token: &str, code: &str) -> Result<Secret> {
    let (digest, code, sealer) = (kernel::ids::digest(token), code.to_owned(), sealer.clone());
    let fresh = kernel::ids::random_token();
    let fresh_digest = kernel::ids::digest(&fresh);
    db.write(move |tx| {
        let pending = store::find_pending(tx, &digest)?
            .ok_or_else(|| Error::new(kernel::Kind::Unauthorized, "This sign-in took too long. Please start again."))?;
        if !accept_code(tx, &sealer, &pending, &code)? {
            return Err(Error::field("code", "This code is not right, or it was used before. Please wait for the next one."));
        }
        let expires_at = tx.now + model::LOGIN_IDLE;
        store::complete_login(tx, &digest, &fresh_digest, expires_at)?;
        note_sign_in(tx, pending.member, &pending.name)
    })
    .await?;
    Ok(Secret::new(fresh))
}

fn accept_code(tx: &mut Tx<'_>, sealer: &Sealer, pending: &store::Pending, code: &str) -> Result<bool> {
    // A secret that was lost with the key file matches no code; a recovery code still opens the door.
    let secret = sealer.open(&TotpContext(pending.member).to_string(), &pending.totp_secret).ok();
    if let Some(secret) = secret
        && let Some(step) = totp::matching_step(&secret, code, tx.now, pending.totp_step)?
    {
        store::set_totp_step(tx, pending.member, step)?;
        return Ok(true);
    }
    let digest = kernel::ids::digest(&totp::plain_recovery_code(code));
    store::take_recovery_code(tx, pending.member, &digest)
}

fn note_sign_in(tx: &mut Tx<'_>, member: MemberId, name: &str) -> Result<()> {
    store::audit_as(tx, &format!("member:{member} {name}"), "identity.login.create", "", "")
}

/// A link to the page that makes the first owner. `None` once there is an owner. Any earlier link ends.
pub fn new_setup_token(tx: &mut Tx<'_>) -> Result<Option<Secret>> {
    if store::has_owner(tx)? {
        return Ok(None);
    }
    store::remove_links(tx, model::Purpose::Setup)?;
    let token = kernel::ids::random_token();
    let forever = Time(i64::MAX);
    store::insert_link(tx, &kernel::ids::digest(&token), model::Purpose::Setup, None, forever)?;
    Ok(Some(Secret::new(token)))
}

/// The first owner, by the link that only whoever started the server has seen.
pub fn create_owner(tx: &mut Tx<'_>, token: &str, member: &store::MemberInsert<'_>) -> Result<MemberId> {
    let digest = kernel::ids::digest(token);
    if store::has_owner(tx)? || store::take_link(tx, &digest, model::Purpose::Setup)?.is_none() {
        return Err(Error::forbidden("This set-up link is not valid (any more). Start the server again to get a new one, or sign in."));
    }
    let id = store::insert_member(tx, &store::MemberInsert { role: Role::Owner, ..*member })?;
    store::audit_as(tx, &format!("member:{id} {}", member.name), "identity.member.create", member.email.as_str(), "first owner")?;
    Ok(id)
}
