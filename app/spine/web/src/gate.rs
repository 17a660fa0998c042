//! Who may call what: a route names its [`Access`], the [`Gate`] names the [`Actor`], and [`By`] is the proof a handler asks for.

use crate::reply::Failure;
use axum::extract::FromRequestParts;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::request::Parts;
use kernel::ids::{ApiKeyId, LoginId, MemberId};
use kernel::text::WebUrl;
use kernel::{Error, Result, Role};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not; unsafe methods only from our own pages.
    Anyone,
    /// Everybody, and programs may post without an origin: beats, hooks, one-click unsubscribe. The caller is not looked up: always a visitor.
    Open,
    /// A signed-in member of at least this role. API keys do not open these.
    Rank(Role),
    /// An API key with this scope and at least this role; or a signed-in member of at least this role.
    Api { scope: &'static str, role: Role },
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Visitor,
    Member { id: MemberId, name: String, role: Role, login: LoginId },
    Key { id: ApiKeyId, name: String, role: Role },
}

impl Actor {
    /// How audit rows name the actor: `visitor`, `member:3 Ada`, `key:2 deploy`.
    pub fn label(&self) -> String {
        match self {
            Actor::Visitor => "visitor".to_owned(),
            Actor::Member { id, name, .. } => format!("member:{id} {name}"),
            Actor::Key { id, name, .. } => format!("key:{id} {name}"),
        }
    }

    pub fn role(&self) -> Option<Role> {
        match self {
            Actor::Visitor => None,
            Actor::Member { role, .. } | Actor::Key { role, .. } => Some(*role),
        }
    }

    pub fn has_role(&self, role: Role) -> bool {
        self.role().is_some_and(|own| own >= role)
    }

    /// The actor the gate found for this request; a visitor where no gate stood before it (the 404 page).
    pub fn of(parts: &Parts) -> Actor {
        parts.extensions.get::<Granted>().map_or(Actor::Visitor, |granted| granted.actor.clone())
    }
}

/// Names the caller from cookies and headers. Identity implements it.
pub trait Gate: Send + Sync {
    /// `Unauthorized` when a credential was shown that is not (any more) good; a visitor when none was shown.
    fn identify<'a>(&'a self, headers: &'a HeaderMap, peer: IpAddr) -> BoxFuture<'a, Result<Actor>>;

    /// Whether this API key was given this scope.
    fn has_scope<'a>(&'a self, key: ApiKeyId, scope: &'static str) -> BoxFuture<'a, Result<bool>>;
}

/// What [`crate::Routes::into_router`] needs to enforce each route's access.
#[derive(Clone)]
pub struct Admission {
    pub gate: Arc<dyn Gate>,
    pub public_url: WebUrl,
    /// Changes are answered once this says so; `None`: once their handler has answered.
    pub durable: Option<Arc<dyn Durable>>,
}

/// Holds an answer back until what it answers for is kept in a second place, where that is asked for.
pub trait Durable: Send + Sync {
    /// `owner` is the capability whose route has changed something. The change stands, whatever this says.
    fn reached<'a>(&'a self, owner: &'static str) -> BoxFuture<'a, Kept>;
}

/// Whether what an answer stands for is kept in a second place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nobody wants to know.
    NotAsked,
    Reached,
    /// It is on this machine, and will follow.
    Pending,
}

/// What the gate granted to this request: put into its extensions before the handler runs, by this crate only.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub actor: Actor,
    pub rank: Option<Role>,
}

/// A rank as a type, so that a handler's signature says who may call it.
pub trait Rank: Send + Sync + 'static {
    const ROLE: Role;
}

macro_rules! ranks {
    ($($name:ident),+) => {$(
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Rank for $name {
            const ROLE: Role = Role::$name;
        }
    )+};
}

ranks!(Viewer, Member, Admin, Owner);

/// Proof that the route admitted a caller of at least rank `R`. Only this crate can make one.
#[derive(Debug, Clone)]
pub struct By<R> {
    pub actor: Actor,
    rank: PhantomData<R>,
}

impl<S: Send + Sync, R: Rank> FromRequestParts<S> for By<R> {
    type Rejection = Failure;

    /// Fails closed: a handler mounted on a route that grants less than it asks for is our mistake, and answers nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let granted = parts.extensions.get::<Granted>();
        match granted {
            Some(Granted { actor, rank: Some(rank) }) if *rank >= R::ROLE && actor.has_role(R::ROLE) => {
                Ok(By { actor: actor.clone(), rank: PhantomData })
            }
            _ => Err(Error::internal(format!("a handler asks for {} on a route that does not grant it", R::ROLE)).into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        match parts.extensions.get::<Granted>() {
            Some(granted) => Ok(granted.actor.clone()),
            None => Err(Error::internal("a handler asks for the actor on a route without a gate").into()),
        }
    }
}

/// The role the route grants, or why this caller is refused. `has_scope` matters for keys only.
pub(crate) fn decide(access: Access, actor: &Actor, has_scope: bool) -> Result<Option<Role>> {
    let (role, is_api) = match access {
        Access::Anyone | Access::Open => return Ok(None),
        Access::Rank(role) => (role, false),
        Access::Api { role, .. } => (role, true),
    };
    match actor {
        Actor::Visitor if is_api => Err(unauthorized("Please send an API key: “Authorization: Bearer …”.")),
        Actor::Visitor => Err(unauthorized("Please sign in first.")),
        Actor::Key { .. } if !is_api => Err(Error::forbidden("API keys open only the addresses under /api/.")),
        Actor::Key { .. } if !has_scope => {
            Err(Error::forbidden("This API key does not have the scope for this. An admin can make one that has."))
        }
        _ if !actor.has_role(role) => Err(Error::forbidden(format!("This needs the role {role}. Please ask an owner or admin."))),
        _ => Ok(Some(role)),
    }
}

fn unauthorized(sentence: &str) -> Error {
    Error::new(kernel::Kind::Unauthorized, sentence)
}
