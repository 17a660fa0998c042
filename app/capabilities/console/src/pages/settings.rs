//! The settings: one card per section, each saved for itself.

use capability::SettingKind;
use capability::settings::ON;
use frontend::prelude::*;

use crate::model::settings::{Field, Sheet, is_secret, kept_name};

/// `told` stands above all sections: what the mail server answered.
pub(crate) fn show(sheets: &[Sheet], told: Option<(Tone, String)>) -> View {
    let head = PageHead {
        title: "Settings",
        lead: "Each section is saved for itself. Every change is noted in the audit log.",
        ..PageHead::default()
    };
    let told = told.map_or_else(|| ().into_any(), |(tone, sentence)| notice(tone, &sentence));
    let jump = |sheet: &Sheet| Tab { label: sheet.section.title, href: Href::anchor(sheet.owner), ..Tab::default() };
    let sections: Vec<Tab<'_>> = sheets.iter().map(jump).collect();
    let mut views = vec![page_head(head), told, tabs("Sections", &sections)];
    views.extend(sheets.iter().map(sheet));
    stack(views)
}

/// One section whose form could not be taken: alone, so that what is wrong is in sight.
pub(crate) fn show_errors(wrong: &Sheet) -> View {
    let title = format!("{} is not saved yet", wrong.section.title);
    let head = PageHead {
        title: &title,
        lead: "Please correct what is marked. Nothing you typed is lost.",
        trail: vec![("Settings", "/console/settings".into())],
        ..PageHead::default()
    };
    stack(vec![page_head(head), sheet(wrong)])
}

fn sheet(sheet: &Sheet) -> View {
    let fields = Fields::within(sheet.owner, &sheet.errors);
    let mut body = vec![fields.summary()];
    body.extend(sheet.fields.iter().flat_map(|field| draw(&fields, field)));
    let title = sheet.section.title;
    let label = format!("Save {title}");
    body.push(submit_row(&SubmitRow { label: &label, ..SubmitRow::default() }));
    let saving = form(Form { action: format!("/console/settings/{}", sheet.owner).into(), ..Form::default() }, body);
    let stored: Vec<View> = sheet
        .fields
        .iter()
        .filter(|field| is_secret(field.setting) && field.is_set)
        .map(|field| clear_button(sheet.owner, field))
        .collect();
    let clearing = if stored.is_empty() { ().into_any() } else { actions(stored) };
    let mut acts = Vec::new();
    if sheet.owner == "outbound" {
        acts.push(post_button("/console/settings/outbound/test-mail", "Send a test mail to me", Look::Plain));
    }
    let owner = sheet.owner;
    let shown = card(Card { title, lead: sheet.section.about, actions: acts, ..Card::default() }, stack(vec![saving, clearing]));
    view! { <div id=owner>{shown}</div> }.into_any()
}

fn clear_button(owner: &str, field: &Field) -> View {
    let label = format!("Clear “{}”", field.setting.label);
    let question = "The stored secret is forgotten; what needs it stops working until you enter a new one.";
    confirm_button(&ConfirmButton {
        label: &label,
        question,
        confirm: "Clear it",
        action: format!("/console/settings/{owner}/clear").into(),
        look: Look::Plain,
        fields: vec![("key", field.setting.key.to_owned())],
    })
}

fn draw(fields: &Fields<'_>, field: &Field) -> Vec<View> {
    let setting = field.setting;
    let (name, label, help, value) = (setting.key, setting.label, setting.help, field.value.as_str());
    let text = TextField { name, label, help, value, ..TextField::default() };
    let view = match setting.kind {
        SettingKind::Text { max } | SettingKind::Capabilities { max } | SettingKind::Checked { max, .. } => {
            fields.text(TextField { max, ..text })
        }
        SettingKind::Lines { max } => fields.text_area(TextArea { name, label, help, value, max, ..TextArea::default() }),
        SettingKind::Number { min, max, unit } => number(fields, field, (min, max, unit)),
        SettingKind::Switch => fields.check_box(CheckBox { name, label, help, is_checked: value == ON }),
        SettingKind::Choice(choices) => {
            let choices: Vec<Choice<'_>> = choices.iter().map(|(stored, label)| Choice::new(stored, label)).collect();
            fields.select(Select { name, label, help, value, choices: &choices, ..Select::default() })
        }
        SettingKind::Secret => return secret(fields, field),
        SettingKind::Zone => fields.text(TextField { placeholder: "Europe/Berlin", max: 60, ..text }),
        SettingKind::Url => fields.text(TextField { kind: TextKind::Url, placeholder: "https://…", max: 2_000, ..text }),
        SettingKind::Email => fields.text(TextField { kind: TextKind::Email, max: 254, ..text }),
        // Not the colour picker: it cannot be left empty.
        SettingKind::Color => fields.text(TextField { placeholder: "#2563eb", max: 7, ..text }),
        SettingKind::Host => fields.text(TextField { max: 253, ..text }),
    };
    vec![view]
}

#[expect(clippy::cast_possible_truncation, reason = "limits of settings are small whole numbers; the store checks them exactly")]
fn number(fields: &Fields<'_>, field: &Field, (min, max, unit): (f64, f64, &str)) -> View {
    let setting = field.setting;
    let is_decimal = min.fract() != 0.0 || max.fract() != 0.0 || setting.default.contains('.');
    fields.number(NumberField {
        name: setting.key,
        label: setting.label,
        value: &field.value,
        help: setting.help,
        unit,
        min: Some(min as i64),
        max: Some(max as i64),
        is_decimal,
        required: true,
    })
}

fn secret(fields: &Fields<'_>, field: &Field) -> Vec<View> {
    let setting = field.setting;
    if field.sealed.is_empty() {
        let drawn =
            SecretField { name: setting.key, label: setting.label, help: setting.help, is_set: field.is_set, ..SecretField::default() };
        return vec![fields.secret(drawn)];
    }
    let help = "What you typed is kept. Leave this empty to use it, or type it again.";
    let drawn = SecretField { name: setting.key, label: setting.label, help, ..SecretField::default() };
    vec![hidden(&kept_name(setting), &field.sealed), fields.secret(drawn)]
}
