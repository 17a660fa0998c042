//! How a program is told to report here: the snippets of the set-up page. Plain text, made of the DSN and the address.

/// What somebody may want to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sdk {
    Browser,
    Node,
    Python,
    Rust,
    Go,
    Php,
    Ruby,
    Other,
}

/// One step of the set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lesson {
    pub title: &'static str,
    pub text: &'static str,
    pub code: String,
}

/// What snippets are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub dsn: &'a str,
    pub public_key: &'a str,
    /// Of this instance, without a slash at the end.
    pub base: &'a str,
    pub project_id: i64,
    pub slug: &'a str,
}

impl Sdk {
    pub const ALL: [Sdk; 8] = [Sdk::Browser, Sdk::Node, Sdk::Python, Sdk::Rust, Sdk::Go, Sdk::Php, Sdk::Ruby, Sdk::Other];

    /// As it is stored with the project.
    pub fn as_str(self) -> &'static str {
        match self {
            Sdk::Browser => "javascript",
            Sdk::Node => "node",
            Sdk::Python => "python",
            Sdk::Rust => "rust",
            Sdk::Go => "go",
            Sdk::Php => "php",
            Sdk::Ruby => "ruby",
            Sdk::Other => "other",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Sdk::Browser => "Browser",
            Sdk::Node => "Node.js",
            Sdk::Python => "Python",
            Sdk::Rust => "Rust",
            Sdk::Go => "Go",
            Sdk::Php => "PHP",
            Sdk::Ruby => "Ruby",
            Sdk::Other => "Any other",
        }
    }

    /// A platform nobody here knows has the general words.
    pub fn of(platform: &str) -> Sdk {
        let known = Sdk::ALL.into_iter().find(|sdk| sdk.as_str() == platform);
        known.unwrap_or(if platform == "browser" { Sdk::Browser } else { Sdk::Other })
    }

    pub fn lessons(self, place: &Place<'_>) -> Vec<Lesson> {
        let lesson = |title, text, code: String| Lesson { title, text, code };
        match self {
            Sdk::Browser => vec![
                lesson(
                    "Install",
                    "React, Vue, Svelte and Angular have packages of their own with the same options.",
                    "npm install @sentry/browser".into(),
                ),
                lesson(
                    "Initialise before anything else",
                    "The release makes regressions and crash-free rates possible.",
                    browser(place.dsn),
                ),
                lesson(
                    "Try it",
                    "In the console of the browser, or anywhere in your code.",
                    "setTimeout(() => { throw new Error(\"Hello from the browser\") })".into(),
                ),
            ],
            Sdk::Node => vec![
                lesson("Install", "", "npm install @sentry/node".into()),
                lesson("Write instrument.mjs", "", node(place.dsn)),
                lesson(
                    "Load it first",
                    "Express, Fastify, Koa and the database drivers are traced by themselves.",
                    "node --import ./instrument.mjs app.mjs".into(),
                ),
                lesson("Try it", "", "setTimeout(() => { throw new Error(\"Hello from Node.js\") })".into()),
            ],
            Sdk::Python => vec![
                lesson(
                    "Install",
                    "Django, Flask, FastAPI, Celery and SQLAlchemy are found by themselves.",
                    "pip install --upgrade sentry-sdk".into(),
                ),
                lesson("Initialise at the start", "", python(place.dsn)),
                lesson("Try it", "", "1 / 0".into()),
            ],
            Sdk::Rust => vec![
                lesson("Add the crate", "", "cargo add sentry".into()),
                lesson("Initialise in main", "The guard sends what is left when it is dropped: keep it until the end.", rust(place.dsn)),
            ],
            Sdk::Go => vec![
                lesson("Add the module", "", "go get github.com/getsentry/sentry-go".into()),
                lesson("Initialise in main", "", go(place.dsn)),
            ],
            Sdk::Php => vec![
                lesson(
                    "Install",
                    "Laravel and Symfony have packages of their own with the same DSN.",
                    "composer require sentry/sentry".into(),
                ),
                lesson("Initialise", "", format!("\\Sentry\\init([\n    'dsn' => '{}',\n    'traces_sample_rate' => 1.0,\n]);", place.dsn)),
            ],
            Sdk::Ruby => vec![
                lesson("Install", "With Rails also sentry-rails.", "bundle add sentry-ruby".into()),
                lesson(
                    "Initialise",
                    "",
                    format!("Sentry.init do |config|\n  config.dsn = \"{}\"\n  config.traces_sample_rate = 1.0\nend", place.dsn),
                ),
            ],
            Sdk::Other => vec![
                lesson(
                    "Give the SDK this DSN",
                    "Any Sentry SDK will do; most read it from the environment.",
                    format!("SENTRY_DSN={}", place.dsn),
                ),
                lesson("Try it without an SDK", "This reports one message.", curl(place)),
            ],
        }
    }
}

