//! Reads a JSON object field by field and notes everything that is wrong with its form, so that a program learns all
//! of it at once. What the values mean is judged elsewhere.

use std::str::FromStr;

use muster_domain::Code;
use serde_json::{Map, Value};

use super::failure::{Answer, Failure, at};
use crate::errors::ProblemField;

/// Most entries of a list of codes.
const MOST_CODES: usize = 200;
/// Most entries of a list of identities.
const MOST_IDS: usize = 10_000;
/// Longest text looked at; what a field really may hold is less.
const LONGEST_TEXT: usize = 10_000;

/// An object being read.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    left: Map<String, Value>,
    found: Vec<ProblemField>,
}

impl Fields {
    /// Of an object.
    pub fn new(left: Map<String, Value>) -> Self {
        Self { left, found: Vec::new() }
    }

    fn wrong(&mut self, name: &'static str, expected: &str) {
        self.found.push(at(name, Code::WrongType, &[name, expected]));
    }

    /// True when the field was sent.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// Passes over a field.
    pub fn drop(&mut self, name: &str) {
        self.left.remove(name);
    }

    /// Notes a fault at a field.
    pub fn note(&mut self, fault: ProblemField) {
        self.found.push(fault);
    }

    fn checked_text(&mut self, name: &'static str, text: String) -> Option<String> {
        if text.len() > LONGEST_TEXT {
            self.found.push(at(name, Code::TextTooLong, &[name, "10,000"]));
            return None;
        }
        Some(text)
    }

