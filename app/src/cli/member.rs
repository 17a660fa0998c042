//! `hermetic member`: people who may sign in, for the day the console cannot be reached.

use anyhow::{Context as _, Result, bail};
use identity::model::Purpose;
use identity::store;
use kernel::Role;
use kernel::text::{Email, checked_line};

use crate::config::Config;
use crate::{boot, ready};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List members
    List,
    /// Print the link that makes the first owner
    SetupLink,
    /// Add a member and print the invitation link
    Add {
        email: String,
        #[arg(long, default_value = "member", value_name = "ROLE")]
        role: String,
        #[arg(long)]
        name: Option<String>,
    },
    /// Print a link with which a member chooses a new password (valid for one hour)
    PasswordLink { email: String },
    /// Remove the second factor of a member who lost the phone and the recovery codes
    ResetSecondFactor { email: String },
    /// Sign a member out everywhere and let nobody in by this address
    Disable { email: String },
    /// Let a disabled member in again
    Enable { email: String },
}

const ACTOR: &str = "command line";

pub async fn run(config: &Config, command: Command) -> Result<()> {
    let (_held, cx) = boot::open_offline(config)?;
    match command {
        Command::List => {
            for member in cx.read(store::list_members).await.map_err(boot::sentence)? {
                let state = if member.disabled_at.is_some() {
                    "disabled"
                } else if member.has_password {
                    "active"
                } else {
                    "invited"
                };
                let factor = if member.has_totp { "second factor" } else { "password only" };
                say!("{}\t{}\t{}\t{state}\t{factor}", member.email, member.name, member.role);
            }
            Ok(())
        }
        Command::SetupLink => match ready::setup_url(&cx).await? {
            Some(link) => {
                say!("{}", link.expose());
                Ok(())
            }
            None => bail!("There is an owner already. `hermetic member password-link ADDRESS` gives one a new start."),
        },
        Command::Add { email, role, name } => add(&cx, &email, &role, name.as_deref()).await,
        Command::PasswordLink { email } => {
            let id = find(&cx, &email).await?;
            let token = cx.write(move |tx| {
                store::audit_as(tx, ACTOR, "identity.member.password_link", &email, "")?;
                store::new_link(tx, id, Purpose::Password)
            });
            say!("{}", cx.link(&format!("/password?token={}", token.await.map_err(boot::sentence)?.expose())));
            Ok(())
        }
        Command::ResetSecondFactor { email } => act(&cx, email, "identity.totp.remove", store::disable_totp).await,
        Command::Disable { email } => act(&cx, email, "identity.member.disable", |tx, id| store::set_disabled(tx, id, true)).await,
        Command::Enable { email } => act(&cx, email, "identity.member.enable", |tx, id| store::set_disabled(tx, id, false)).await,
    }
}

async fn add(cx: &capability::Cx, email: &str, role: &str, name: Option<&str>) -> Result<()> {
    let email = Email::parse(email).map_err(boot::sentence)?;
    let role: Role = role.parse().map_err(boot::sentence)?;
    let name = checked_line(name.unwrap_or(email.as_str()), "a name", 80).map_err(boot::sentence)?;
    let token = cx.write(move |tx| {
        let id = store::insert_member(tx, &store::MemberInsert { email: &email, name: &name, role, password_hash: None })?;
        store::audit_as(tx, ACTOR, "identity.member.create", email.as_str(), role.as_str())?;
        store::new_link(tx, id, Purpose::Invite)
    });
    say!("{}", cx.link(&format!("/join?token={}", token.await.map_err(boot::sentence)?.expose())));
    Ok(())
}

async fn find(cx: &capability::Cx, email: &str) -> Result<kernel::ids::MemberId> {
    let wanted = email.to_owned();
    let member = cx.read(move |r| store::find_member_by_email(r, &wanted)).await.map_err(boot::sentence)?;
    member
        .map(|member| member.id)
        .with_context(|| format!("There is no member with the address {email}. `hermetic member list` shows all."))
}

async fn act(
    cx: &capability::Cx,
    email: String,
    name: &'static str,
    act: impl FnOnce(&mut db::Tx<'_>, kernel::ids::MemberId) -> kernel::Result<()> + Send + 'static,
) -> Result<()> {
    let id = find(cx, &email).await?;
    let done = cx.write(move |tx| {
        act(tx, id)?;
        store::audit_as(tx, ACTOR, name, &email, "")
    });
    done.await.map_err(boot::sentence)?;
    say!("Done.");
    Ok(())
}
