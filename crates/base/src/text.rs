//! Text from files on its way out: to a terminal, a page, a figure, a table.

/// Whether a character does something beside standing there: control characters other than line
/// break and tab, line and paragraph separators, marks that turn the direction of writing, and what
/// XML forbids.
fn acts(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{fffe}' | '\u{ffff}' | '\u{feff}' => true,
        other => other.is_control(),
    }
}

/// The bytes of a text without the mark of byte order that some editors put before it.
#[must_use]
pub fn without_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    bytes
}

/// The text with every character that acts replaced by a blank: a name from a file can then move no
/// cursor, end no comment of a TeX file, and break no XML.
#[must_use]
pub fn harmless(text: String) -> String {
    if text.contains(acts) { text.replace(acts, " ") } else { text }
}

/// A field of a CSV file: quoted where it holds a comma, quote or line break, and led by an
/// apostrophe where a spreadsheet would take it for a formula.
#[must_use]
pub fn csv_field(text: &str) -> String {
    let text = harmless(text.to_owned());
    let text = if is_formula(&text) { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Whether a spreadsheet would compute the text: it begins with a formula's sign, blanks aside, and
/// is no number.
fn is_formula(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['=', '@', '+', '-', '＝', '＠', '＋', '－'])
        && text.trim_end().parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_becomes_a_blank() {
        let text =
            "a\r\\input{x}\r%\u{b}\u{c}\u{85}\u{1b}[2J\u{2028}\u{202e}\u{feff}\u{ffff}b\n\tc é 😀";
        let found = harmless(text.to_owned());
        assert_eq!(found, "a \\input{x} %    [2J    b\n\tc é 😀");
    }

    #[test]
    fn a_mark_of_byte_order_is_left_out() {
        assert_eq!(without_mark(b"\xef\xbb\xbfa".to_vec()), b"a");
        assert_eq!(without_mark(b"a".to_vec()), b"a");
    }

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        assert_eq!(csv_field("plain"), "plain");
        assert_eq!(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_field("=cmd()"), "'=cmd()");
        assert_eq!(csv_field("@a,b"), "\"'@a,b\"");
        assert_eq!(csv_field("a\rb"), "a b");
        assert_eq!(csv_field("+1+cmd()"), "'+1+cmd()");
        assert_eq!(csv_field("-2+3"), "'-2+3");
        assert_eq!(csv_field("\t=1+1"), "'\t=1+1");
        assert_eq!(csv_field("-2.5e-3"), "-2.5e-3");
        assert_eq!(csv_field("a-b"), "a-b");
    }
}
