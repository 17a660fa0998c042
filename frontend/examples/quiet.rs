//! Prints the quiet pages, one after the other, each as a document of its own: sign-in, then an error, then a visitors' page.

use frontend::prelude::*;
use frontend::{AssetUrls, Document, ErrorPage};
use kernel::error::FieldError;

#[expect(clippy::print_stdout, reason = "an example prints what it is an example of")]
fn main() {
    let assets = AssetUrls { css: "console.css", own_css: None, js: "console.js", favicon: "favicon.svg" };
    let frame = PlainFrame { product: "Hermetic".to_owned(), assets, ..PlainFrame::default() };
    println!("{}\n\x0c", plain_page(&frame, "Sign in", sign_in()));
    let error = ErrorPage {
        code: 404,
        title: "Not here",
        sentence: "This monitor does not exist (any more).",
        next: "/uptime".into(),
        next_label: "To all monitors",
    };
    println!("{}\n\x0c", error_page(&frame, &error));
    let style = raw_html(r#"<link rel="stylesheet" href="public.css">"#);
    println!(
        "{}",
        document(Document { title: "Acknowledge", head: vec![style], body_class: "plain", ..Document::default() }, acknowledge())
    );
}

fn sign_in() -> View {
    let errors = [FieldError { field: "password".to_owned(), message: "This address and password do not belong together.".to_owned() }];
    let fields = Fields::new(&errors);
    let body = view! {
        {fields.text(TextField { name: "email", label: "E-mail", value: "ada@example.com", kind: TextKind::Email, autocomplete: "username", required: true, ..TextField::default() })}
        {fields.secret(SecretField { name: "password", label: "Password", autocomplete: "current-password", required: true, ..SecretField::default() })}
        {submit_row(&SubmitRow { label: "Sign in", look: Look::Primary, ..SubmitRow::default() })}
    };
    form(Form { action: "/sign-in".into(), ..Form::default() }, body)
}

fn acknowledge() -> View {
    let days: Vec<DayCell> = (0..90)
        .map(|day| DayCell { tone: if day % 31 == 5 { Tone::Bad } else { Tone::Good }, label: format!("Day {day}"), ..DayCell::default() })
        .collect();
    view! {
        <main id="main">
            {notice(Tone::Warn, "API is down since 14:39 UTC.")}
            <div class="card">
                <h1>"Acknowledge this alert?"</h1>
                <p>{state_badge(Tone::Bad, "Critical")}</p>
                {day_bars(&DayBars { label: "API", days: &days, from: "90 days ago", to: "Today", ..DayBars::default() })}
                <p class="muted">"Nobody else is called while you look into it."</p>
                {form(Form { action: "/alerts/ack".into(), ..Form::default() }, submit_row(&SubmitRow { label: "Acknowledge", look: Look::Primary, cancel: "/".into() }))}
            </div>
        </main>
    }
    .into_any()
}
