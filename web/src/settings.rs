//! What the user of this browser has chosen, kept in the browser's storage.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;

/// Where the choice about development setups is stored. Under the name before, browsers have stored a default.
const DEVELOPMENT: &str = "development-setups";

/// The theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All themes, with the names they are stored and shown under.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] =
        [(Self::System, "system", "as the system"), (Self::Light, "light", "light"), (Self::Dark, "dark", "dark")];
}

/// The choices; every part of the page reads them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How numbers are written.
    pub numbers: RwSignal<Numbers>,
    /// The theme.
    pub theme: RwSignal<Theme>,
    /// Whether a proof that rests on a development setup is accepted; not unless the user says so.
    pub allow_development: RwSignal<bool>,
}

impl Settings {
    /// Reads the stored choices and writes back every change.
    pub(crate) fn provide() -> Self {
        let theme = read("theme");
        let settings = Self {
            numbers: RwSignal::new(Numbers::from_key(&read("numbers"))),
            theme: RwSignal::new(
                Theme::ALL.iter().find(|entry| entry.1 == theme).map_or(Theme::System, |entry| entry.0),
            ),
            allow_development: RwSignal::new(read(DEVELOPMENT) == "accept"),
        };
        Effect::new(move || write("numbers", settings.numbers.get().key()));
        Effect::new(move || {
            write(DEVELOPMENT, if settings.allow_development.get() { "accept" } else { "refuse" });
        });
        Effect::new(move || {
            let theme = settings.theme.get();
            let key = Theme::ALL.iter().find(|entry| entry.0 == theme).map_or("system", |entry| entry.1);
            write("theme", key);
            if let Some(root) = document().document_element() {
                let _ = match theme {
                    Theme::System => root.remove_attribute("data-theme"),
                    _ => root.set_attribute("data-theme", key),
                };
            }
        });
        provide_context(settings);
        settings
    }

    /// The settings of the page.
    pub(crate) fn get() -> Self {
        expect_context()
    }
}

/// How numbers are written, as a value that changes with the setting.
pub(crate) fn numbers() -> Numbers {
    Settings::get().numbers.get()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// A stored choice, empty if there is none or storage is switched off.
pub(crate) fn read(key: &str) -> String {
    storage().and_then(|storage| storage.get_item(&format!("vouch.{key}")).ok().flatten()).unwrap_or_default()
}

/// Stores a choice; without storage it holds until the page is left.
pub(crate) fn write(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(&format!("vouch.{key}"), value);
    }
}
