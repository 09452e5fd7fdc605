//! Texts put together and taken apart. The standard library's own ways, which can do more, are some 6 KB of wasm.

use alloc::string::String;

/// `parts`, one after the other.
#[must_use]
pub fn join(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// `number` in decimal digits.
#[must_use]
pub fn decimal(mut number: u64) -> String {
    let mut text = String::new();
    loop {
        text.insert_str(0, digit(number % 10));
        number /= 10;
        if number == 0 {
            return text;
        }
    }
}

/// 64-bit FNV-1a in hexadecimal. Names things; protects nothing.
#[must_use]
pub fn hash(text: &str) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut text = String::new();
    for _ in 0..16 {
        text.push_str(digit(sum >> 60));
        sum <<= 4;
    }
    text
}

/// What stands before the first `separator`, and what stands after it. The separator is ASCII.
#[must_use]
pub fn cut(text: &str, separator: u8) -> (&str, Option<&str>) {
    for (place, byte) in text.bytes().enumerate() {
        if byte == separator {
            return (text.get(..place).unwrap_or(text), text.get(place + 1..));
        }
    }
    (text, None)
}

/// Whether `text` has `range.0` to `range.1` bytes, all ASCII letters, digits or of `others`.
pub(crate) fn is_name(text: &str, (least, most): (usize, usize), others: &[u8]) -> bool {
    let mut fits = least <= text.len() && text.len() <= most;
    for byte in text.bytes() {
        // Bytes are few here; the library's `contains` would bring its search by words of memory.
        let mut is_other = false;
        for other in others {
            is_other |= byte == *other;
        }
        fits &= byte.is_ascii_alphanumeric() || is_other;
    }
    fits
}

fn digit(value: u64) -> &'static str {
    const DIGITS: &str = "0123456789abcdef";
    #[expect(clippy::cast_possible_truncation, reason = "callers give less than 16")]
    let place = value as usize;
    DIGITS.get(place..=place).unwrap_or_default()
}
