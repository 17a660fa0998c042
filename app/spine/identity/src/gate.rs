//! Who a request comes from: the login cookie of a browser, or the bearer key of a program.

use db::Db;
use http::{HeaderMap, header};
use kernel::ids::{ApiKeyId, MemberId};
use kernel::{Error, Kind, Result};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use web::{Actor, BoxFuture, Gate};

use crate::{model, store};

/// API keys start so, which lets secret scanners and people recognise them.
pub const KEY_PREFIX: &str = "hk_";

/// "Last seen" is written at most so often: a page view must not cost a write.
const SEEN_EVERY: Duration = Duration::from_secs(300);

/// The cookie of a signed-in browser. Over https it carries the `__Host-` prefix: bound to this host, never sent in clear.
#[derive(Debug, Clone, Copy)]
pub struct LoginCookie {
    pub is_secure: bool,
}

impl LoginCookie {
    pub fn name(self) -> &'static str {
        if self.is_secure { "__Host-hermetic_login" } else { "hermetic_login" }
    }

    pub fn set(self, token: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}", self.name(), model::LOGIN_IDLE.as_secs())
    }

    pub fn clear(self) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", self.name())
    }

    pub fn read(self, headers: &HeaderMap) -> Option<String> {
        let values = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, token)| *name == self.name() && !token.is_empty())
            .map(|(_, token)| token.to_owned())
    }
}

/// Where a member's second-factor secret may be opened: bound to the member, so that it cannot be copied to another row.
pub(crate) struct TotpContext(pub MemberId);

impl fmt::Display for TotpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "identity_members.totp_secret:{}", self.0)
    }
}

/// The context under which [`crate::store::enable_totp`]'s secret is to be sealed.
pub fn totp_context(member: MemberId) -> String {
    TotpContext(member).to_string()
}

pub struct MemberGate {
    pub db: Db,
    pub cookie: LoginCookie,
}

impl MemberGate {
    async fn member(&self, token: &str) -> Result<Actor> {
        let digest = kernel::ids::digest(token);
        let found = self.db.read(move |r| Ok(store::find_login(r, &digest)?.map(|login| (login, r.now)))).await?;
        // An ended login is no error: the person is simply asked to sign in again.
        let Some((login, now)) = found else { return Ok(Actor::Visitor) };
        if now.since(login.seen_at) >= SEEN_EVERY {
            let id = login.id;
            note_use(self.db.write(move |tx| store::touch_login(tx, id)).await);
        }
        Ok(Actor::Member { id: login.member, name: login.name, role: login.role, login: login.id })
    }

    async fn key(&self, token: &str) -> Result<Actor> {
        let digest = kernel::ids::digest(token);
        let found = self.db.read(move |r| Ok(store::find_key_by_digest(r, &digest)?.map(|key| (key, r.now)))).await?;
        let (key, now) = found.ok_or_else(|| Error::new(Kind::Unauthorized, "This API key is not known, or it was revoked."))?;
        if key.used_at.is_none_or(|used_at| now.since(used_at) >= SEEN_EVERY) {
            let id = key.id;
            note_use(self.db.write(move |tx| store::touch_key(tx, id)).await);
        }
        Ok(Actor::Key { id: key.id, name: key.name, role: key.role })
    }
}

/// When somebody was last here is not worth a refusal: on a full disk, too, the founder must see what is wrong.
fn note_use(noted: Result<()>) {
    if let Err(error) = noted {
        tracing::warn!(error = error.chain(), "when a login or key was last used could not be noted");
    }
}

impl Gate for MemberGate {
    fn identify<'a>(&'a self, headers: &'a HeaderMap, _peer: IpAddr) -> BoxFuture<'a, Result<Actor>> {
        Box::pin(async move {
            if let Some(value) = headers.get(header::AUTHORIZATION) {
                let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
                let token = token.ok_or_else(|| Error::new(Kind::Unauthorized, "Please send the API key as “Authorization: Bearer …”."))?;
                return self.key(token.trim()).await;
            }
            match self.cookie.read(headers) {
                Some(token) => self.member(&token).await,
                None => Ok(Actor::Visitor),
            }
        })
    }

    fn has_scope<'a>(&'a self, key: ApiKeyId, scope: &'static str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.db.read(move |r| Ok(store::find_key(r, key)?.is_some_and(|key| key.scopes.iter().any(|own| own == scope)))))
    }
}
