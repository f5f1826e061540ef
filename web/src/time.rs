//! Moments, in the time zone of the browser.

/// A moment as `2026-11-23 22:15:03`, in the time zone of the browser.
pub(crate) fn moment(unix_ms: f64) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(unix_ms));
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

/// The time of day of a moment, `22:15:03`.
pub(crate) fn clock(unix_ms: f64) -> String {
    moment(unix_ms).split_off(11)
}
