//! Random bytes.

/// 32 random bytes of this browser.
pub(crate) fn random() -> [u8; 32] {
    let array = js_sys::Uint8Array::new_with_length(32);
    let crypto = leptos::prelude::window().crypto().expect("every browser with WebAssembly has it");
    crypto.get_random_values_with_array_buffer_view(&array).expect("32 bytes are not too many");
    let mut bytes = [0; 32];
    array.copy_to(&mut bytes);
    bytes
}
