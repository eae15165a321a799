//! Names of a state dict to names of layers, by pattern.

use std::{collections::BTreeMap, str::FromStr};

/// `from` → `to`: each `*` of `from` takes any run of characters, and the `*`s of `to` are
/// replaced by them in order. `module.*=*` drops a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    from: String,
    to: String,
}

/// Longest pattern and most stars; they bound the work of matching.
const MAX_LENGTH: usize = 256;
const MAX_STARS: usize = 4;

impl Rename {
    /// Checks a pair of patterns.
    ///
    /// # Errors
    /// A pattern is too long, or `to` has more `*` than `from`.
    pub fn new(from: &str, to: &str) -> Result<Self, String> {
        let stars = |text: &str| text.matches('*').count();
        if from.is_empty() || from.len() > MAX_LENGTH || to.len() > MAX_LENGTH {
            return Err(format!("expected a pattern of 1 to {MAX_LENGTH} characters"));
        }
        if stars(from) > MAX_STARS {
            return Err(format!("at most {MAX_STARS} `*` are matched"));
        }
        if stars(to) > stars(from) {
            return Err(format!("`{to}` has more `*` than `{from}`"));
        }
        Ok(Self { from: from.to_owned(), to: to.to_owned() })
    }

    /// Both patterns.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        (&self.from, &self.to)
    }

    /// The new name, if the pattern matches. The first `*` takes as little as it can.
    #[must_use]
    pub fn apply(&self, name: &str) -> Option<String> {
        let mut taken = matched(&self.from, name)?.into_iter();
        let mut parts = self.to.split('*');
        let mut renamed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            renamed.push_str(taken.next().unwrap_or_default());
            renamed.push_str(part);
        }
        Some(renamed)
    }
}

impl FromStr for Rename {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('=').ok_or("expected `FROM=TO`, as `module.*=*`")?;
        Self::new(from, to)
    }
}

/// What each `*` of a pattern takes of a name, in one pass: a fixed part that is found as early as
/// it can be leaves the most for those behind it, so that no other place need be tried.
fn matched<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
    let Some((first, rest)) = pattern.split_once('*') else {
        return (pattern == name).then(Vec::new);
    };
    let (middle, last) = rest.rsplit_once('*').map_or((None, rest), |(m, last)| (Some(m), last));
    let mut left = name.strip_prefix(first)?.strip_suffix(last)?;
    let mut taken = Vec::new();
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let (before, after) = left.split_once(part)?;
        taken.push(before);
        left = after;
    }
    taken.push(left);
    Some(taken)
}

/// New names of all names: the first pattern that matches counts, others stay as they are.
///
/// # Errors
/// Two names become the same.
pub(super) fn renamed<T>(
    tensors: BTreeMap<String, T>,
    renames: &[Rename],
) -> Result<BTreeMap<String, T>, String> {
    let mut found = BTreeMap::new();
    for (name, tensor) in tensors {
        let new = renames.iter().find_map(|rename| rename.apply(&name)).unwrap_or(name.clone());
        if found.insert(new.clone(), tensor).is_some() {
            return Err(format!("two tensors are renamed to `{new}`, one of them `{name}`"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_carry_what_they_matched() {
        let apply = |rename: &str, name: &str| rename.parse::<Rename>().unwrap().apply(name);
        assert_eq!(apply("module.*=*", "module.conv1.weight").unwrap(), "conv1.weight");
        assert_eq!(apply("*.conv.weight=*.weight", "a.b.conv.weight").unwrap(), "a.b.weight");
        assert_eq!(apply("net.*.unit*.w=*-*", "net.x.unit7.w").unwrap(), "x-7");
        assert_eq!(apply("module.*=*", "conv1.weight"), None);
        assert_eq!(apply("exact=other", "exact").unwrap(), "other");
        assert_eq!(apply("*=x", "ü.weight").unwrap(), "x");
        assert_eq!(apply("**a*=*-*-*", "bacad").unwrap(), "-b-cad");
        assert_eq!(apply("ab*ba=*", "aba"), None);
        // Found by fuzzing: such names took hours.
        assert_eq!(apply("*u*u*u*x=*", &"u".repeat(1 << 20)), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "a", "=b", "a=*", "*****=*"] {
            assert!(text.parse::<Rename>().is_err(), "{text}");
        }
        let two = BTreeMap::from([("a.w".to_owned(), 1), ("b.w".to_owned(), 2)]);
        assert!(renamed(two, &["*.w=w".parse().unwrap()]).is_err());
    }
}
