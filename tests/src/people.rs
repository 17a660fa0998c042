//! The people of a fresh instance: the owner through the set-up page, members through their invitation, programs through a key.

use kernel::Role;

use crate::{Client, Hermetic, process};

pub const OWNER_EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "correct horse battery staple";

/// Makes the first owner through the address the server gave out, and comes back signed in.
pub async fn set_up(served: &Hermetic) -> Client {
    let address = served.setup_url.clone().unwrap_or_else(|| panic!("no set-up address; the log:\n{}", served.log()));
    let client = Client::new(&served.url);
    let page = client.visit(&path_of(&address)).await.expect(200);
    client.submit(&page, &[("name", "Olive Owner"), ("email", OWNER_EMAIL), ("password", PASSWORD)]).await.expect(303);
    client
}

/// Invites a member on the machine and follows the invitation, as that person would.
pub async fn add_member(served: &Hermetic, role: Role) -> Client {
    let email = format!("{role}@example.com");
    let link = process::last_line(
        &served.command(&["member", "add", &email, "--name", role.as_str(), "--role", role.as_str()]),
        "hermetic member add",
    );
    let client = Client::new(&served.url);
    let page = client.visit(&path_of(&link)).await.expect(200);
    client.submit(&page, &[("password", PASSWORD)]).await.expect(303);
    if client.cookie_header().is_empty() {
        client.sign_in(&email, PASSWORD, None).await;
    }
    client
}

/// A key of this role with this one scope, made by the owner in the console.
pub async fn add_key(owner: &Client, role: Role, scope: &str) -> Client {
    let page = owner.visit("/console/keys").await.expect(200);
    let made = owner.submit(&page, &[("name", scope), ("role", role.as_str()), ("scopes", scope)]).await;
    let shown = match made.location().map(ToOwned::to_owned) {
        Some(to) => owner.visit(&to).await,
        None => made,
    };
    let start = shown.text.find("hk_").unwrap_or_else(|| panic!("{} shows no new key", shown.path));
    let key: String =
        shown.text[start..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')).collect();
    Client::with_key(owner.base(), &key)
}

/// The address without scheme and host: the public address of a test instance may name another port than it has.
fn path_of(address: &str) -> String {
    let after = address.split_once("://").map_or(address, |(_, rest)| rest);
    after.find('/').map_or_else(|| "/".to_owned(), |slash| after[slash..].to_owned())
}
