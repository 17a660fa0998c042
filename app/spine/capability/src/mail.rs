//! The instance's way to send mail: one setting for alerts, subscribers and everybody else.

use db::Reader;
use kernel::text::{Email, WebUrl};
use kernel::{Error, Result, Sealer};
use outbound::{MailRoute, Mailbox, Tls};

use crate::settings::{self, Section, Setting, SettingKind};

pub const SECTION: Section = Section {
    title: "Mail",
    about: "How this instance sends mail: through your SMTP server or through Resend.",
    fields: &[KIND, FROM, FROM_NAME, SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USERNAME, SMTP_PASSWORD, RESEND_KEY, RESEND_BASE],
};

const KIND: Setting = Setting {
    key: "outbound.mail_kind",
    label: "Send mail by",
    help: "Until one is chosen, notices by mail wait as undelivered.",
    kind: SettingKind::Choice(&[("none", "not at all"), ("smtp", "SMTP"), ("resend", "Resend")]),
    default: "none",
};
const FROM: Setting = Setting {
    key: "outbound.mail_from",
    label: "From address",
    help: "An address your server may send from.",
    kind: SettingKind::Email,
    default: "",
};
const FROM_NAME: Setting = Setting {
    key: "outbound.mail_from_name",
    label: "From name",
    help: "Shown beside the address.",
    kind: SettingKind::Text { max: 80 },
    default: "",
};
const SMTP_HOST: Setting =
    Setting { key: "outbound.smtp_host", label: "SMTP host", help: "Such as smtp.example.com.", kind: SettingKind::Host, default: "" };
const SMTP_PORT: Setting = Setting {
    key: "outbound.smtp_port",
    label: "SMTP port",
    help: "587 with STARTTLS, 465 with TLS.",
    kind: SettingKind::Number { min: 1.0, max: 65_535.0, unit: "" },
    default: "587",
};
const SMTP_TLS: Setting = Setting {
    key: "outbound.smtp_tls",
    label: "Encryption",
    help: "“None” only for a server on this machine.",
    kind: SettingKind::Choice(&[("starttls", "STARTTLS"), ("implicit", "TLS from the start"), ("none", "none")]),
    default: "starttls",
};
const SMTP_USERNAME: Setting = Setting {
    key: "outbound.smtp_username",
    label: "User name",
    help: "Empty for a server that asks for none.",
    kind: SettingKind::Text { max: 200 },
    default: "",
};
const SMTP_PASSWORD: Setting = Setting {
    key: "outbound.smtp_password",
    label: "Password",
    help: "Stored sealed; never shown again.",
    kind: SettingKind::Secret,
    default: "",
};
const RESEND_KEY: Setting = Setting {
    key: "outbound.resend_key",
    label: "Resend API key",
    help: "Stored sealed; never shown again.",
    kind: SettingKind::Secret,
    default: "",
};
const RESEND_BASE: Setting = Setting {
    key: "outbound.resend_base",
    label: "Resend address",
    help: "Only to be changed for a proxy.",
    kind: SettingKind::Url,
    default: "https://api.resend.com",
};

/// Whether a way to send mail is chosen, complete or not.
pub fn is_chosen(r: &Reader<'_>) -> Result<bool> {
    Ok(settings::text(r, &KIND)? != "none")
}

/// `None` while no way is chosen; an error when one is chosen but something is missing.
pub fn route(r: &Reader<'_>, sealer: &Sealer) -> Result<Option<MailRoute>> {
    let kind = settings::text(r, &KIND)?;
    if kind == "none" {
        return Ok(None);
    }
    let email = Email::parse(&settings::text(r, &FROM)?).map_err(|_| missing("a from address"))?;
    let name = Some(settings::text(r, &FROM_NAME)?).filter(|name| !name.is_empty());
    let from = Mailbox { name, email };
    if kind == "resend" {
        let key = settings::secret(r, sealer, &RESEND_KEY)?.ok_or_else(|| missing("the Resend API key"))?;
        return Ok(Some(MailRoute::Resend { api_base: WebUrl::parse(&settings::text(r, &RESEND_BASE)?)?, key, from }));
    }
    let host = settings::text(r, &SMTP_HOST)?;
    if host.is_empty() {
        return Err(missing("the SMTP host"));
    }
    let tls = match settings::text(r, &SMTP_TLS)?.as_str() {
        "implicit" => Tls::Implicit,
        "none" => Tls::None,
        _ => Tls::StartTls,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting's range is 1 to 65,535")]
    let port = settings::number(r, &SMTP_PORT)? as u16;
    let username = settings::text(r, &SMTP_USERNAME)?;
    let password = settings::secret(r, sealer, &SMTP_PASSWORD)?.unwrap_or_default();
    Ok(Some(MailRoute::Smtp { host, port, tls, username, password, from }))
}

fn missing(what: &str) -> Error {
    Error::unavailable(format!("Mail cannot be sent: {what} is missing. Add it under Settings, Mail."))
}
