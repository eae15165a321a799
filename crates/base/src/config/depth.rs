//! How many parts a dotted TOML key may have.

use std::ops::Range;

/// Most parts of a key. Each is a table inside the one before, and what walks over tables calls
/// itself: a key of thousands would take the stack.
const MAX_PARTS: usize = 32;

/// The place of the first key of too many parts. Strings and comments are passed over; a number
/// has one point at most.
pub(super) fn too_deep(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut start, mut points) = (0, 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = after_string(bytes, at);
                continue;
            }
            b'#' => {
                at +=
                    bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            b'\n' | b'=' | b',' | b'[' | b']' | b'{' | b'}' => (start, points) = (at + 1, 0),
            b'.' => {
                points += 1;
                if points >= MAX_PARTS {
                    return Some(start..at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a string that begins at `at` ends: at its quotes, or, of one line, with the line.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let long = bytes[at..].starts_with(&[quote; 3]);
    let mut next = at + if long { 3 } else { 1 };
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'\n' if !long => return next,
            b'\\' if quote == b'"' && (long || bytes.get(next + 1) != Some(&b'\n')) => next += 1,
            _ if *byte == quote && !long => return next + 1,
            _ if long && bytes[next..].starts_with(&[quote; 3]) => {
                // Up to two quotes may stand before the three that end it.
                next += 3;
                let more = bytes[next..].iter().take(2).take_while(|byte| **byte == quote).count();
                return next + more;
            }
            _ => {}
        }
        next += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_and_words_are_not() {
        let parts = |count: usize| vec!["a"; count].join(".");
        assert_eq!(too_deep(&format!("{} = 1", parts(32))), None);
        assert!(too_deep(&format!("{} = 1", parts(33))).is_some());
        assert!(too_deep(&format!("x = 1\n[{}]", parts(80_000))).is_some());
        assert!(too_deep(&format!("x = {{ {} = 1 }}", vec!["\"a.b\""; 40].join(" . "))).is_some());
        let dots = ".".repeat(100);
        for text in [
            format!("a = \"{dots}\""),
            format!("a = '{dots}'"),
            format!("a = \"\"\"{dots}\n{dots}\"{dots}\"\"\"\"\""),
            format!("a = \"\\\"{dots}\""),
            format!("# {dots}\na = 1"),
            format!("a = [{}]", vec!["1.5"; 100].join(", ")),
        ] {
            assert_eq!(too_deep(&text), None, "{text}");
        }
        // A string that does not end does not hide the next line.
        assert!(too_deep(&format!("a = \"x\n{} = 1", parts(40))).is_some());
    }
}
