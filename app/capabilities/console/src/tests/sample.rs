//! A small capability that has one of everything the console shows.

use capability::{
    Apply, ApplyContext, Capability, Change, Cx, Diagnosis, Hit, Nav, NavGroup, Routes, Section, Setting, SettingKind, Tile, Verb, Work,
    settings,
};
use db::{Reader, Tx};
use frontend::Tone;
use kernel::{Error, Result, Role};
use web::Access;
use work::Sent;

pub(super) struct Sample;

pub(super) const NAME: Setting =
    Setting { key: "sample.name", label: "Name", help: "", kind: SettingKind::Text { max: 200 }, default: "nobody" };
const LIMIT: Setting = Setting {
    key: "sample.limit",
    label: "Limit",
    help: "How many.",
    kind: SettingKind::Number { min: 1.0, max: 9.0, unit: "s" },
    default: "3",
};
pub(super) const SECRET: Setting = Setting { key: "sample.secret", label: "Token", help: "", kind: SettingKind::Secret, default: "" };
pub(super) const SWITCH: Setting = Setting { key: "sample.switch", label: "Switch", help: "", kind: SettingKind::Switch, default: "on" };
const LINES: Setting = Setting { key: "sample.lines", label: "Lines", help: "", kind: SettingKind::Lines { max: 500 }, default: "" };
const OWNERS: Setting =
    Setting { key: "sample.owners", label: "Owners", help: "", kind: SettingKind::Capabilities { max: 200 }, default: "" };
const FIELDS: &[Setting] = &[NAME, LIMIT, SECRET, SWITCH, LINES, OWNERS];
const NAV: &[Nav] = &[Nav { label: "Samples", path: "/sample", icon: "dot", group: NavGroup::Watch, rank: Role::Viewer }];

/// What hostile input looks like wherever a capability hands text over.
pub(super) const EVIL: &str = r#"<script>alert(1)</script>"'><img src=x onerror=alert(2)>"#;

struct Names;

impl Apply for Names {
    fn section(&self) -> &'static str {
        "sample"
    }

    fn plan(&self, r: &Reader<'_>, _context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let wanted = section.get("name").and_then(toml::Value::as_str).ok_or_else(|| Error::invalid("sample.name is a text."))?;
        let verb = if settings::text(r, &NAME)? == wanted { Verb::Keep } else { Verb::Update };
        Ok(vec![Change { verb, what: "sample name".into(), detail: String::new() }])
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let changes = self.plan(tx, context, section)?;
        let wanted = section.get("name").and_then(toml::Value::as_str).unwrap_or_default();
        settings::set(tx, context.sealer, &NAME, wanted)?;
        Ok(changes)
    }
}

impl Capability for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn routes(&self, routes: &mut Routes) {
        routes.get("/sample", Access::Rank(Role::Viewer), async || "sample");
        routes.get("/api/v1/samples", Access::Api { scope: "sample:read", role: Role::Viewer }, async || "[]");
        routes.post("/api/v1/samples", Access::Api { scope: "sample:write", role: Role::Member }, async || "{}");
    }

    fn work(&self, work: &mut Work) {
        // Refused for good at first, taken when a person has it tried again.
        work.sender("sample.send", async |_: Cx, delivery: work::Delivery| match delivery.attempt {
            1 => Sent::Dead { reason: EVIL.into(), code: Some(410) },
            _ => Sent::Done { code: Some(200), provider_id: None },
        });
        work.job("sample.fail", async |_: Cx, _: work::Job| Err(Error::invalid(EVIL)));
    }

    fn check_settings(&self, r: &Reader<'_>) -> Result<()> {
        let is_at_odds = settings::text(r, &NAME)? == "at odds";
        if is_at_odds { Err(Error::field(NAME.key, "It does not go with the rest.")) } else { Ok(()) }
    }

    fn settings(&self) -> Option<Section> {
        Some(Section { title: "Sample", about: "For tests.", fields: FIELDS })
    }

    fn nav(&self) -> &'static [Nav] {
        NAV
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        let value = settings::text(r, &NAME)?;
        Ok(vec![Tile {
            title: EVIL.into(),
            value,
            note: EVIL.into(),
            href: "/sample".into(),
            tone: Tone::Good,
            spark: vec![1.0, 3.0, 2.0],
        }])
    }

    fn search(&self, _r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        Ok(vec![Hit { kind: "Sample", title: format!("{EVIL}{query}"), note: EVIL.into(), href: "/sample".into() }])
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[&Names]
    }

    fn diagnose(&self, _r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        let told = |tone, advice: &str| Diagnosis { tone, subject: "Samples".into(), finding: EVIL.into(), advice: advice.into() };
        Ok(vec![told(Tone::Warn, "Look at the samples"), told(Tone::Info, "Add your first sample")])
    }
}
