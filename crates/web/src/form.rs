//! A submitted form: names and values, in order, several values per name allowed.

/// What a form sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormData(Vec<(String, String)>);

impl FormData {
    /// Reads `application/x-www-form-urlencoded` bytes.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_urlencoded::from_bytes(body).ok().map(Self)
    }

    /// Takes fields that were read elsewhere.
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The same with one value for a name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads a query string; an unreadable one is empty.
    pub fn query(text: Option<&str>) -> Self {
        text.and_then(|t| serde_urlencoded::from_str(t).ok()).map(Self).unwrap_or_default()
    }

    /// The first value of a name, empty when there is none.
    pub fn one(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name, unless it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|v| !v.is_empty())
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// True when the name was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_several_values() {
        let form = FormData::parse("clinic_ids=a&clinic_ids=b&email=x%40y.example&empty=".as_bytes()).unwrap();
        assert_eq!(form.all("clinic_ids").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(form.one("email"), "x@y.example");
        assert_eq!(form.filled("empty"), None);
        assert!(form.has("empty") && !form.has("absent"));
    }
}