    /// Text that cannot be cleared.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match self.left.remove(name)? {
            Value::String(text) => self.checked_text(name, text),
            _ => {
                self.wrong(name, "text");
                None
            }
        }
    }

    /// Text that `null` clears.
    #[allow(clippy::option_option)] // absent, cleared, set: the three states of a merge patch
    pub fn clearable(&mut self, name: &'static str) -> Option<Option<String>> {
        match self.left.remove(name)? {
            Value::Null => Some(None),
            Value::String(text) => self.checked_text(name, text).map(Some),
            _ => {
                self.wrong(name, "text or null");
                None
            }
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &'static str) -> Option<i64> {
        let number = self.left.remove(name)?.as_i64();
        if number.is_none() {
            self.wrong(name, "a whole number");
        }
        number
    }

    /// A whole number that `null` clears.
    #[allow(clippy::option_option)] // as for `clearable`
    pub fn clearable_number(&mut self, name: &'static str) -> Option<Option<i64>> {
        match self.left.remove(name)? {
            Value::Null => Some(None),
            value => {
                let number = value.as_i64();
                if number.is_none() {
                    self.wrong(name, "a whole number or null");
                }
                number.map(Some)
            }
        }
    }

    /// `true` or `false`.
    pub fn switch(&mut self, name: &'static str) -> Option<bool> {
        let value = self.left.remove(name)?.as_bool();
        if value.is_none() {
            self.wrong(name, "true or false");
        }
        value
    }

    /// One identity.
    pub fn id<T: FromStr>(&mut self, name: &'static str) -> Option<T> {
        let id = self.left.remove(name)?.as_str().and_then(|text| text.parse().ok());
        if id.is_none() {
            self.wrong(name, "an id (UUID)");
        }
        id
    }

    /// Several identities.
    pub fn ids<T: FromStr, C: FromIterator<T>>(&mut self, name: &'static str) -> Option<C> {
        let value = self.left.remove(name)?;
        let list = value.as_array().filter(|l| l.len() <= MOST_IDS);
        let read = list.and_then(|l| l.iter().map(|v| v.as_str().and_then(|t| t.parse().ok())).collect());
        if read.is_none() {
            self.wrong(name, "a list of at most 10,000 ids (UUIDs)");
        }
        read
    }

    /// Several identities, up to a number of the caller's.
    pub fn many_ids<T: FromStr>(&mut self, name: &'static str, most: usize) -> Option<Vec<T>> {
        let value = self.left.remove(name)?;
        let list = value.as_array().filter(|l| l.len() <= most);
        let read = list.and_then(|l| l.iter().map(|v| v.as_str().and_then(|t| t.parse().ok())).collect());
        if read.is_none() {
            self.wrong(name, &format!("a list of at most {most} ids (UUIDs)"));
        }
        read
    }

    /// A list of anything.
    pub fn list(&mut self, name: &'static str) -> Option<Vec<Value>> {
        match self.left.remove(name)? {
            Value::Array(list) => Some(list),
            _ => {
                self.wrong(name, "a list");
                None
            }
        }
    }

    /// True when something is wrong already.
    pub fn is_faulty(&self) -> bool {
        !self.found.is_empty()
    }

    /// Several codes or names.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let value = self.left.remove(name)?;
        let list = value.as_array().filter(|l| l.len() <= MOST_CODES);
        let text = |v: &Value| v.as_str().filter(|t| t.len() <= LONGEST_TEXT).map(str::to_owned);
        let read = list.and_then(|l| l.iter().map(text).collect());
        if read.is_none() {
            self.wrong(name, "a list of at most 200 texts");
        }
        read
    }

    /// An object inside this one; `null` counts as absent only where that changes nothing.
    pub fn object(&mut self, name: &'static str) -> Option<Self> {
        match self.left.remove(name)? {
            Value::Object(map) => Some(Self::new(map)),
            _ => {
                self.wrong(name, "an object");
                None
            }
        }
    }

    /// Notes a field that has to be there.
    pub fn require<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.found.iter().any(|f| f.field.as_deref() == Some(name)) {
            self.found.push(at(name, Code::Required, &[name]));
        }
        value
    }

    /// Ends reading: whatever is left is not a field, or one that cannot be set.
    pub fn end(mut self, read_only: &[&str]) -> Vec<ProblemField> {
        // A body full of nonsense is told so a hundred times, not a hundred thousand times.
        for name in self.left.keys().take(100) {
            let code = if read_only.contains(&name.as_str()) { Code::ReadOnlyField } else { Code::UnknownField };
            let short: String = name.chars().take(100).collect();
            let message = code.sentence().replacen("{}", &short, 1);
            self.found.push(ProblemField { field: Some(short), code: code.as_str().to_owned(), message });
        }
        self.found
    }

    /// Ends reading where nothing else judges the request.
    pub fn close(self, read_only: &[&str]) -> Answer<()> {
        let found = self.end(read_only);
        if found.is_empty() { Ok(()) } else { Err(Failure::fields(found)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        let Value::Object(map) = value else { panic!("an object") };
        Fields::new(map)
    }

    #[test]
    fn every_fault_of_form_is_named_at_its_field() {
        let mut f = fields(json!({"a": 1, "b": "x", "c": [1], "d": null, "e": "no id", "id": 1, "zzz": 1}));
        assert_eq!(f.text("a"), None);
        assert_eq!(f.number("b"), None);
        assert_eq!(f.texts("c"), None);
        assert_eq!(f.switch("d"), None);
        assert_eq!(f.id::<uuid::Uuid>("e"), None);
        let found: Vec<_> = f.end(&["id"]).into_iter().map(|p| (p.field.unwrap(), p.code)).collect();
        let wrong = |n: &str| (n.to_owned(), "wrong_type".to_owned());
        let mut expected: Vec<_> = ["a", "b", "c", "d", "e"].map(wrong).into();
        expected.push(("id".to_owned(), "read_only_field".to_owned()));
        expected.push(("zzz".to_owned(), "unknown_field".to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn absent_null_and_set_are_three_things() {
        let mut f = fields(json!({"cleared": null, "set": "x", "n": null}));
        assert_eq!(f.clearable("absent"), None);
        assert_eq!(f.clearable("cleared"), Some(None));
        assert_eq!(f.clearable("set"), Some(Some("x".to_owned())));
        assert_eq!(f.clearable_number("n"), Some(None));
        assert!(f.end(&[]).is_empty());
    }
}
