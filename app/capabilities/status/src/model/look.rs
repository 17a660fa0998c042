//! How the page presents itself: name, colour, logo, language, zone. The owner's colour is kept readable on light and dark.
//!
//! Nouns: [`Look`], [`Language`], [`Accent`].

use super::words::words;
use jiff::tz::TimeZone;
use kernel::text::WebUrl;
use kernel::{Error, Result};

words! {
    Language, "The language", {
        En = "en",
        De = "de",
        Fr = "fr",
        Es = "es",
    }
}

impl Language {
    /// Its own name for itself.
    pub fn label(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::De => "Deutsch",
            Language::Fr => "Français",
            Language::Es => "Español",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Look {
    pub name: String,
    pub about: String,
    /// The product's own site; the only outside address on the page.
    pub home: Option<WebUrl>,
    pub accent: Accent,
    /// A small picture as a `data:` address, so that the page stays one request.
    pub logo: Option<Logo>,
    pub language: Language,
    pub zone: TimeZone,
    pub zone_name: String,
    pub shows_responses: bool,
    pub takes_subscribers: bool,
    /// A way to send mail is chosen, so somebody may subscribe by mail.
    pub takes_mail: bool,
}

/// Bytes of a picture that was looked at: at most 8 KB, PNG, JPEG, WebP, GIF or SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

impl Logo {
    pub const LARGEST: usize = 8 * 1024;

    pub fn checked(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > Self::LARGEST {
            return Err(Error::field("logo", "Please give a logo of at most 8 KB: it is sent with every page."));
        }
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_start();
        let kind = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ if text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg")) => "image/svg+xml",
            _ => return Err(Error::field("logo", "Please give the logo as PNG, JPEG, WebP, GIF or SVG.")),
        };
        Ok(Self { kind, bytes })
    }

    pub fn data_url(&self) -> String {
        use base64::Engine as _;
        format!("data:{};base64,{}", self.kind, base64::engine::general_purpose::STANDARD.encode(&self.bytes))
    }
}

/// A colour `#rrggbb`, and its two readable forms: at least 4.5 : 1 on the light and on the dark ground of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    pub light: Rgb,
    pub dark: Rgb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Accent {
    const PAPER: Rgb = Rgb(0xf6, 0xf7, 0xf9);
    const NIGHT: Rgb = Rgb(0x14, 0x18, 0x20);

    pub fn parse(text: &str) -> Result<Self> {
        let colour = Rgb::parse(text)?;
        Ok(Self { light: colour.readable_on(Self::PAPER), dark: colour.readable_on(Self::NIGHT) })
    }
}

impl Default for Accent {
    fn default() -> Self {
        let colour = Rgb(0x1f, 0x5f, 0xbf);
        Self { light: colour.readable_on(Self::PAPER), dark: colour.readable_on(Self::NIGHT) }
    }
}

impl Rgb {
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::field("color", "Please give a colour like #1f5fbf.");
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(wrong)?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong());
        if digits.contains('+') {
            return Err(wrong());
        }
        Ok(Self(part(0)?, part(2)?, part(4)?))
    }

    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// WCAG 2.2 contrast ratio, 1–21.
    pub fn contrast(self, other: Rgb) -> f64 {
        let (mine, theirs) = (self.luminance(), other.luminance());
        (mine.max(theirs) + 0.05) / (mine.min(theirs) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let value = f64::from(part) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// The same hue, moved towards black or white in steps until it can be read on `ground`.
    fn readable_on(self, ground: Rgb) -> Rgb {
        let target = if ground.luminance() > 0.5 { 0.0 } else { 255.0 };
        let mixed = |share: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mix of two bytes is a byte")]
            let mix = |part: u8| (f64::from(part) + (target - f64::from(part)) * share).round() as u8;
            Rgb(mix(self.0), mix(self.1), mix(self.2))
        };
        (0..=20).map(|step| mixed(f64::from(step) / 20.0)).find(|colour| colour.contrast(ground) >= 4.5).unwrap_or_else(|| mixed(1.0))
    }
}