fn browser(dsn: &str) -> String {
    format!(
        "import * as Sentry from \"@sentry/browser\";\n\nSentry.init({{\n  dsn: \"{dsn}\",\n  release: \"shop@1.0.0\",\n  environment: \"production\",\n  \
         integrations: [Sentry.browserTracingIntegration()],\n  tracesSampleRate: 1.0,\n}});"
    )
}

fn node(dsn: &str) -> String {
    format!(
        "import * as Sentry from \"@sentry/node\";\n\nSentry.init({{\n  dsn: \"{dsn}\",\n  release: \"api@1.0.0\",\n  environment: \"production\",\n  \
         tracesSampleRate: 1.0,\n}});"
    )
}

fn python(dsn: &str) -> String {
    format!(
        "import sentry_sdk\n\nsentry_sdk.init(\n    dsn=\"{dsn}\",\n    release=\"api@1.0.0\",\n    environment=\"production\",\n    \
         traces_sample_rate=1.0,\n    enable_logs=True,\n)"
    )
}

fn rust(dsn: &str) -> String {
    format!(
        "fn main() {{\n    let options = sentry::ClientOptions::new()\n        .dsn(\"{dsn}\")\n        .maybe_release(sentry::release_name!())\n        \
         .traces_sample_rate(1.0);\n    let _guard = sentry::init(options);\n    sentry::capture_message(\"Hello from Rust\", sentry::Level::Error);\n}}"
    )
}

fn go(dsn: &str) -> String {
    format!(
        "err := sentry.Init(sentry.ClientOptions{{\n\tDsn:              \"{dsn}\",\n\tRelease:          \"api@1.0.0\",\n\tEnableTracing:    true,\n\t\
         TracesSampleRate: 1.0,\n}})\nif err != nil {{\n\tlog.Fatal(err)\n}}\ndefer sentry.Flush(2 * time.Second)\nsentry.CaptureMessage(\"Hello from Go\")"
    )
}

fn curl(place: &Place<'_>) -> String {
    format!(
        "curl '{}/api/{}/store/?sentry_key={}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"message\": \"Hello from curl\", \"level\": \"error\"}}'",
        place.base, place.project_id, place.public_key
    )
}

/// What is worth connecting besides the SDK itself, whichever it is.
pub(crate) fn extras(place: &Place<'_>) -> Vec<Lesson> {
    let Place { base, project_id, public_key, slug, .. } = *place;
    vec![
        Lesson {
            title: "Source maps and releases with sentry-cli",
            text: "The organisation may be any word. The token is an API key with the scope releases:write, made under Set up, API keys.",
            code: format!(
                "export SENTRY_URL={base}\nexport SENTRY_ORG=hermetic\nexport SENTRY_PROJECT={slug}\nexport SENTRY_AUTH_TOKEN=YOUR-API-KEY\n\
                 sentry-cli sourcemaps inject dist\nsentry-cli sourcemaps upload --release shop@1.0.0 dist"
            ),
        },
        Lesson {
            title: "Jobs that must run (crons)",
            text: "A job reports when it begins and when it ends; an SDK can do the same. One that is late or fails opens an outage.",
            code: format!(
                "curl '{base}/api/{project_id}/cron/nightly-export/{public_key}/?status=in_progress'\n./export.sh && s=ok || s=error\n\
                 curl \"{base}/api/{project_id}/cron/nightly-export/{public_key}/?status=$s\""
            ),
        },
        Lesson {
            title: "OpenTelemetry without an SDK of Sentry's",
            text: "Traces and logs over OTLP/HTTP, as protobuf or JSON.",
            code: format!(
                "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT={base}/api/{project_id}/integration/otlp/v1/traces\n\
                 OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={base}/api/{project_id}/integration/otlp/v1/logs\n\
                 OTEL_EXPORTER_OTLP_HEADERS=x-sentry-auth=Sentry%20sentry_key%3D{public_key}"
            ),
        },
        Lesson {
            title: "Reports of browsers about your policies",
            text: "Add this to your Content-Security-Policy; what it blocks becomes issues.",
            code: format!("report-uri {base}/api/{project_id}/security/?sentry_key={public_key}"),
        },
    ]
}
